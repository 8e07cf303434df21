"""Flows and tasks of which Prefect keeps no subscriber's data, whatever they fail with.

Prefect pickles the exception of every failed flow, with all that hangs on it, and writes its text
into its database and logs (`prefect.flow_engine`, `exception_to_failed_state(write_result=True)`).
An exception of a database or of Polars holds rows. So ours end in errors of ours or in a
``StepFailed``, Prefect writes down their type and text alone (JSON), and no result is kept.
"""

import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, Task, flow, task
from prefect.cache_policies import NO_CACHE

from perdura.flows.orchestration.parent_process import end_with_schedule
from perdura.flows.runtime.safe_text import OURS, safe_text

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

# Their texts name settings, files, addresses and Prefect's own runs.
_PASS = ("prefect", "pydantic_core")


class StepFailed(RuntimeError):
    """A step failed with an error of a library, whose text may hold subscribers' data."""


def private_flow(
    name: str, **options: Any
) -> Callable[[Callable[_Given, _Result]], Flow[_Given, _Result]]:
    """Prefect's ``flow`` decorator, of whose runs no subscriber's data is kept."""
    made = flow(name=name, persist_result=False, result_serializer="json", **options)
    return lambda function: made(_with_schedule(without_rows(function)))


def _with_schedule(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The function, in a process that ends with the schedule that has started it."""

    @wraps(function)
    def run(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        end_with_schedule()
        return function(*given, **named)

    return run


def private_task(
    function: Callable[_Given, _Result], name: str, **options: Any
) -> Task[_Given, _Result]:
    """A Prefect task, of whose runs no subscriber's data is kept."""
    made = task(
        name=name,
        persist_result=False,
        result_serializer="json",
        cache_policy=NO_CACHE,
        **options,
    )
    return made(without_rows(function))


def without_rows(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The function, whose errors carry neither rows nor parameters nor the errors they came from.

    The frames of the traceback stay: they are lines of code.
    """

    @wraps(function)
    def run(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        try:
            return function(*given, **named)
        except Exception as error:
            raise cleaned(error).with_traceback(error.__traceback__) from None

    return run


def cleaned(error: Exception) -> Exception:
    """The error itself where it is one of ours, else a ``StepFailed`` that says where it arose."""
    if isinstance(error, ExceptionGroup):
        return _alone(error.derive([cleaned(each) for each in error.exceptions]))
    if _may_pass(error):
        return _alone(error)
    return _alone(StepFailed(f"{type(error).__name__} {_place(error)}: {safe_text(error)}"))


def _may_pass(error: Exception) -> bool:
    module = type(error).__module__
    is_of_a_file = module == "builtins" and isinstance(error, OSError)
    return is_of_a_file or module.split(".")[0] in (*OURS, *_PASS)


def _is_ours(module: str) -> bool:
    return module != __name__ and module.split(".", maxsplit=1)[0] in OURS


def _alone(error: Exception) -> Exception:
    """Without the error that it came from and without notes, which tracebacks print."""
    error.__cause__, error.__suppress_context__ = None, True
    error.__dict__.pop("__notes__", None)
    return error


def _place(error: Exception) -> str:
    """The innermost line of ours, e.g. ``in risk/publish/publish.py, line 40``."""
    frames = traceback.walk_tb(error.__traceback__)
    named = [(str(frame.f_globals.get("__name__")), line) for frame, line in frames]
    ours = [(name, line) for name, line in named if _is_ours(name)]
    if not ours:
        return "outside of our code"
    module, line = ours[-1]
    return f"in {module.replace('.', '/')}.py, line {line}"
