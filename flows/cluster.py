"""Many machines: the workers of a Dask cluster, this machine's or somebody else's."""

from typing import Any

from prefect.task_runners import TaskRunner

from flows.settings import Settings

#: One core for each worker: the parts are what runs side by side, not the loops in them.
ALONE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


class NoCluster(RuntimeError):
    """A cluster was asked for, and what it takes is not installed."""


def cluster_runner(settings: Settings) -> TaskRunner[Any]:
    """Prefect's runner on the cluster of the settings: ``local``, or the address of a scheduler.

    Raises:
        NoCluster: Dask is not installed.
    """
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise NoCluster(
            f"asked to work on the cluster {settings.cluster!r}, and Dask is not installed; "
            "install perdura[cluster]"
        ) from error
    if settings.cluster != "local":
        return DaskTaskRunner(address=settings.cluster)
    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": settings.workers,
            "threads_per_worker": 1,
            "dashboard_address": None,
            "env": ALONE,
        }
    )
