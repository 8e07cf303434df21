"""What an extract adds to what landed: what is new, what is told again, and what is inferred."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS, EventTable
from perdura.sources.inferred import is_inferred
from perdura.sources.landing.files import identity
from perdura.sources.landing.partition import BUCKET, Part, buckets
from perdura.sources.mapping.beside_log import (
    Snapshots,
    compare_shown,
    given_by_snapshot,
    show,
    to_keep,
)
from perdura.sources.mapping.files.reading import BadSource
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
from perdura.sources.versions import key

#: Told otherwise, these land as a newer version of a snapshot too: they say why a subscriber left.
_REASONED = ("cancel_scheduled", "ended")


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of one table's source beyond the subscribers at hand.

    Attributes:
        until: What was known before this moment is read.
        latest: Whether no later extract has been done: else what is given now is not of then.
        snapshot: Whether it shows the latest state alone.
        whole: Whether all that it shows could be read.
        new: What it gives of all subscribers and had not landed.
        beside_log: Its snapshot inputs, where others are logs.
    """

    until: datetime
    latest: bool
    snapshot: bool
    whole: bool
    new: pl.LazyFrame
    beside_log: Snapshots | None = None

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
    none = sifted.new.clear()
    given = read.lazy().filter(pl.col("rule").is_null())
    unsure = _may_be_gone(landed, sifted)
    gone = vanished(table, unsure, given)
    shown = None
    if on.beside_log and on.latest:
        shown = show(on.beside_log, read, on.until, whole=on.whole)
        sifted = _with_lost(sifted, shown.named)
    kept_on = to_keep(shown) if shown else None
    if landed is None and sifted.kept.is_empty() and sifted.gone.is_empty():
        return ComparedRows(sifted, none, gone, shown=kept_on)
    stored, unsure = (
        pl.concat([none.lazy() if rows is None else rows, sifted.kept.lazy(), sifted.gone.lazy()])
        for rows in (landed, unsure)
    )
    otherwise = _otherwise(table, sifted.new, stored)
    known = given.filter(pl.col("known_at") < on.until)
    if on.snapshot and on.latest:
        sifted = _as_snapshot(sifted, otherwise)
        found = _inferred(stored.collect(), sifted.new, known.collect(), read, on)
        return _with_found(sifted, found, gone, otherwise.height)
    again = reverted(table, stored, unsure, known)
    found = Inferred(pl.DataFrame(schema=table.schema), 0, 0)
    if shown:
        sifted = _without(sifted, given_by_snapshot(shown, otherwise))
        again = again.join(shown.before, on=THING, how="anti", nulls_equal=True)
        every = pl.concat([stored, sifted.new.lazy()]).collect()
        found = compare_shown(shown, every, before(on.until))
    sifted = _with_again(table, sifted, again.select(none.columns), held)
    if table is SUBSCRIPTIONS and on.latest and gone.count:
        every = pl.concat([stored, sifted.new.lazy()]).collect()
        found = _with(found, handed_over(every, _seen(read), on.new, before(on.until)))
    result = _with_found(sifted, found, gone, otherwise.height + again.height)
    return replace(result, shown=kept_on)


def _with_found(sifted: Sifted, found: Inferred, gone: Vanished, otherwise: int) -> ComparedRows:
    """With the inferred events as they land: with their buckets."""
    bucketed = found.events.with_columns(buckets(found.events["subscriber_id"]))
    events = bucketed.select(sifted.new.columns)
    return ComparedRows(sifted, events, gone, otherwise, found.running, found.absent)


def _with(found: Inferred, handed: pl.DataFrame) -> Inferred:
    """With the ends of subscriptions that changed hands, in place of what else follows for them."""
    others = found.events.join(handed, on=THING, how="anti", nulls_equal=True)
    return replace(found, events=pl.concat([others, handed]))


