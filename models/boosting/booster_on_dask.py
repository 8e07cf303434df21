"""Fit the trees on a Dask cluster: every worker on its own rows, all of them the same trees.

The workers speak to one another themselves (LightGBM's data-parallel learner). Early stopping is
safe because each of them has all later rows, so that they all stop after the same tree.
"""

import re
import socket
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import lightgbm as lgb
import numpy as np

from perdura.models.boosting.booster import Examples, booster_text, fit_booster, load_booster
from perdura.models.params import BoosterParams

if TYPE_CHECKING:
    from distributed import Client, Future

# What a booster's text says of where it was grown, as it is on one machine.
_WHERE = {
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
    parts: "Sequence[Future]",
    later: Examples,
    names: list[str],
    params: BoosterParams,
) -> lgb.Booster:
    """As ``fit_booster``, of rows that lie on the workers of a cluster and stay there.

    The trees are not those of one machine to the last bit, since sums are added up in another
    order and bins are found on each worker's rows; they are as good.

    Args:
        client: The cluster.
        parts: Futures of ``Examples``, of the rows to grow the trees on; all with one ``share``.
            Each is fitted on where it lies. Every worker's rows must be of both kinds.
        later: Rows that decide how many trees there are. Every worker gets all of them.
        names: Names of the columns.
        params: How to grow. With ``threads`` 0, as many as each worker has.

    Raises:
        NoSuchCluster: The workers are threads of one process.
    """
    from distributed import wait

    wait(parts)
    placed = _by_worker(client, parts)
    workers = list(placed)
    if any(not worker.startswith(("tcp://", "tls://")) for worker in workers):
        raise NoSuchCluster(
            f"asked to fit on workers {', '.join(workers)}, which share one process; LightGBM "
            "needs a process for each. Start the cluster with processes=True"
        )
    networks = _networks(client, workers)
    params = replace(params, threads=params.threads or _fewest_threads(client, workers))
    # A key of its own: of rows scattered before, the cluster may be letting go just now.
    everywhere = client.scatter(later, broadcast=True, hash=False)
    texts = [
        client.submit(
            _fit_here,
            placed[worker],
            everywhere,
            names,
            params,
            network,
            workers=[worker],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )
        for worker, network in zip(workers, networks, strict=True)
    ]
    grown: list[str] = client.gather(texts)  # pyright: ignore[reportAssignmentType]
    return load_booster(grown[0])


def _fit_here(
    parts: list[Examples],
    later: Examples,
    names: list[str],
    params: BoosterParams,
    network: Mapping[str, object],
) -> str:
    """On a worker: the text of the booster that all of them have grown."""
    past = Examples(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.happened for part in parts]),
        parts[0].share,
    )
    booster = fit_booster(past, later, names, params, network)
    try:
        return _placeless(booster_text(booster))
    finally:
        booster.free_network()


def _placeless(text: str) -> str:
    for name, alone in _WHERE.items():
        text = re.sub(rf"^\[{name}: .*\]$", f"[{name}: {alone}]", text, flags=re.MULTILINE)
    return text


def _by_worker(client: Any, parts: "Sequence[Future]") -> "dict[str, list[Future]]":
    """The parts that each worker fits on, by its address."""
    where = client.who_has(parts)
    placed: dict[str, list[Future]] = defaultdict(list)
    for part in parts:
        placed[min(where[part.key])].append(part)
    return dict(sorted(placed.items()))


def _networks(client: Any, workers: list[str]) -> list[dict[str, object]]:
    """LightGBM's settings of each worker; none where there is one."""
    if len(workers) == 1:
        return [{}]
    ports = client.run(_free_port, workers=workers)
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


def _fewest_threads(client: Any, workers: list[str]) -> int:
    """As many threads everywhere: then a sum is the same everywhere, and all stop together."""
    threads = client.nthreads()
    return min(threads[worker] for worker in workers)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]
