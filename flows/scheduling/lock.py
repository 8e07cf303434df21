"""One schedule serves a home at a time, and others can see whether one does."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from perdura.sources.landing.locks import exclusive_lock, shared_lock

_SCHEDULE = "schedule"


class AlreadyServed(RuntimeError):
    """Another schedule serves this home. Nothing was done."""


@contextmanager
def serving(home: Path) -> Generator[None]:
    """Be the schedule of a home. The lock ends with its process, however that ends.

    Raises:
        AlreadyServed: Another schedule serves the home.
    """
    with exclusive_lock(home / "data", _refuse, to=_SCHEDULE):
        yield


def is_served(home: Path) -> bool:
    """Whether a schedule serves the home now."""
    try:
        with shared_lock(home / "data", _refuse, to=_SCHEDULE):
            return False
    except AlreadyServed:
        return True


def _refuse() -> None:
    raise AlreadyServed(
        "another perdura schedule serves this home, and two would run every night twice; stop it "
        "first, or set PERDURA_HOME to the home that is meant"
    )
