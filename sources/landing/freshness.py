"""Which sources have fallen silent, so that scores made without them can say so."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from perdura.sources.counted import counted
from perdura.sources.events import EVENT_TABLES, EventTable
from perdura.sources.landing.landing import Landing

#: As of ``silent_since``.
_MISSED, _PACE, _EXPECTED = timedelta(days=14), timedelta(days=90), 7


def degraded_sources(landing: Landing, as_of: datetime, stale_after_days: int) -> Mapping[str, str]:
    """Event tables not to be relied on at ``as_of``, sorted, and why and what to do, in words.

    A table is degraded if the newest extract up to ``as_of`` found its source missing, unreadable
    or empty; or if it has spoken before, and either nothing has been extracted up to ``as_of``
    or its newest row known before ``as_of`` is older than ``stale_after_days``.
    """
    extracts = landing.days().values()
    before = [extract_day for extract_day in extracts if extract_day.until <= as_of]
    last = max(before, key=lambda extract_day: extract_day.until, default=None)
    behind = all(extract_day.until < as_of for extract_day in extracts)
    oldest = as_of if behind else as_of - timedelta(days=stale_after_days)
    late = _NOT_EXTRACTED if behind else _SILENT.format(days=counted(stale_after_days, "day"))
    known = pl.col("known_at")
    events = landing.events()
    newest = {
        table.name: events[table.name].filter(known < as_of).select(known.max()).collect().item()
        for table in EVENT_TABLES
        if table.is_steady
    }
    found = {
        name: late.format(newest=moment, as_of=as_of)
        for name, moment in newest.items()
        if moment is not None and moment < oldest
    }
    if last:
        found |= dict.fromkeys(last.degraded, _NOT_READ.format(until=last.until))
    return dict(sorted(found.items()))


_NOT_READ = (
    "the extract until {until:%Y-%m-%d} found no events there: files are missing, cannot be read "
    "or are empty. Mend them or the mapping, extract that day again and score the night again"
)
_NOT_EXTRACTED = (
    "nothing has been extracted until {as_of:%Y-%m-%d}, and the newest row is of "
    "{newest:%Y-%m-%d}. Extract until then and score the night again"
)
_SILENT = (
    "the newest row is of {{newest:%Y-%m-%d}}, more than {days} before the night "
    "(schedule.stale_after_days). Ask whether its export still runs, extract and score the night "
    "again"
)


def broken_since(landing: Landing, table: EventTable, until: datetime) -> datetime | None:
    """Since when no extract up to ``until`` could read a table; ``None`` if the newest could."""
    days = sorted(landing.days().values(), key=lambda extract_day: extract_day.until, reverse=True)
    since = None
    for day in (extract_day for extract_day in days if extract_day.until <= until):
        if table.name not in day.degraded:
            break
        since = day.until
    return since


def silent_since(rows: pl.LazyFrame, until: datetime) -> datetime | None:
    """The newest row of a table if its rows stopped coming; ``None`` if none are missed.

    They have stopped if none was known for two weeks or more in which, at the pace of the 90 days
    before, at least 7 would have been: no row at all has then a chance of one in a thousand.

    Args:
        rows: Of the table.
        until: Only rows with ``known_at < until`` are read.
    """
    known = rows.filter(pl.col("known_at") < until)
    newest: datetime | None = known.select(pl.col("known_at").max()).collect().item()
    if newest is None or until - newest < _MISSED:
        return None
    lately = known.filter(pl.col("known_at") > newest - _PACE).select(pl.len()).collect().item()
    return newest if lately * ((until - newest) / _PACE) >= _EXPECTED else None
