"""What a thing was before each event: its plan before the change, say."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from sources.events import MOMENT, EventTable


def with_previous(rows: pl.LazyFrame, table: EventTable) -> pl.LazyFrame:
    """``rows`` with ``<column>_before``: what the same thing was before each event."""
    return befores(in_order(rows, table), table).lazy() if table.previous else rows


def befores(ordered: pl.DataFrame, table: EventTable) -> pl.DataFrame:
    """``with_previous`` of rows that are in order."""
    row, before = pl.col("row"), {}
    for column in table.previous:
        told = pl.when(pl.col(column).is_not_null()).then(row).forward_fill().shift(1)
        own = pl.when(told >= pl.col("start")).then(told)
        before[f"{column}_before"] = pl.col(column).gather(own)
    return ordered.with_columns(**before).drop("row", "start")


def told_late(ordered: pl.DataFrame, dates: Sequence[datetime]) -> pl.Series:
    """Who has an event that became known so late that what was before another was told otherwise.

    At some date the later of two events of one thing was known, and the earlier was not: then
    ``befores`` of all rows is not that of the rows known.

    Returns:
        Their ``subscriber_id``, sorted.
    """
    since = pl.lit(pl.Series(dates, dtype=MOMENT)).search_sorted(pl.col("known_at"), side="right")
    # The start of a thing's rows goes before the date, so that no other thing's date is greater.
    place = pl.col("start").cast(pl.UInt64) * (len(dates) + 1) + since
    return ordered.filter(place.cum_max() > place)["subscriber_id"].unique().sort()


def in_order(rows: pl.LazyFrame, table: EventTable) -> pl.DataFrame:
    """Each thing's rows together and in order of time, numbered (``row``) from its ``start``.

    The order is total: what happened at one moment must not be told by the order of files.
    """
    thing = ["subscriber_id", table.required[0]]
    kinds = {kind: place for place, kind in enumerate(table.kinds)}
    kind = pl.col("kind").replace_strict(kinds, default=None, return_dtype=pl.UInt8)
    keys = [*thing, "happened_at", "kind_place", "known_at"]
    frame = rows.with_columns(kind_place=kind).sort(keys).collect()
    if frame.select(_same(keys).any()).item():  # the rest decides, which is seldom and slow
        frame = frame.sort(*keys, *table.columns)
    begins = pl.when(~_same(thing)).then(pl.col("row"))
    return frame.drop("kind_place").with_row_index("row").with_columns(start=begins.forward_fill())


def _same(columns: Sequence[str]) -> pl.Expr:
    """Whether a row has the values of the row before it in these columns."""
    return pl.all_horizontal(
        pl.col(column).eq_missing(pl.col(column).shift(1)) for column in columns
    ) & (pl.int_range(pl.len()) > 0)
