"""Telling apart what is new, what has landed, what is not known yet, and what breaks a rule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.landing.files import identity, stored_order, stored_schema
from perdura.sources.landing.landing import REJECTED
from perdura.sources.landing.partition import BUCKET
from perdura.sources.landing.tombstones import FORGOTTEN
from perdura.sources.mapping.candidates import CandidateEvents
from perdura.sources.mapping.checks.rules import DUPLICATE
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.ranges import ORIGIN
from perdura.sources.mapping.report.row_counts import HAD_BEFORE, LANDED, LATER, fates
from perdura.sources.mapping.report.row_counts import REJECTED as REFUSED

_AT = "at"


@dataclass(frozen=True, slots=True)
class Sifted:
    """Every event of one table in one extract, in one of five places, and what is gone.

    Attributes:
        new: Events that no file holds, as the source tells them, in ``stored_order``.
        kept: Events that this day's file holds and the source still gives, as they landed.
        already_landed: How many other days' files hold.
        not_yet_known: How many are known at ``until`` or later.
        broken: Events that break a rule: ``rule``, ``ORIGIN``, ``ROW``, ``subscriber_id``.
        gone: Events that only this day's file holds and the source no longer gives.
        fates: What became of each row (``row_counts.fates``).
    """

    new: pl.DataFrame
    kept: pl.DataFrame
    already_landed: int
    not_yet_known: int
    broken: pl.DataFrame
    gone: pl.DataFrame
    fates: pl.DataFrame

    @property
    def events(self) -> int:
        """How many events there were."""
        landed = self.new.height + self.kept.height + self.already_landed
        return landed + self.not_yet_known + self.broken.height

    def without_told_again(self, events: pl.DataFrame) -> "Sifted":
        """Without new events that landed with other words: they count as landed."""
        on = events.columns
        new = self.new.join(events, on=on, how="anti", nulls_equal=True, maintain_order="left")
        return replace(self, new=new, already_landed=self.already_landed + events.height)


def sift(
    table: EventTable,
    read: pl.DataFrame,
    landed: pl.LazyFrame | None,
    held: pl.DataFrame | None,
    until: datetime,
) -> Sifted:
    """Sort the events found by what is to become of them. All of them may be of a range of people.

    Args:
        table: Their table.
        read: What the files say happened, as in ``Ranges.found``.
        landed: Events of the same people that other days' files hold.
        held: Those that this day's file holds, from when it was done before.
        until: What was known before this moment is read.
    """
    later, sound = (read["known_at"] >= until).fill_null(value=False), read["rule"].is_null()
    known = (~later & sound).arg_true()  # most are: taken once, in order, and not twice
    ruled_out, told_later = read.filter(~later & ~sound), read.filter(later)
    distinct, copies = _once_each(table, read, known)
    unlanded = _but(table, distinct, landed)
    columns = stored_schema(table).names()
    held = _but(table, distinct.clear().select(columns) if held is None else held, landed)
    # Told again as known later, it is still known since it landed.
    gone = _but(table, held, read.lazy().filter(pl.col("rule").is_null()))
    kept = _but(table, held, gone.lazy())
    new = _but(table, unlanded, kept.lazy() if kept.height else None)
    held_on = told_later.join(kept, on=identity(table), how="semi", nulls_equal=True)
    broken = pl.concat([ruled_out.select(copies.columns), copies])
    put_off = kept.height - (unlanded.height - new.height)
    return Sifted(
        new=new.select(columns),
        kept=kept,
        already_landed=distinct.height - unlanded.height,
        not_yet_known=read.height - ruled_out.height - len(known) - put_off,
        broken=broken,
        gone=gone,
        fates=fates(
            (distinct, HAD_BEFORE),
            (told_later, LATER),
            (unlanded, LANDED),
            (held_on, LANDED),
            (broken, REFUSED),
        ),
    )


def _but(table: EventTable, events: pl.DataFrame, others: pl.LazyFrame | None) -> pl.DataFrame:
    """The events that are not among the others, in their order."""
    if others is None or events.is_empty():
        return events
    left = events.lazy().join(
        others, on=identity(table), how="anti", nulls_equal=True, maintain_order="left"
    )
    return left.collect()


def rejected_rows(found: Sequence[CandidateEvents], broken: pl.DataFrame) -> pl.DataFrame:
    """The rows behind broken events as they were read; schema ``REJECTED``.

    Of the forgotten only where a row lies, so that it can be erased there.
    """
    rows = [pl.DataFrame(schema=REJECTED)]
    for origin in broken[ORIGIN].unique().sort():
        own, part = broken.filter(pl.col(ORIGIN) == origin), found[int(origin)].part
        read = part.frame.join(own.select(pl.col(ROW).unique()).lazy(), on=ROW, how="semi")
        text = pl.struct(pl.exclude(ROW)).struct.json_encode().alias("text")
        texts = read.select(pl.col(ROW).cast(pl.UInt32), text).collect(engine="streaming")
        told = pl.when(pl.col("rule") != FORGOTTEN).then("text").alias("text")
        joined = part.located(own.join(texts, on=ROW, how="left").with_columns(told))
        rows.append(joined.select(REJECTED.names()).cast(REJECTED))
    return pl.concat(rows)


def _once_each(
    table: EventTable, read: pl.DataFrame, known: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each event at the known places once, as known first, in ``stored_order``; copies as broken.

    Rows are put in order by who and when alone. Few are alike in both: only these are looked at
    column by column.
    """
    rows = read.select(*stored_schema(table), ORIGIN, ROW)
    lead = rows.select(BUCKET, "subscriber_id", "happened_at")
    lead = lead if len(known) == rows.height else lead[known]
    # Numbers for names sort many times as fast. In one piece: else the piece of either row is
    # looked for at every comparison.
    lead = lead.with_columns(pl.col("subscriber_id").rank("dense")).rechunk()
    order = lead.select(pl.arg_sort_by(lead.columns)).to_series()
    alike = lead[order].select(_as_before("subscriber_id", "happened_at")).to_series()
    places = (alike | alike.shift(-1, fill_value=False)).arg_true()
    order = known.gather(order)
    copy = (pl.lit(DUPLICATE).alias("rule"), ORIGIN, ROW, "subscriber_id")
    if places.is_empty():
        return rows[order], rows.clear().select(copy)
    some = rows[order.gather(places)].with_columns(order.gather(places).alias(_AT))
    some = some.sort(*stored_order(table), ORIGIN, ROW, nulls_last=True)
    again = some.select(_as_before(*identity(table))).to_series()
    order = order.scatter(places, some[_AT])
    once = pl.repeat(True, order.len(), eager=True).scatter(places, ~again)
    return rows[order.filter(once)], some.filter(again).select(copy)


def _as_before(*columns: str) -> pl.Expr:
    """Whether a row, in order, has the same values as the row before it."""
    return pl.all_horizontal(
        pl.int_range(pl.len()) > 0,
        *(pl.col(name).eq_missing(pl.col(name).shift()) for name in columns),
    )
