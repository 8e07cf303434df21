"""Flows share a home; an erasure has it alone."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import ParamSpec, TypeVar

from perdura.flows.runtime.progress import STDERR
from perdura.flows.settings import Settings
from perdura.sources.landing.locks import exclusive_lock, shared_lock

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

_WORK = "work"


class HomeBusy(RuntimeError):
    """A flow that reads or writes rows of subscribers runs in the home. Nothing was done."""


def shares_home(flow: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The flow, which shares its home with other flows and waits for an erasure that has begun.

    The home is its argument ``home``, or that of the settings.
    """
    arguments = signature(flow)

    def say() -> None:
        STDERR.print("  waiting for an erasure to end")

    @wraps(flow)
    def sharing(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        home = arguments.bind(*given, **named).arguments.get("home")
        with shared_lock(Settings.at(home).home / "data", say, to=_WORK):
            return flow(*given, **named)

    return sharing


@contextmanager
def exclusive_home(home: Path, landing_folder: Path) -> Generator[None]:
    """Have the home alone: no other flow runs in it, and none begins.

    Raises:
        HomeBusy: A flow runs in it.
    """

    def refuse() -> None:
        raise HomeBusy(
            f"a night, a training, an extract or the like is at work in {home.absolute()}"
            " and may hold rows of subscribers to be erased; run the same command again when it "
            "has ended"
        )

    with (
        exclusive_lock(home / "data", refuse, to=_WORK),
        exclusive_lock(landing_folder, refuse),
    ):
        yield
