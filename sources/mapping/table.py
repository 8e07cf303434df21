"""One table in one extract: what is new lands, each event as known when it could first be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS, EventTable
from perdura.sources.inferred import inferred_before
from perdura.sources.landing.files import stored_order
from perdura.sources.landing.landing import Landing
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
from perdura.sources.mapping.report.row_counts import count_rows, summed
from perdura.sources.mapping.sift import rejected_rows, sift
from perdura.sources.mapping.snapshot import before
from perdura.sources.mapping.values.repeated_hour import openings_first
from perdura.sources.mapping.vanished import Vanished, example
from perdura.sources.ties import contested
from perdura.sources.versions import has_versions, key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What became of the events of a range of people; ``lost`` is the oldest that is gone.

    It holds no rows that land: these are in memory for one range at a time.
    """

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
    vanished: Vanished
    otherwise: int
    running: int
    absent: int
    inferred: int
    versions: bool
    fates: pl.DataFrame


def extract_table(
    plan: MappingPlan,
    mapping: SourceMapping,
    until: datetime,
    landing: Landing,
    rows_at_a_time: int,
) -> TableReport:
    """Land one table, whole, as what the day of ``until`` holds of it.

    Its people are taken a range of buckets at a time, so memory does not grow with their number.

    Raises:
        BadSource: The source no longer gives events that the day's file holds. Nothing landed.
        BrokenTombstones: The list of forgotten accounts cannot be read. Nothing landed.
        PolarsError: Its values do not fit what the mapping does with them. Nothing landed.
    """
    table, day, tombstones = plan.table, until.date(), landing.tombstones()
    lines = blank_forgotten(plan.broken_lines, tombstones)
    past = earlier(landing, table, mapping.fingerprint(table.name), day)
    rows, spare = plan.rows, landing.ranges(table)
    looked_at = rows + past.held_rows + past.landed_rows
    latest = past.has_none_after(until)
    snapshots = snapshots_of(plan, landing, until, tombstones) if latest else None
    # What is shown is kept last: an extract that stops before is compared with the one before.
    with keeping(snapshots, landing, until) as keep, landing.writer(table, day) as write:
        outcomes: list[_Outcome] = []
        with in_ranges(table, plan.found, spare, looked_at, rows_at_a_time) as all_ranges:
            ranges = without_bad_merges(table, all_ranges, past.landed, past.held)
            on = _source(plan, ranges, past, until, snapshots)
            for part, found in zip(ranges.parts, ranges.found, strict=True):
                own = past.for_part(part)
                events, shown, outcome = _range(table, found, own, on.for_part(part), tombstones)
                write(events)
                keep(shown)
                outcomes.append(outcome)
        if any(outcome.gone for outcome in outcomes):
            raise BadSource(_lost(outcomes, past, until, landing.files(table)[day]))
        running = sum(outcome.running for outcome in outcomes)
        refuse_emptied(plan, running, sum(outcome.absent for outcome in outcomes))
        missed = past.degraded and any(outcome.missed for outcome in outcomes)
        broken = pl.concat([outcome.broken for outcome in outcomes])
        report = _account(plan, rows, outcomes, lines, complete=plan.complete and not missed)
        landing.land_rejected(table, day, pl.concat([lines, rejected_rows(plan.found, broken)]))
    if not plan.beside_log:
        forget_shown(landing, table)
    return report


