"""Telling apart what is new, what has landed, what is not known yet, and what breaks a rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from sources.events import EventTable
from sources.files import identity, stored_order, stored_schema
from sources.intake.candidates import Candidates
from sources.intake.ranges import ORIGIN
from sources.intake.reading import ROW
from sources.intake.rules import DUPLICATE
from sources.landing import REJECTED


@dataclass(frozen=True, slots=True)
class Sifted:
    """Every event of one table in one extract, in one of five places, and what is gone.

    Attributes:
        new: Events that no file holds, as the source tells them, in ``stored_order``.
        kept: Events that this day's file holds and the source still gives, as they landed.
        already_landed: How many other days' files hold.
        not_yet_known: How many are known at ``until`` or later.
        broken: Events that break a rule: ``rule``, ``ORIGIN``, ``ROW``.
        gone: Events that only this day's file holds and the source no longer gives.
    """

    new: pl.DataFrame
    kept: pl.DataFrame
    already_landed: int
    not_yet_known: int
    broken: pl.DataFrame
    gone: pl.DataFrame

    @property
    def events(self) -> int:
        """How many events there were."""
        landed = self.new.height + self.kept.height + self.already_landed
        return landed + self.not_yet_known + self.broken.height


def sift(
    table: EventTable,
    read: pl.DataFrame,
    landed: pl.LazyFrame | None,
    held: pl.DataFrame | None,
    until: datetime,
) -> Sifted:
    """Sort the events found by what is to become of them. All of them may be of a range of people.

    Args:
        table: Whose events.
        read: What the files say happened, as in ``Ranges.found``.
        landed: Events of the same people that other days' files hold.
        held: Those that this day's file holds, from when it was done before.
        until: What was known before this moment is read.
    """
    columns = [*stored_schema(table)]
    later = pl.col("known_at") >= until
    known = read.filter(~later.fill_null(False))
    ruled_out = known.filter(pl.col("rule").is_not_null())
    ordered = known.filter(pl.col("rule").is_null()).sort(
        *stored_order(table), ORIGIN, ROW, nulls_last=True
    )
    again = ordered.select(_same_as_before(table)).to_series()
    distinct = ordered.filter(~again).select(columns)
    copies = ordered.filter(again).with_columns(rule=pl.lit(DUPLICATE))
    unlanded = _but(table, distinct, landed)
    held = _but(table, held if held is not None else read.select(columns).clear(), landed)
    # Told again as known later, it is still known since it landed.
    gone = _but(table, held, read.lazy().filter(pl.col("rule").is_null()))
    kept = _but(table, held, gone.lazy())
    new = _but(table, unlanded, kept.lazy() if kept.height else None)
    put_off = kept.height - (unlanded.height - new.height)
    return Sifted(
        new=new,
        kept=kept,
        already_landed=distinct.height - unlanded.height,
        not_yet_known=read.height - known.height - put_off,
        broken=pl.concat([ruled_out, copies]).select("rule", ORIGIN, ROW),
        gone=gone,
    )


def _but(table: EventTable, events: pl.DataFrame, others: pl.LazyFrame | None) -> pl.DataFrame:
    """The events that are not among the others, in their order."""
    if others is None or events.is_empty():
        return events
    left = events.lazy().join(
        others, on=identity(table), how="anti", nulls_equal=True, maintain_order="left"
    )
    return left.collect()


def rejected_rows(found: Sequence[Candidates], broken: pl.DataFrame) -> pl.DataFrame:
    """The rows behind broken events as they were read; schema ``REJECTED``."""
    rows = [
        _as_text(found[origin], broken.filter(pl.col(ORIGIN) == origin))
        for origin in broken[ORIGIN].unique().sort()
    ]
    return pl.concat([pl.DataFrame(schema=REJECTED), *rows])


def _same_as_before(table: EventTable) -> pl.Expr:
    """Whether a row, in order, is the same event as the row before it."""
    return pl.all_horizontal(
        pl.int_range(pl.len()) > 0,
        *(pl.col(name).eq_missing(pl.col(name).shift()) for name in identity(table)),
    )


def _as_text(origin: Candidates, broken: pl.DataFrame) -> pl.DataFrame:
    read = origin.part.frame.join(broken.select(pl.col(ROW).unique()).lazy(), on=ROW, how="semi")
    texts = read.select(
        pl.col(ROW).cast(pl.UInt32), pl.struct(pl.exclude(ROW)).struct.json_encode().alias("text")
    ).collect(engine="streaming")
    joined = broken.join(texts, on=ROW, how="left").with_columns(file=pl.lit(origin.part.file))
    return joined.rename({ROW: "row"}).select(REJECTED.names()).cast(REJECTED)
