"""What a thing was before each event: its plan before the change, say."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from sources.events import MOMENT, EventTable


def with_previous(rows: pl.LazyFrame, table: EventTable) -> pl.LazyFrame:
    """``rows`` with ``<column>_before``: what the same thing was before each event."""
    if not table.previous:
        return rows
    return _in_order(rows, table).with_columns(
        pl.col(column).forward_fill().shift(1).over(_thing(table)).alias(f"{column}_before")
        for column in table.previous
    )


def told_late(rows: pl.LazyFrame, table: EventTable, dates: Sequence[datetime]) -> pl.Series:
    """Who has an event that became known so late that what was before another was told otherwise.

    At some date the later of two events of one thing was known, and the earlier was not: then
    ``with_previous`` of all rows is not that of the rows known.

    Returns:
        Their ``subscriber_id``, sorted.
    """
    since = pl.lit(pl.Series(dates, dtype=MOMENT)).search_sorted(pl.col("known_at"), side="right")
    earlier = pl.col("since").cum_max().shift(1).over(_thing(table))
    return (
        _in_order(rows, table)
        .with_columns(since=since)
        .filter(earlier > pl.col("since"))
        .select(pl.col("subscriber_id").unique().sort())
        .collect(engine="streaming")["subscriber_id"]
    )


def _thing(table: EventTable) -> list[str]:
    return ["subscriber_id", table.required[0]]


def _in_order(rows: pl.LazyFrame, table: EventTable) -> pl.LazyFrame:
    """In a total order: what happened at one moment must not be told by the order of files."""
    places = {kind: place for place, kind in enumerate(table.kinds)}
    place = pl.col("kind").replace_strict(places, default=None, return_dtype=pl.Int64)
    return rows.sort(*_thing(table), "happened_at", place, "known_at", *table.columns)
