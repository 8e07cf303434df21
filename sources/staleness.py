"""Which tables have gone quiet, so that a score from them is marked and not trusted blindly."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, USAGE, EventTable
from sources.landing import landed_files, landed_until, read_days, read_table

#: Tables that a business at work keeps filling. Merges and contacts may rest.
BUSY = (SUBSCRIPTIONS, PAYMENTS, TICKETS, USAGE)


def stale_tables(landing: Path, as_of: datetime, *, days: int = 3) -> tuple[str, ...]:
    """Names of the tables not to be trusted at ``as_of``, in alphabetical order.

    A table is stale if its source was missing, unreadable or empty at the last extract before
    ``as_of``; if no extract has reached ``as_of``; or if its silence before ``as_of`` is
    longer than ``days`` and than any silence it kept before. A table that nobody maps is not.

    Args:
        landing: The landing folder.
        as_of: The moment of the score.
        days: Silence that is nothing unusual.
    """
    until = landed_until(landing)
    landed = [table for table in BUSY if landed_files(landing, table)]
    if until is None or until < as_of:
        return tuple(sorted(table.name for table in landed))
    silent = {table.name for table in landed if _is_silent(landing, table, as_of, days)}
    return tuple(sorted({*silent, *_degraded(landing, as_of)}))


def _degraded(landing: Path, as_of: datetime) -> tuple[str, ...]:
    """What the last extract before ``as_of`` said; the first, where all came later."""
    extracts = sorted(read_days(landing).values(), key=lambda day: day.until)
    before = [day for day in extracts if day.until <= as_of]
    return (before or extracts[:1])[-1].degraded


def _is_silent(landing: Path, table: EventTable, as_of: datetime, days: int) -> bool:
    known = pl.col("known_at")
    heard = (
        read_table(landing, table)
        .filter(known < as_of)
        .select(known.dt.truncate("1h").unique().sort())
        .collect()["known_at"]
    )
    last = heard.last()
    if not isinstance(last, datetime):
        return False
    longest = heard.diff().max()
    usual = longest if isinstance(longest, timedelta) else timedelta(0)
    return as_of - last > max(usual, timedelta(days=days)) + timedelta(hours=1)
