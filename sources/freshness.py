"""Which sources have fallen silent, so that scores made without them can say so."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, USAGE
from sources.landing import read_days, read_events

#: Tables that speak every day where they speak at all; mergers and contacts may be rare.
_STEADY = (SUBSCRIPTIONS, PAYMENTS, TICKETS, USAGE)


def degraded_sources(landing: Path, as_of: datetime, stale_after_days: int) -> tuple[str, ...]:
    """Event tables not to be relied on at ``as_of``, sorted.

    A table is degraded if the newest extract up to ``as_of`` found its source missing, unreadable
    or empty; or if it has spoken before, and either nothing has been extracted up to ``as_of``
    or its newest row known before ``as_of`` is older than ``stale_after_days``.
    """
    extracts = read_days(landing).values()
    before = [each for each in extracts if each.until <= as_of]
    broken = max(before, key=lambda each: each.until).degraded if before else ()
    behind = all(each.until < as_of for each in extracts)
    oldest = as_of if behind else as_of - timedelta(days=stale_after_days)
    known = pl.col("known_at")
    events = read_events(landing)
    newest = {
        table.name: events[table.name].filter(known < as_of).select(known.max()).collect().item()
        for table in _STEADY
    }
    stale = (name for name, moment in newest.items() if moment is not None and moment < oldest)
    return tuple(sorted({*broken, *stale}))
