"""One table in one extract: what is new lands, each event as known when it could first be read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS, EventTable
from perdura.sources.inferred import inferred_before
from perdura.sources.landing.files import stored_order
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import BUCKET, Part
from perdura.sources.landing.shown import forget_shown
from perdura.sources.landing.tombstones import (
    Tombstones,
    blank_forgotten,
    refuse_forgotten,
)
from perdura.sources.mapping.beside_log import Snapshots, keeping, snapshots_of
from perdura.sources.mapping.checks.merge_rules import without_bad_merges
from perdura.sources.mapping.checks.no_length import refuse_no_length
from perdura.sources.mapping.compared import (
    ComparedRows,
    Source,
    compared,
    keep_inferred,
    refuse_emptied,
)
from perdura.sources.mapping.earlier import EarlierExtracts, earlier
from perdura.sources.mapping.files.reading import BadSource
from perdura.sources.mapping.mapping import SourceMapping
from perdura.sources.mapping.plan import MappingPlan
from perdura.sources.mapping.ranges import Ranges, in_ranges
from perdura.sources.mapping.report.examples import examples
from perdura.sources.mapping.report.report import TableReport
from perdura.sources.mapping.report.row_counts import RowCounts, count_rows, summed
from perdura.sources.mapping.sift import rejected_rows, sift
from perdura.sources.mapping.snapshot import before
from perdura.sources.mapping.values.repeated_hour import openings_first
from perdura.sources.mapping.vanished import example
from perdura.sources.ties import contested
from perdura.sources.versions import has_versions, key


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
    compared: ComparedRows
    inferred: int
    versions: bool
    fates: pl.DataFrame


def extract_table(
    plan: MappingPlan, asked: SourceMapping, until: datetime, landing: Landing, rows_at_a_time: int
) -> TableReport:
    """Land one table, whole, as what the day of ``until`` holds of it.

    Its people are taken a range of buckets at a time, so memory does not grow with their number.

    Raises:
        BadSource: The source no longer gives events that the day's file holds. Nothing landed.
        BrokenTombstones: Nobody knows who was forgotten. Nothing landed.
        PolarsError: Its values do not fit what the mapping does with them. Nothing landed.
    """
    table, day, tombstones = plan.table, until.date(), landing.tombstones()
    lines = blank_forgotten(plan.broken_lines, tombstones)
    past = earlier(landing, table, asked.fingerprint(table.name), day)
    spare, rows = landing.ranges(table), plan.rows
    looked_at = rows + past.held_rows + past.landed_rows
    latest = past.since is None or past.since <= until
    snapshots = snapshots_of(plan, landing, until, tombstones) if latest else None
    # What is shown is kept last: an extract that stops before is compared with the one before.
    with keeping(snapshots, landing, until) as keep, landing.writer(table, day) as write:
        outcomes: list[_Outcome] = []
        with in_ranges(table, plan.found, spare, looked_at, rows_at_a_time) as all_ranges:
            ranges = without_bad_merges(table, all_ranges, past.landed, past.held)
            on = _source(plan, ranges, past, until, snapshots)
            for events, outcome in _range_by_range(table, ranges, past, on, tombstones):
                write(events)
                keep(outcome.compared.shown)
                outcomes.append(outcome)
        if any(each.gone for each in outcomes):
            raise BadSource(_lost(outcomes, past, until, landing.files(table)[day]))
        refuse_emptied(plan, [each.compared for each in outcomes])
        missed = past.degraded and any(each.missed for each in outcomes)
        broken = pl.concat([each.broken for each in outcomes])
        complete = plan.complete and not missed
        report = _account(plan, rows, outcomes, lines, broken, complete=complete)
        refused = rejected_rows(plan.found, broken)
        landing.land_rejected(table, day, pl.concat([lines, refused]))
    if not plan.beside_log:
        forget_shown(landing, table)
    return report


def _range_by_range(
    table: EventTable, ranges: Ranges, past: EarlierExtracts, on: Source, tombstones: Tombstones
) -> Iterator[tuple[pl.DataFrame, _Outcome]]:
    """What lands of each range, in ``stored_order``, and what became of all of it."""
    for part, found in zip(ranges.parts, ranges.found, strict=True):
        landed, held = _of(part, past.landed), _of(part, past.held)
        read = openings_first(table, found.collect(engine="streaming"))
        read = refuse_forgotten(read, tombstones)
        # What was inferred at this very end, when the day was done before, is told anew.
        given = None if held is None else inferred_before(table, held, before(on.until)).collect()
        read = refuse_no_length(table, read, landed, given, on.until)
        sifted, inferred = keep_inferred(table, sift(table, read, landed, given, on.until))
        told = compared(table, sifted, read, landed, held=given, on=on.of(part))
        ties = _ties(table, read)
        del read
        new, late = _as_first_readable(told.sifted.new, past.since)
        events = pl.concat([told.sifted.kept, new, told.inferred])
        if late or events.height > told.sifted.new.height or told.otherwise:
            events = events.sort(stored_order(table), nulls_last=True)
        missed = not events.filter(pl.col("known_at") >= on.until).is_empty()
        versions = has_versions(table, events, landed)
        yield events, _outcome(told, late, ties, missed=missed, versions=versions, before=inferred)


def _source(
    plan: MappingPlan,
    ranges: Ranges,
    past: EarlierExtracts,
    until: datetime,
    snapshots: Snapshots | None,
) -> Source:
    """What the ranges of people are compared on."""
    given = pl.concat(ranges.found).filter(pl.col("rule").is_null(), pl.col("known_at") < until)
    if past.landed is not None:
        given = given.join(past.landed, on=key(plan.table) or ["kind"], how="anti")
    return Source(
        until=until,
        latest=past.since is None or past.since <= until,
        snapshot=plan.snapshot,
        whole=plan.whole,
        new=given,
        beside_log=snapshots,
    )


def _ties(table: EventTable, read: pl.DataFrame) -> int:
    """At how many moments the state before decides in which order a subscription's events were."""
    if table is not SUBSCRIPTIONS:
        return 0
    return contested(read.filter(pl.col("rule").is_null())).height