def _may_be_gone(landed: pl.LazyFrame | None, sifted: Sifted) -> pl.LazyFrame | None:
    """What other days landed, unless the source still gives every row of it."""
    if landed is None or landed.select(pl.len()).collect().item() == sifted.already_landed:
        return None
    return landed


def keep_inferred(table: EventTable, sifted: Sifted) -> tuple[Sifted, int]:
    """With what was inferred earlier on this day, which no source gives, kept; and how many."""
    mark = is_inferred(table)
    before = sifted.gone.filter(mark)
    kept = pl.concat([sifted.kept, before])
    return replace(sifted, kept=kept, gone=sifted.gone.filter(~mark)), before.height


def refuse_emptied(plan: MappingPlan, outcomes: Sequence[ComparedRows]) -> None:
    """Refuse a snapshot that misses too much to have been read whole.

    Raises:
        BadSource: It shows nothing, or more is missing than ``most_vanished`` allows.
    """
    running = sum(outcome.running for outcome in outcomes)
    absent = sum(outcome.absent for outcome in outcomes)
    too_many = absent > 1 and absent > plan.most_vanished * running
    if plan.opened and absent and (too_many or absent == running == 1):
        raise BadSource(
            f"the snapshot no longer shows {absent:,} of the {running:,} subscriptions that were "
            "running; was it cut off? Nothing of it has landed. If they did end, add "
            f"most_vanished = {ceil(100 * absent / running) / 100} to the input, for this extract"
        )


def _otherwise(table: EventTable, new: pl.DataFrame, stored: pl.LazyFrame) -> pl.DataFrame:
    """Of the new events those that landed before with other words."""
    if not table.thing or new.is_empty():
        return new.clear()
    thing = pl.col(table.thing).is_not_null()
    found = new.lazy().filter(thing).join(stored.select(key(table)), on=key(table), how="semi")
    return found.collect()


def _as_snapshot(sifted: Sifted, otherwise: pl.DataFrame) -> Sifted:
    """What is described otherwise does not land again, as the change does; what landed stays."""
    kept = pl.concat([sifted.kept, sifted.gone])
    return replace(_without(sifted, otherwise), kept=kept, gone=sifted.gone.clear())


def _without(sifted: Sifted, otherwise: pl.DataFrame) -> Sifted:
    """Without the new events that are told otherwise: they count as landed."""
    plain = otherwise.filter(~pl.col("kind").is_in(_REASONED))
    new = sifted.new.join(
        plain, on=plain.columns, how="anti", nulls_equal=True, maintain_order="left"
    )
    landed = sifted.already_landed + plain.height
    return replace(sifted, new=new, already_landed=landed)


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


def _with_lost(sifted: Sifted, named: pl.DataFrame) -> Sifted:
    """What this day's file holds of the subscriptions (``THING``) stays, given or not."""
    lost, gone = _split(sifted.gone, named, THING)
    return replace(sifted, kept=pl.concat([sifted.kept, lost]), gone=gone)


def _split(
    rows: pl.DataFrame, others: pl.DataFrame, on: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are among the others by ``on``, and those that are not, in their order."""
    among, rest = (
        rows.join(others, on=on, how=how, nulls_equal=True, maintain_order="left")
        for how in ("semi", "anti")
    )
    return among, rest


def _inferred(
    stored: pl.DataFrame, new: pl.DataFrame, known: pl.DataFrame, read: pl.DataFrame, on: Source
) -> Inferred:
    """What a snapshot shows beside what has landed by now."""
    every, moment = pl.concat([stored, new]), before(on.until)
    # Of what a row says that breaks a rule nothing is known: it stays as it landed.
    unsure, named = doubted(read)
    sure = every.join(unsure, on=THING, how="anti")
    seen = _seen(read)
    found = compare(
        sure, known.join(unsure, on=THING, how="anti"), seen, moment, whole=on.whole and named
    )
    return _with(found, handed_over(sure, seen, on.new, moment))


def _seen(read: pl.DataFrame) -> pl.DataFrame:
    return read.select(THING).unique()
