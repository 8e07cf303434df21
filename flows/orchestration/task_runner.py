"""Where the parts of a flow are worked on: here, one after the other, or on a cluster."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from perdura.flows.configuration.groups import ComputeSettings
from perdura.flows.orchestration.recorded import Pending, RecordedFlow, records_runs
from perdura.progress import OnProgress

_Result = TypeVar("_Result")


def on_task_runner(
    flow: RecordedFlow[..., _Result], compute: ComputeSettings
) -> Callable[..., _Result]:
    """``flow`` with its steps on the cluster of the settings, or here in turn.

    Here each part uses every core by itself. On a cluster it is Prefect that hands them out.
    """
    if compute.cluster:

        def on_cluster(*arguments: Any) -> _Result:
            from perdura.flows.orchestration.cluster import cluster_runner, one_server

            with one_server():
                run = flow.recorded.with_options(task_runner=cluster_runner(compute))
                return run(*arguments)

        return on_cluster
    if not records_runs():
        return flow
    from prefect.task_runners import ThreadPoolTaskRunner

    pool: Any = ThreadPoolTaskRunner  # the type of its futures is left open
    return flow.recorded.with_options(task_runner=pool(max_workers=1))


def gather_results(
    pending: Sequence[Pending[_Result]], on_progress: OnProgress, what: str
) -> list[_Result]:
    """What each part gave, in order, saying how many are done.

    Raises:
        Exception: The first that a part raised; what had not begun is given up.
    """
    results: list[_Result] = []
    for done, part in enumerate(pending):
        on_progress(done, len(pending), f"{what}, part {done + 1} of {len(pending)}")
        results.append(part.result())
    return results
