"""What a thing was before each event: its plan before the change, say."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from perdura.sources.events import MOMENT, EventTable
from perdura.sources.ties import places


def with_previous(rows: pl.LazyFrame, table: EventTable) -> pl.LazyFrame:
    """``rows`` with ``<column>_before``: what the same thing was before each event; and ``tie``."""
    if table.previous:
        return befores(in_order(rows, table), table).lazy()
    return rows.with_columns(tie=pl.lit(0))


def befores(ordered: pl.DataFrame, table: EventTable) -> pl.DataFrame:
    """``with_previous`` of rows that are in order."""
    row, before = pl.col("row"), dict[str, pl.Expr]()
    for column in table.previous:
        last_known = pl.when(pl.col(column).is_not_null()).then(row).forward_fill().shift(1)
        own = pl.when(last_known >= pl.col("start")).then(last_known)
        before[f"{column}_before"] = pl.col(column).gather(own)
    return ordered.with_columns(**before).drop("row", "start")


def with_late_events(ordered: pl.DataFrame, dates: Sequence[datetime]) -> pl.Series:
    """Subscribers with an event known too late for the order of their other events.

    At some date the later of two events of one thing was known, and the earlier was not: then
    ``befores`` of all rows is not that of the rows known.

    Returns:
        Their ``subscriber_id``, sorted.
    """
    since = pl.lit(pl.Series(dates, dtype=MOMENT)).search_sorted(pl.col("known_at"), side="right")
    # The start of a thing's rows goes before the date, so that no other thing's date is greater.
    order = pl.col("start").cast(pl.UInt64) * (len(dates) + 1) + since
    return ordered.filter(order.cum_max() > order)["subscriber_id"].unique().sort()


def in_order(rows: pl.LazyFrame, table: EventTable) -> pl.DataFrame:
    """Each thing's rows together and in order of time, numbered (``row``) from its ``start``.

    The order is total: what happened at one moment must not be told by the order of files. There
    it is that of ``sources.ties``; ``tie`` counts the rows of a thing at its moment, from 0.
    """
    thing = ["subscriber_id", table.required[0]]
    frame = rows.collect()
    keys = [*thing, "happened_at", "place", "known_at"]
    frame = frame.with_columns(places(frame)).sort(keys)
    if frame.select(_same(keys).any()).item():  # the rest decides, which is seldom and slow
        frame = frame.sort(*keys, *table.columns)
    begins = pl.when(~_same(thing)).then(pl.col("row"))
    begun = pl.when(~_same([*thing, "happened_at"])).then(pl.col("row"))
    return (
        frame.drop("place")
        .with_row_index("row")
        .with_columns(start=begins.forward_fill(), tie=pl.col("row") - begun.forward_fill())
    )


def _same(columns: Sequence[str]) -> pl.Expr:
    """Whether a row has the values of the row before it in these columns."""
    return pl.all_horizontal(
        pl.col(column).eq_missing(pl.col(column).shift(1)) for column in columns
    ) & (pl.int_range(pl.len()) > 0)