def _range(
    table: EventTable,
    found: pl.LazyFrame,
    past: EarlierExtracts,
    on: Source,
    tombstones: Tombstones,
) -> tuple[pl.DataFrame, pl.DataFrame | None, _Outcome]:
    """What lands of a range, in ``stored_order``; what snapshots show of it; what became of it."""
    read = openings_first(table, found.collect(engine="streaming"))
    read = refuse_forgotten(read, tombstones)
    held = None
    if past.held is not None:
        # What was inferred at this very end, when the day was done before, is told anew.
        held = inferred_before(table, past.held, before(on.until)).collect()
    read = refuse_no_length(table, read, past.landed, held, on.until)
    sifted, inferred = keep_inferred(table, sift(table, read, past.landed, held, on.until))
    result = compared(table, sifted, read, past.landed, held=held, on=on)
    # Moments at which the state before decides the order of a subscription's events.
    decides = table is SUBSCRIPTIONS
    ties = contested(read.filter(pl.col("rule").is_null())).height if decides else 0
    del read
    new, late = _as_first_readable(result.sifted.new, past.since)
    events = pl.concat([result.sifted.kept, new, result.inferred])
    if late or events.height > result.sifted.new.height or result.otherwise:
        events = events.sort(stored_order(table), nulls_last=True)
    missed = not events.filter(pl.col("known_at") >= on.until).is_empty()
    versions = has_versions(table, events, past.landed)
    outcome = _outcome(result, late, ties, missed=missed, versions=versions, before=inferred)
    return events, result.shown, outcome


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
        latest=past.has_none_after(until),
        snapshot=plan.snapshot,
        whole=plan.whole,
        new=given,
        beside_log=snapshots,
    )


def _outcome(
    result: ComparedRows, late: int, ties: int, *, missed: bool, versions: bool, before: int
) -> _Outcome:
    """What became of a range; ``before``: what was inferred earlier on this day, and is kept."""
    sifted = result.sifted
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
        vanished=result.vanished,
        otherwise=result.otherwise,
        running=result.running,
        absent=result.absent,
        inferred=result.inferred.height + before,
        versions=versions,
        fates=sifted.fates,
    )


def _lost(outcomes: Sequence[_Outcome], past: EarlierExtracts, until: datetime, file: Path) -> str:
    later = past.since is not None and past.since > until
    price = f"; all that lands then counts as known from {past.since:%Y-%m-%d} on" if later else ""
    lost = pl.concat([outcome.lost for outcome in outcomes]).sort("happened_at", "kind")
    one = lost.row(0, named=True)
    gone, held = sum(outcome.gone for outcome in outcomes), past.held_rows
    return (
        f"the source no longer gives {gone:,} of the {held:,} events that "
        f"landed on {file.stem}, such as {one['kind']} of {one['happened_at']:%Y-%m-%d %H:%M} UTC; "
        f"they are left as they landed. To drop them on purpose delete {file} and extract "
        f"again{price}"
    )


def _hint(plan: MappingPlan, outcomes: Sequence[_Outcome]) -> list[str]:
    """What to write where the source may show the latest state alone."""
    gone = any(outcome.vanished.count for outcome in outcomes)
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
    *,
    complete: bool,
) -> TableReport:
    fates = summed([outcome.fates for outcome in outcomes], spread=plan.spreads)
    broken = pl.concat([outcome.broken for outcome in outcomes])
    rejected = pl.concat([lines["rule"], broken["rule"]]).value_counts().sort("rule")
    return TableReport(
        table=plan.table.name,
        files=tuple(part.file for part in plan.parts),
        rows=rows,
        skipped=rows - lines.height - plan.kept,
        events=sum(outcome.events for outcome in outcomes) + lines.height,
        landed=sum(outcome.landed for outcome in outcomes),
        late=sum(outcome.late for outcome in outcomes),
        already_landed=sum(outcome.already_landed for outcome in outcomes),
        not_yet_known=sum(outcome.not_yet_known for outcome in outcomes),
        rejected=dict(rejected.iter_rows()),
        ties=sum(outcome.ties for outcome in outcomes),
        vanished=sum(outcome.vanished.count for outcome in outcomes),
        vanished_example=example([outcome.vanished for outcome in outcomes]),
        otherwise=sum(outcome.otherwise for outcome in outcomes),
        inferred=sum(outcome.inferred for outcome in outcomes),
        once=not any(outcome.versions for outcome in outcomes),
        notes=(*plan.notes, *_hint(plan, outcomes)),
        in_rows=count_rows(plan.read_rows, lines.height, plan.kept_rows, fates),
        examples=tuple(examples(plan, lines, broken)),
        complete=complete,
    )
