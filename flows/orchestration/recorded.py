"""Flows and steps are plain functions; Prefect records their runs where it has a server.

Run by hand without a server they start at once. Where ``PREFECT_API_URL`` names one, or a
scheduled run calls them, Prefect wraps them and shows each run on its pages.
"""

import sys
from collections.abc import Callable, Mapping
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, cast

from perdura.flows.orchestration.prefect_setup import setting_of
from perdura.flows.runtime.without_rows import without_rows

if TYPE_CHECKING:
    from prefect import Flow, Task

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_Outcome_co = TypeVar("_Outcome_co", covariant=True)


class Pending(Protocol[_Outcome_co]):
    """What a submitted step will give."""

    def result(self) -> _Outcome_co:
        """Wait for it. Raises what the step raised."""
        ...


def records_runs() -> bool:
    """Whether Prefect records what is run now."""
    return bool(setting_of("PREFECT_API_URL")) or _in_recorded_flow()


class RecordedFlow(Generic[_Given, _Result]):
    """A flow: its function, which Prefect wraps where it records runs.

    Attributes:
        recorded: The same as a flow of Prefect's; Prefect is imported when it is first read.
    """

    def __init__(
        self, function: Callable[_Given, _Result], name: str, options: Mapping[str, Any]
    ) -> None:
        self._function, self._name, self._options = function, name, options
        update_wrapper(self, function)

    def __call__(self, *given: _Given.args, **named: _Given.kwargs) -> _Result:
        """Run it."""
        run = self.recorded if records_runs() else without_rows(self._function)
        return run(*given, **named)

    @cached_property
    def recorded(self) -> "Flow[_Given, _Result]":
        """As Prefect's flow."""
        from perdura.flows.orchestration.private_runs import private_flow

        return private_flow(self._name, **self._options)(self._function)


class RecordedStep(Generic[_Given, _Result]):
    """A step of a flow: its function, which Prefect wraps inside a flow that it records."""

    def __init__(
        self, function: Callable[_Given, _Result], name: str, options: Mapping[str, Any]
    ) -> None:
        self._function, self._name, self._options = function, name, options
        update_wrapper(self, function)

    def __call__(self, *given: _Given.args, **named: _Given.kwargs) -> _Result:
        """Run it. Only Prefect tries it again where it fails."""
        run = self._recorded if _in_recorded_flow() else without_rows(self._function)
        return run(*given, **named)

    def submit(self, *given: _Given.args, **named: _Given.kwargs) -> Pending[_Result]:
        """Begin it where the flow's tasks run; without Prefect it runs when it is waited for."""
        if _in_recorded_flow():
            return cast("Pending[_Result]", self._recorded.submit(*given, **named))
        return _Later(lambda: self(*given, **named))

    def with_options(self, **options: Any) -> "RecordedStep[_Given, _Result]":
        """The same step with other options of Prefect's."""
        return RecordedStep(self._function, self._name, {**self._options, **options})

    @cached_property
    def _recorded(self) -> "Task[_Given, _Result]":
        from perdura.flows.orchestration.private_runs import private_task

        return private_task(self._function, self._name, **self._options)


def flow(
    name: str, **options: Any
) -> Callable[[Callable[_Given, _Result]], RecordedFlow[_Given, _Result]]:
    """Make a flow of a function. ``options`` are those of Prefect's ``flow``."""
    return lambda function: RecordedFlow(function, name, options)


def step_of_flow(
    function: Callable[_Given, _Result], name: str, **options: Any
) -> RecordedStep[_Given, _Result]:
    """Make a step of a function. ``options`` are those of Prefect's ``task``."""
    return RecordedStep(function, name, options)


class _Later(Generic[_Result]):
    def __init__(self, work: Callable[[], _Result]) -> None:
        self._work = work

    def result(self) -> _Result:
        return self._work()


def _in_recorded_flow() -> bool:
    if "prefect.context" not in sys.modules:
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None
