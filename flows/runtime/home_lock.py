"""While a flow is at work in a home, nobody is erased from it, and the other way round."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import ParamSpec, TypeVar

from perdura.flows.runtime.progress import STDERR
from perdura.flows.settings import Settings
from perdura.sources.landing.locks import exclusive_lock, shared_lock

_Asked = ParamSpec("_Asked")
_Given = TypeVar("_Given")

_WORK = "work"


class HomeBusy(RuntimeError):
    """Something runs in the home that reads or writes people's rows. Nothing was done."""


def shares_home(flow: Callable[_Asked, _Given]) -> Callable[_Asked, _Given]:
    """The flow, in the home that its argument ``home`` or the settings name, which it shares.

    An erasure that has begun is waited for.
    """
    told = signature(flow)

    @wraps(flow)
    def sharing(*asked: _Asked.args, **named: _Asked.kwargs) -> _Given:
        home = told.bind(*asked, **named).arguments.get("home")
        with shared_lock(_data(Settings.at(home).home), _say, to=_WORK):
            return flow(*asked, **named)

    return sharing


@contextmanager
def exclusive_home(settings: Settings) -> Iterator[None]:
    """Have the home alone: no night, week or extract runs, and none begins.

    Raises:
        HomeBusy: Something runs.
    """

    def refuse() -> None:
        raise HomeBusy(
            f"a night, a training, an extract or the like is at work in {settings.home.absolute()}"
            " and may hold rows of whoever is to be erased; run the same command again when it has "
            "ended"
        )

    with (
        exclusive_lock(_data(settings.home), refuse, to=_WORK),
        exclusive_lock(settings.landing_folder, refuse),
    ):
        yield


def _data(home: Path) -> Path:
    return home / "data"


def _say() -> None:
    STDERR.print("  waiting for an erasure to end")
