"""What an extract adds to what landed: what is new, what is told again, and what is inferred."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS, EventTable
from perdura.sources.inferred import is_inferred
from perdura.sources.landing.files import identity
from perdura.sources.landing.partition import BUCKET, Part, buckets
from perdura.sources.mapping.beside_log import (
    Shown,
    Snapshots,
    compare_shown,
    given_by_snapshot,
    show,
    to_keep,
)
from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.plan import MappingPlan
from perdura.sources.mapping.sift import Sifted
from perdura.sources.mapping.snapshot import (
    THING,
    Inferred,
    before,
    compare,
    doubted,
    handed_over,
)
from perdura.sources.mapping.vanished import Vanished, reverted, vanished
from perdura.sources.row_count import count_rows
from perdura.sources.versions import key

#: Told otherwise, these land as a newer version of a snapshot too: they say why a subscriber left.
_IS_REASONED = pl.col("kind").is_in(("cancel_scheduled", "ended"))


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of one table's source beyond the subscribers at hand.

    Attributes:
        until: What was known before this moment is read.
        latest: Whether no later extract has been done: else what is given now is not of then.
        snapshot: Whether it shows the latest state alone.
        whole: Whether all that it shows could be read.
        partial: Whether rows that have not changed are left out.
        new: What it gives of all subscribers and had not landed.
        beside_log: Its snapshot inputs, where others are logs.
        reread_since: Where its connector has changed, until when another version has read it.
    """

    until: datetime
    latest: bool
    snapshot: bool
    whole: bool
    partial: bool
    new: pl.LazyFrame
    beside_log: Snapshots | None = None
    reread_since: datetime | None = None

    def for_part(self, part: Part) -> "Source":
        """Of the subscribers of one part; ``new`` is still of all."""
        if self.beside_log is None:
            return self
        before = self.beside_log.before.filter(part.has(pl.col(BUCKET)))
        return replace(self, beside_log=replace(self.beside_log, before=before))


@dataclass(frozen=True, slots=True)
class ComparedRows:
    """The events of some subscribers, compared with what had landed.

    Attributes:
        sifted: With what lands as new.
        inferred: Events that no source gives, which land too.
        vanished: What other days landed and is given no longer.
        otherwise: How many events given had landed, and are told otherwise.
        running: How many subscriptions were running by what had landed.
        absent: How many of these a snapshot shows no longer.
        shown: What the snapshots beside a log show, to be kept for the next extract.
    """

    sifted: Sifted
    inferred: pl.DataFrame
    vanished: Vanished
    otherwise: int = 0
    running: int = 0
    absent: int = 0
    shown: pl.DataFrame | None = None

    def with_inferred(self, found: Inferred, otherwise: int) -> "ComparedRows":
        """With inferred events as they land, with their buckets; ``otherwise`` as above."""
        bucketed = found.events.with_columns(buckets(found.events["subscriber_id"]))
        inferred = bucketed.select(self.sifted.new.columns)
        return replace(
            self,
            inferred=inferred,
            otherwise=otherwise,
            running=found.running,
            absent=found.absent,
        )


def compared(
    table: EventTable,
    sifted: Sifted,
    read: pl.DataFrame,
    landed: pl.LazyFrame | None,
    *,
    held: pl.DataFrame | None,
    on: Source,
) -> ComparedRows:
    """Compare what is given with what landed, of the same subscribers.

    Args:
        table: Their table.
        sifted: As ``sift`` gives them.
        read: What the files say happened.
        landed: What other days' files hold.
        held: What this day's file holds, from when it was done before.
        on: What is known of the source besides.
    """
    given = read.lazy().filter(pl.col("rule").is_null())
    # Where the source still gives every row that other days landed, none of them is gone.
    unsure = landed
    if landed is not None and count_rows(landed) == sifted.already_landed:
        unsure = None
    if on.partial and unsure is not None:
        same = key(table) or identity(table)
        unsure = unsure.join(given.select(same), on=same, how="semi", nulls_equal=True)
    shown = None
    if on.beside_log and on.latest:
        shown = show(on.beside_log, read, on.until, whole=on.whole)
        # What this day's file holds of the subscriptions that they name stays, given or not.
        lost, rest = _split(sifted.gone, shown.named, THING)
        sifted = replace(sifted, kept=pl.concat([sifted.kept, lost]), gone=rest)
    due = sifted.new.filter(pl.col("known_at") < on.reread_since) if on.reread_since else None
    none, gone = sifted.new.clear(), vanished(table, unsure, given, due)
    result = ComparedRows(sifted, none, gone, shown=to_keep(shown) if shown else None)
    if landed is None and sifted.kept.is_empty() and sifted.gone.is_empty():
        return result
    stored, unsure = (
        pl.concat([none.lazy() if rows is None else rows, sifted.kept.lazy(), sifted.gone.lazy()])
        for rows in (landed, unsure)
    )
    known = given.filter(pl.col("known_at") < on.until)
    both = _GivenAndLanded(table, read, known, stored, unsure, held, shown, on)
    return both.by_snapshot(result) if on.snapshot and on.latest else both.by_log(result)


