"""Dates of people as moments of the pipeline: every day begins at 00:00 UTC."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time


def midnight(day: date) -> datetime:
    """The first moment of ``day``, UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def today() -> date:
    """The day it is, UTC."""
    return datetime.now(UTC).date()


def month_starts(first: datetime, last: datetime) -> Iterator[datetime]:
    """Every first of a month, 00:00 UTC, in ``[first, last]``, oldest first."""
    month = datetime(first.year, first.month, 1, tzinfo=UTC)
    while month <= last:
        if month >= first:
            yield month
        month = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
