"""Fit the trees on a Dask cluster: every worker grows the same trees on its own rows.

The workers exchange histograms themselves (LightGBM's data-parallel learner). Early stopping is
safe because each worker has all later rows, so that all stop after the same tree.
"""

import re
import socket
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlparse

import lightgbm as lgb
import numpy as np

from perdura.models.boosting.booster import Examples, booster_text, fit_booster, load_booster
from perdura.models.params import BoosterParams

if TYPE_CHECKING:
    from distributed import Client, Future

# The entries of a booster's text that depend on the cluster, as one machine writes them.
_ONE_MACHINE = {
    "tree_learner": "serial",
    "pre_partition": "0",
    "machines": "",
    "num_machines": "1",
    "local_listen_port": "12400",
    "time_out": "120",
}
# Minutes that workers wait for one that does not answer.
_PATIENCE = 2


class NoSuchCluster(ValueError):
    """The workers cannot grow trees together. Nothing was fitted."""


def fit_booster_on_cluster(
    client: "Client",
    parts: "Sequence[Future[Examples]]",
    later: Examples,
    names: list[str],
    params: BoosterParams,
) -> lgb.Booster:
    """As ``fit_booster``, on rows that stay on the workers of a cluster.

    The trees differ from those of one machine in the last bits: sums are added in another order,
    and bins are found on each worker's rows. They are as good.

    Args:
        client: The cluster.
        parts: Futures of the rows to grow the trees on; all with one ``share``. Each is fitted
            on the worker that holds it. Every worker needs rows with and without the outcome.
        later: Rows that decide the number of trees. Every worker gets all of them.
        names: Names of the columns.
        params: How to grow. ``threads`` 0: as many as each worker has.

    Raises:
        NoSuchCluster: The workers are threads of one process.
    """
    import distributed

    cluster: Any = client  # Dask declares its types only in part
    cast("Any", distributed).wait(parts)
    parts_by_worker = _by_worker(cluster, parts)
    workers = list(parts_by_worker)
    if any(not worker.startswith(("tcp://", "tls://")) for worker in workers):
        raise NoSuchCluster(
            f"asked to fit on workers {', '.join(workers)}, which share one process; LightGBM "
            "needs a process for each. Start the cluster with processes=True"
        )
    # The same number of threads everywhere: then sums are equal, and all workers stop together.
    threads = cluster.nthreads()
    fewest = min(threads[worker] for worker in workers)
    params = replace(params, threads=params.threads or fewest)
    # A key of its own: the cluster may be releasing rows that were scattered before.
    later_everywhere = cluster.scatter(later, broadcast=True, hash=False)
    texts = [
        cluster.submit(
            _fit_on_worker,
            parts_by_worker[worker],
            later_everywhere,
            names,
            params,
            network,
            workers=[worker],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )
        for worker, network in zip(workers, _networks(cluster, workers), strict=True)
    ]
    return load_booster(cluster.gather(texts)[0])


def _fit_on_worker(
    parts: list[Examples],
    later: Examples,
    names: list[str],
    params: BoosterParams,
    network: Mapping[str, object],
) -> str:
    """The text of the booster that all workers have grown, as one machine would write it."""
    past = Examples(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.happened for part in parts]),
        parts[0].share,
    )
    booster = fit_booster(past, later, names, params, network)
    try:
        text = booster_text(booster)
        for name, value in _ONE_MACHINE.items():
            text = re.sub(rf"^\[{name}: .*\]$", f"[{name}: {value}]", text, flags=re.MULTILINE)
        return text
    finally:
        booster.free_network()


def _by_worker(
    cluster: Any, parts: "Sequence[Future[Examples]]"
) -> "dict[str, list[Future[Examples]]]":
    """The parts that each worker fits on, by its address."""
    holders = cluster.who_has(parts)
    found: dict[str, list[Future[Examples]]] = defaultdict(list)
    for part in parts:
        found[min(holders[part.key])].append(part)
    return dict(sorted(found.items()))


def _networks(cluster: Any, workers: list[str]) -> list[dict[str, object]]:
    """LightGBM's network settings of each worker; empty for a single worker."""
    if len(workers) == 1:
        return [{}]
    ports = cluster.run(_free_port, workers=workers)
    machines = [f"{urlparse(worker).hostname}:{ports[worker]}" for worker in workers]
    return [
        {
            "tree_learner": "data",
            "pre_partition": True,
            "machines": ",".join(machines),
            "num_machines": len(machines),
            "local_listen_port": ports[worker],
            "time_out": _PATIENCE,
        }
        for worker in workers
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