@dataclass(frozen=True, slots=True)
class _GivenAndLanded:
    """What is given and what landed of some subscribers, where some of it had landed.

    Attributes:
        table, read, held, on: As of ``compared``.
        known: What is given, breaks no rule and is known.
        stored: All that had landed.
        unsure: The part of it that may be given no longer.
        shown: What snapshots beside a log show.
    """

    table: EventTable
    read: pl.DataFrame
    known: pl.LazyFrame
    stored: pl.LazyFrame
    unsure: pl.LazyFrame
    held: pl.DataFrame | None
    shown: Shown | None
    on: Source

    def by_snapshot(self, result: ComparedRows) -> ComparedRows:
        """What a snapshot shows. What it describes otherwise does not land again, as the change
        does; what landed stays.
        """
        otherwise = self.otherwise(result.sifted.new)
        sifted = result.sifted.without_told_again(otherwise.filter(~_IS_REASONED))
        kept = pl.concat([sifted.kept, sifted.gone])
        sifted = replace(sifted, kept=kept, gone=sifted.gone.clear())
        # Of what a row says that breaks a rule nothing is known: it stays as it landed.
        unsure, named = doubted(self.read)
        landed, given = (
            rows.join(unsure, on=THING, how="anti")
            for rows in (self.every(sifted.new), self.known.collect())
        )
        whole = self.on.whole and named
        found = compare(landed, given, self.seen, before(self.on.until), whole=whole)
        found = self.with_handed_over(found, landed)
        return replace(result, sifted=sifted).with_inferred(found, otherwise.height)

    def by_log(self, result: ComparedRows) -> ComparedRows:
        """What a log tells, and the snapshots beside it."""
        sifted, otherwise = result.sifted, self.otherwise(result.sifted.new)
        again = reverted(self.table, self.stored, self.unsure, self.known)
        found = Inferred(pl.DataFrame(schema=self.table.schema), 0, 0)
        if self.shown:
            sifted = sifted.without_told_again(
                given_by_snapshot(self.shown, otherwise).filter(~_IS_REASONED)
            )
            again = again.join(self.shown.before, on=THING, how="anti", nulls_equal=True)
            found = compare_shown(self.shown, self.every(sifted.new), before(self.on.until))
        sifted = _with_again(self.table, sifted, again.select(sifted.new.columns), self.held)
        if self.table is SUBSCRIPTIONS and self.on.latest and result.vanished.count:
            found = self.with_handed_over(found, self.every(sifted.new))
        told = otherwise.height + again.height
        return replace(result, sifted=sifted).with_inferred(found, told)

    @property
    def seen(self) -> pl.DataFrame:
        """The subscriptions (``THING``) that the source names in any way."""
        return self.read.select(THING).unique()

    def every(self, new: pl.DataFrame) -> pl.DataFrame:
        """All that landed, with what is new."""
        return pl.concat([self.stored.collect(), new])

    def otherwise(self, new: pl.DataFrame) -> pl.DataFrame:
        """Of the new events those that landed before with other words."""
        if not self.table.thing or new.is_empty():
            return new.clear()
        named, on = new.lazy().filter(pl.col(self.table.thing).is_not_null()), key(self.table)
        return named.join(self.stored.select(on), on=on, how="semi").collect()

    def with_handed_over(self, found: Inferred, landed: pl.DataFrame) -> Inferred:
        """The ends of subscriptions that changed hands in place of what else follows for them."""
        handed = handed_over(landed, self.seen, self.on.new, before(self.on.until))
        others = found.events.join(handed, on=THING, how="anti", nulls_equal=True)
        return replace(found, events=pl.concat([others, handed]))


def keep_inferred(table: EventTable, sifted: Sifted) -> tuple[Sifted, int]:
    """With what was inferred earlier on this day, which no source gives, kept; and how many."""
    mark = is_inferred(table)
    before = sifted.gone.filter(mark)
    kept = pl.concat([sifted.kept, before])
    return replace(sifted, kept=kept, gone=sifted.gone.filter(~mark)), before.height


def refuse_emptied(plan: MappingPlan, running: int, absent: int) -> None:
    """Refuse a snapshot that misses too much to have been read whole.

    Args:
        plan: The table.
        running: How many subscriptions were running by what had landed.
        absent: How many of these the snapshot shows no longer.

    Raises:
        BadSource: It shows nothing, or more is missing than ``most_vanished`` allows.
    """
    too_many = absent > 1 and absent > plan.most_vanished * running
    if plan.opened and absent and (too_many or absent == running == 1):
        raise BadSource(
            f"the snapshot no longer shows {absent:,} of the {running:,} subscriptions that were "
            "running; was it cut off? Nothing of it has landed. If they did end, add "
            f"most_vanished = {ceil(100 * absent / running) / 100} to the input, for this extract"
        )


def _with_again(
    table: EventTable, sifted: Sifted, again: pl.DataFrame, held: pl.DataFrame | None
) -> Sifted:
    """With what is told as at first again; what this day's file holds of it stays as it landed."""
    if again.is_empty():
        return sifted
    before = again.clear() if held is None else held.select(again.columns)
    kept, _ = _split(before, again, identity(table))
    _, new = _split(again, kept, identity(table))
    return replace(
        sifted,
        new=pl.concat([sifted.new, new]),
        kept=pl.concat([sifted.kept, kept]),
        already_landed=sifted.already_landed - again.height,
    )


def _split(
    rows: pl.DataFrame, others: pl.DataFrame, on: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are among the others by ``on``, and those that are not, in their order."""
    among, rest = (
        rows.join(others, on=on, how=how, nulls_equal=True, maintain_order="left")
        for how in ("semi", "anti")
    )
    return among, rest