def _of(part: Part, stored: pl.LazyFrame | None) -> pl.LazyFrame | None:
    return stored if stored is None else stored.filter(part.has(pl.col(BUCKET)))


def _outcome(
    told: ComparedRows, late: int, ties: int, *, missed: bool, versions: bool, before: int
) -> _Outcome:
    """What became of a range; ``before``: what was inferred earlier on this day, and is kept."""
    sifted = told.sifted
    return _Outcome(
        events=sifted.events - before,
        landed=sifted.kept.height - before + sifted.new.height,
        late=late,
        already_landed=sifted.already_landed,
        not_yet_known=sifted.not_yet_known,
        missed=missed,
        broken=sifted.broken,
        gone=sifted.gone.height,
        lost=sifted.gone.sort("happened_at", "kind").select("happened_at", "kind").head(1),
        ties=ties,
        compared=told,
        inferred=told.inferred.height + before,
        versions=versions,
        fates=sifted.fates,
    )


def _lost(outcomes: Sequence[_Outcome], past: EarlierExtracts, until: datetime, file: Path) -> str:
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


def _hint(plan: MappingPlan, outcomes: Sequence[_Outcome]) -> list[str]:
    """What to write where the source may show the latest state alone."""
    gone = any(each.compared.vanished.count for each in outcomes)
    if plan.snapshots or not gone or plan.table is not SUBSCRIPTIONS:
        return []
    what = "if the source shows only the latest state of each subscription, add snapshot = true"
    return [f"what is no longer given counts all the same; {what} to its section"]


def _as_first_readable(new: pl.DataFrame, since: datetime | None) -> tuple[pl.DataFrame, int]:
    """The events, none known before ``since``, and how many claim to have been."""
    if since is None:
        return new, 0
    late = new.filter(pl.col("known_at") < since).height
    return new.with_columns(pl.col("known_at").clip(lower_bound=since)), late


def _account(
    plan: MappingPlan,
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
        vanished=sum(each.compared.vanished.count for each in outcomes),
        vanished_example=example([each.compared.vanished for each in outcomes]),
        otherwise=sum(each.compared.otherwise for each in outcomes),
        inferred=sum(each.inferred for each in outcomes),
        once=not any(each.versions for each in outcomes),
        notes=(*plan.notes, *_hint(plan, outcomes)),
        in_rows=_in_rows(plan, lines.height, outcomes),
        examples=tuple(examples(plan, lines, broken)),
        complete=complete,
    )


def _in_rows(plan: MappingPlan, lines: int, outcomes: Sequence[_Outcome]) -> RowCounts:
    many = summed([each.fates for each in outcomes], spread=plan.spreads)
    return count_rows(plan.read_rows, lines, plan.kept_rows, many)
