"""Dates of people as moments of the pipeline: every day begins at 00:00 UTC."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time


def midnight(day: date) -> datetime:
    """The first moment of ``day``, UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def today() -> date:
    """The day it is, UTC."""
    return datetime.now(UTC).date()


class NotYet(ValueError):
    """The day that was asked for has not come. Nothing was done."""


def refuse_future(day: date) -> None:
    """Refuse a day after today: what is known by then is not known yet."""
    if day > today():
        raise NotYet(f"asked for {day}, and today is {today()} (UTC); give a day that has come")


def month_starts(first: datetime, last: datetime) -> Iterator[datetime]:
    """Every first of a month, 00:00 UTC, in ``[first, last]``, oldest first."""
    month = datetime(first.year, first.month, 1, tzinfo=UTC)
    while month <= last:
        if month >= first:
            yield month
        month = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
