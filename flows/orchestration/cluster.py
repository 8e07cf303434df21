"""Many machines: the workers of a Dask cluster, on this machine or elsewhere."""

import logging
import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import TaskRunner

from perdura.flows.configuration.groups import ComputeSettings

#: One core for each worker: the parts are what runs side by side, not the loops in them.
ALONE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}


class NoCluster(RuntimeError):
    """A cluster was asked for, and what it takes is not installed."""


def cluster_runner(compute: ComputeSettings) -> TaskRunner[Any]:
    """Prefect's runner on the cluster of the settings: ``local``, or the address of a scheduler.

    Workers elsewhere are started elsewhere; they do best with the environment ``ALONE`` and
    one thread, one for each core.

    Raises:
        NoCluster: Dask is not installed.
    """
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise NoCluster(
            f"asked to work on the cluster {compute.cluster!r}, and Dask is not installed;"
            " install perdura[cluster]"
        ) from error
    logging.getLogger("distributed").setLevel(logging.ERROR)  # it tells of every connection
    if compute.cluster != "local":
        return DaskTaskRunner(address=compute.cluster)
    here: Any = workers_here  # a cluster's class for all that the runner asks of it
    return DaskTaskRunner(cluster_class=here, cluster_kwargs={"workers": compute.workers})


@contextmanager
def workers_here(workers: int) -> Generator[Any]:
    """Worker processes on this machine, each on one core; other machines cannot reach them."""
    from distributed import LocalCluster

    local_cluster: Any = LocalCluster  # synchronous here, where its type may be either

    with (
        _environment(ALONE),
        local_cluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            # Its small HTTP server stays within this machine too, and has no dashboard.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.ERROR,
            env=ALONE,
        ) as cluster,
    ):
        yield cluster


def one_server() -> AbstractContextManager[Any]:
    """Tell workers where Prefect's server is: they would each start one of their own."""
    with get_client(sync_client=True) as client:
        return temporary_settings({PREFECT_API_URL: str(client.api_url).rstrip("/")})


@contextmanager
def _environment(values: dict[str, str]) -> Generator[None]:
    """``told`` in the environment, which then is what it was, whatever Dask has added to it.

    A worker must know how many threads to use before its first import, and one that replaces
    another later too. Here nothing may stay: LightGBM would be fitted on one core.
    """
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
