"""Flows and tasks of which Prefect keeps no subscriber's data, whatever they fail with.

Prefect pickles the exception of every failed flow, with all that hangs on it, and writes its text
into its database and logs (`prefect.flow_engine`, `exception_to_failed_state(write_result=True)`).
An exception of a database or of Polars holds rows. So ours end in errors of ours or in a
``StepFailed``, Prefect writes down their type and text alone (JSON), and no result is kept.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, Task, flow, task
from prefect.cache_policies import NO_CACHE

from perdura.flows.orchestration.parent_process import end_with_schedule
from perdura.flows.runtime.without_rows import without_rows

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def private_flow(
    name: str, **options: Any
) -> Callable[[Callable[_Given, _Result]], Flow[_Given, _Result]]:
    """Prefect's ``flow`` decorator; Prefect keeps no subscriber's data of the runs."""
    made = flow(name=name, persist_result=False, result_serializer="json", **options)

    def private(function: Callable[_Given, _Result]) -> Flow[_Given, _Result]:
        safe = without_rows(function)

        @wraps(safe)
        def run(*given: _Given.args, **named: _Given.kwargs) -> _Result:
            end_with_schedule()
            return safe(*given, **named)

        return made(run)

    return private


def private_task(
    function: Callable[_Given, _Result], name: str, **options: Any
) -> Task[_Given, _Result]:
    """A Prefect task; Prefect keeps no subscriber's data of its runs."""
    made = task(
        name=name,
        persist_result=False,
        result_serializer="json",
        cache_policy=NO_CACHE,
        **options,
    )
    return made(without_rows(function))
