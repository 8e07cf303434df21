"""Terms that start and end at one moment, beside a start or an end of the same subscription then.

Events of one moment are in an order by the state before them (``sources.ties``): a running term
that ends as another starts is renewed. But where the other starts and ends at once, the one that
ran has ended, and the events do not show which: both terms end by the same event. The row shows it,
so it is refused here. A term without length beside no other lands: it changes nothing of a running
subscription, and is all there was of one that does not run.
"""

from datetime import datetime

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS, EventTable
from perdura.sources.landing.files import identity
from perdura.sources.mapping.checks.rules import NO_LENGTH
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.ranges import ORIGIN

_MOMENT = ["subscriber_id", "subscription_id", "happened_at"]
_STARTS = ("trial_started", "started")


def refuse_no_length(
    table: EventTable,
    read: pl.DataFrame,
    landed: pl.LazyFrame | None,
    held: pl.DataFrame | None,
    until: datetime,
) -> pl.DataFrame:
    """The events; start and end of a term without length have ``rule`` beside another of then.

    Args:
        table: Their table.
        read: What the files say happened, as in ``Ranges.found``.
        landed: Events of the same subscribers that other days' files hold.
        held: Those that this day's file holds. What landed before is not refused.
        until: What was known before this moment is read.
    """
    if table is not SUBSCRIPTIONS:
        return read
    edges = read.filter(pl.col("rule").is_null(), pl.col("kind").is_in((*_STARTS, "ended")))
    pairs = _pairs(edges)
    if pairs.is_empty():
        return read
    stored = pl.concat(
        rows.lazy().select(table.schema.names())
        for rows in (pl.LazyFrame(schema=table.schema), landed, held)
        if rows is not None
    )
    alone = edges.join(pairs, on=[ORIGIN, ROW], how="anti").filter(pl.col("known_at") < until)
    there = stored.filter(pl.col("kind").is_in((*_STARTS, "ended")))
    others = pl.concat([alone.lazy().select(_MOMENT), there.select(_MOMENT)]).unique()
    starts = edges.filter(pl.col("kind").is_in(_STARTS)).join(pairs, on=[ORIGIN, ROW], how="semi")
    new = starts.lazy().join(stored, on=identity(table), how="anti", nulls_equal=True)
    beside = new.join(others, on=_MOMENT, how="semi", nulls_equal=True)
    refused = beside.select(*_MOMENT, ORIGIN, ROW)
    return _refused(read, refused.unique().collect(engine="streaming"))


def _pairs(edges: pl.DataFrame) -> pl.DataFrame:
    """Moment, file and row of terms without length."""
    ends = edges.filter(pl.col("kind") == "ended").select(*_MOMENT, ORIGIN, ROW)
    starts = edges.filter(pl.col("kind").is_in(_STARTS)).select(*_MOMENT, ORIGIN, ROW)
    # By row and time first: mostly that says it all, and texts cost more.
    near = starts.select(ORIGIN, ROW, "happened_at").join(
        ends.select(ORIGIN, ROW, "happened_at"), on=[ORIGIN, ROW, "happened_at"], how="semi"
    )
    if near.is_empty():
        return near
    pairs = starts.join(ends, on=[*_MOMENT, ORIGIN, ROW], how="semi", nulls_equal=True)
    # A row that is several terms (a series, a join) ends one as it starts the next.
    row = [*_MOMENT[:2], ORIGIN, ROW]
    several = pl.concat(one.filter(pl.struct(row).is_duplicated()) for one in (starts, ends))
    return pairs.join(several, on=row, how="anti", nulls_equal=True)


def _refused(read: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    edge = pl.col("kind").is_in((*_STARTS, "ended")) & pl.col("rule").is_null()
    marked = read.join(
        rows.with_columns(refused=pl.lit(value=True)),
        on=[*_MOMENT, ORIGIN, ROW],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    no_length = edge & pl.col("refused").fill_null(value=False)
    rule = pl.when(no_length).then(pl.lit(NO_LENGTH)).otherwise("rule").alias("rule")
    return marked.with_columns(rule).drop("refused")
