"""What tells the time: the real one, or that of a test."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now_utc() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)
