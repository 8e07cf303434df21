"""Events that no source gives: an extract infers them from what a source gives no longer.

They say so by their ``reason``, and happened, and became known, at the last instant before the end
of that extract.
"""

from datetime import datetime

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS, EventTable

#: A snapshot shows another state than what had landed.
SNAPSHOT = "snapshot"
#: The source gives the subscription under another subscriber.
CHANGED_HANDS = "changed_hands"
_REASONS = (SNAPSHOT, CHANGED_HANDS)


def is_inferred(table: EventTable) -> pl.Expr:
    """Whether no source gave the event."""
    if table is not SUBSCRIPTIONS:
        return pl.lit(value=False)
    at_once = pl.col("happened_at") == pl.col("known_at")
    return (pl.col("reason").is_in(_REASONS) & at_once).fill_null(value=False)


def not_inferred(table: EventTable, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The events that a source gave."""
    return rows.filter(~is_inferred(table)) if table is SUBSCRIPTIONS else rows


def inferred_before(table: EventTable, rows: pl.LazyFrame, moment: datetime) -> pl.LazyFrame:
    """The events that a source gave, and those that were inferred before the moment."""
    return rows.filter(~is_inferred(table) | (pl.col("known_at") < moment))
