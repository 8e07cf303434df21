"""Errors without subscribers' rows: what a library says of its failure may hold some."""

import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from perdura.flows.runtime.safe_text import is_ours, safe_text

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

# Their texts name settings, files, addresses and Prefect's own runs.
_PASS = ("prefect", "pydantic_core")

_ROOT = "perdura."


class StepFailed(RuntimeError):
    """A step failed with a library's error; its own text may hold subscribers' data."""


def without_rows(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The function; its errors carry neither rows nor parameters nor the errors before them.

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
        group = cast("ExceptionGroup[Exception]", error)
        return _alone(group.derive([cleaned(inner) for inner in group.exceptions]))
    module = type(error).__module__
    is_of_a_file = module == "builtins" and isinstance(error, OSError)
    if is_of_a_file or is_ours(error) or module.split(".")[0] in _PASS:
        return _alone(error)
    return _alone(StepFailed(f"{type(error).__name__} {_place(error)}: {safe_text(error)}"))


def _alone(error: Exception) -> Exception:
    """Without the error that it came from and without notes, which tracebacks print."""
    error.__cause__, error.__suppress_context__ = None, True
    error.__dict__.pop("__notes__", None)
    return error


def _place(error: Exception) -> str:
    """The innermost line of ours, e.g. ``in risk/publish/publish.py, line 40``."""
    frames = traceback.walk_tb(error.__traceback__)
    named = [(str(frame.f_globals.get("__name__")), line) for frame, line in frames]
    ours = [(name, line) for name, line in named if name.startswith(_ROOT) and name != __name__]
    if not ours:
        return "outside of our code"
    module, line = ours[-1]
    return f"in {module.removeprefix(_ROOT).replace('.', '/')}.py, line {line}"
