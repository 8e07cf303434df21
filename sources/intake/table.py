"""One table in one extract: what is new lands, each event as known when it could first be read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.events import SUBSCRIPTIONS, EventTable
from sources.files import landed_files, stored_order
from sources.intake.earlier import Earlier, earlier
from sources.intake.examples import examples
from sources.intake.mapping import SourceMapping
from sources.intake.plan import Plan
from sources.intake.ranges import Ranges, in_ranges
from sources.intake.reading import BadSource
from sources.intake.report import TableReport
from sources.intake.row_counts import RowCounts, count_rows, summed
from sources.intake.sift import Sifted, rejected_rows, sift
from sources.landing import land_rejected, landing_of
from sources.partition import BUCKET, Part
from sources.ties import contested
from sources.tombstones import (
    Tombstones,
    blank_forgotten,
    read_tombstones,
    refuse_forgotten,
)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of the events of a range of people; ``lost`` is the oldest that is gone."""

    events: int
    landed: int
    late: int
    already_landed: int
    not_yet_known: int
    missed: bool
    broken: pl.DataFrame
    gone: int
    lost: pl.DataFrame
    ties: int
    fates: pl.DataFrame


def extract_table(
    plan: Plan, asked: SourceMapping, until: datetime, landing: Path, rows_at_a_time: int
) -> TableReport:
    """Land one table, whole, as what the day of ``until`` holds of it.

    Its people are taken a range of buckets at a time, so memory does not grow with their number.

    Raises:
        BadSource: The source no longer gives events that the day's file holds. Nothing landed.
        BrokenTombstones: Nobody knows who was forgotten. Nothing landed.
        PolarsError: Its values do not fit what the mapping does with them. Nothing landed.
    """
    table, day, tombstones = plan.table, until.date(), read_tombstones(landing)
    lines = blank_forgotten(plan.broken_lines, tombstones)
    past = earlier(landing, table, asked.fingerprint(table.name), day)
    spare, rows = landing / f"{table.name}.ranges", plan.rows
    compared = rows + past.held_rows + past.landed_rows
    with landing_of(landing, table, day) as write:
        outcomes: list[_Outcome] = []
        with in_ranges(table, plan.found, spare, compared, rows_at_a_time) as ranges:
            for events, outcome in _range_by_range(table, ranges, past, until, tombstones):
                write(events)
                outcomes.append(outcome)
        if any(each.gone for each in outcomes):
            raise BadSource(_lost(outcomes, past, until, landed_files(landing, table)[day]))
        missed = past.degraded and any(each.missed for each in outcomes)
        broken = pl.concat([each.broken for each in outcomes])
        complete = plan.complete and not missed
        report = _account(plan, rows, outcomes, lines, broken, complete=complete)
        refused = rejected_rows(plan.found, broken)
        land_rejected(landing, table, day, pl.concat([lines, refused]))
    return report


def _range_by_range(
    table: EventTable, ranges: Ranges, past: Earlier, until: datetime, tombstones: Tombstones
) -> Iterator[tuple[pl.DataFrame, _Outcome]]:
    """What lands of each range, in ``stored_order``, and what became of all of it."""
    for part, found in zip(ranges.parts, ranges.found, strict=True):
        landed, held = _of(part, past.landed), _of(part, past.held)
        read = refuse_forgotten(found.collect(engine="streaming"), tombstones)
        sifted = sift(table, read, landed, None if held is None else held.collect(), until)
        ties = _ties(table, read)
        del read
        new, late = _as_first_readable(sifted.new, past.since)
        events = new if sifted.kept.is_empty() else pl.concat([sifted.kept, new])
        if late or sifted.kept.height:
            events = events.sort(stored_order(table), nulls_last=True)
        missed = not events.filter(pl.col("known_at") >= until).is_empty()
        yield events, _outcome(sifted, late, ties, missed=missed)


def _ties(table: EventTable, read: pl.DataFrame) -> int:
    """At how many moments the state before decides in which order a subscription's events were."""
    if table is not SUBSCRIPTIONS:
        return 0
    return contested(read.filter(pl.col("rule").is_null())).height


def _of(part: Part, stored: pl.LazyFrame | None) -> pl.LazyFrame | None:
    return stored if stored is None else stored.filter(part.has(pl.col(BUCKET)))


def _outcome(sifted: Sifted, late: int, ties: int, *, missed: bool) -> _Outcome:
    return _Outcome(
        events=sifted.events,
        landed=sifted.kept.height + sifted.new.height,
        late=late,
        already_landed=sifted.already_landed,
        not_yet_known=sifted.not_yet_known,
        missed=missed,
        broken=sifted.broken,
        gone=sifted.gone.height,
        lost=sifted.gone.sort("happened_at", "kind").select("happened_at", "kind").head(1),
        ties=ties,
        fates=sifted.fates,
    )


def _lost(outcomes: Sequence[_Outcome], past: Earlier, until: datetime, file: Path) -> str:
    later = past.since is not None and past.since > until
    price = f"; all that lands then counts as known from {past.since:%Y-%m-%d} on" if later else ""
    one = pl.concat([each.lost for each in outcomes]).sort("happened_at", "kind").row(0, named=True)
    gone, held = sum(each.gone for each in outcomes), past.held_rows
    return (
        f"the source no longer gives {gone:,} of the {held:,} events that "
        f"landed on {file.stem}, such as {one['kind']} of {one['happened_at']:%Y-%m-%d %H:%M} UTC; "
        f"they are left as they landed. To drop them on purpose delete {file} and extract "
        f"again{price}"
    )


def _as_first_readable(new: pl.DataFrame, since: datetime | None) -> tuple[pl.DataFrame, int]:
    """The events, none known before ``since``, and how many claim to have been."""
    if since is None:
        return new, 0
    late = new.filter(pl.col("known_at") < since).height
    return new.with_columns(pl.col("known_at").clip(lower_bound=since)), late


def _account(
    plan: Plan,
    rows: int,
    outcomes: Sequence[_Outcome],
    lines: pl.DataFrame,
    broken: pl.DataFrame,
    *,
    complete: bool,
) -> TableReport:
    rejected = Counter(dict(lines["rule"].value_counts().iter_rows()))
    rejected.update(dict(broken["rule"].value_counts().iter_rows()))
    return TableReport(
        table=plan.table.name,
        files=tuple(part.file for part in plan.parts),
        rows=rows,
        skipped=rows - lines.height - plan.kept,
        events=sum(each.events for each in outcomes) + lines.height,
        landed=sum(each.landed for each in outcomes),
        late=sum(each.late for each in outcomes),
        already_landed=sum(each.already_landed for each in outcomes),
        not_yet_known=sum(each.not_yet_known for each in outcomes),
        rejected=dict(sorted(rejected.items())),
        ties=sum(each.ties for each in outcomes),
        in_rows=_in_rows(plan, lines.height, outcomes),
        examples=tuple(examples(plan, lines, broken)),
        notes=plan.notes,
        complete=complete,
    )


def _in_rows(plan: Plan, lines: int, outcomes: Sequence[_Outcome]) -> RowCounts:
    many = summed([each.fates for each in outcomes], spread=plan.spreads)
    return count_rows(plan.read_rows, lines, plan.kept_rows, many)
