"""One table in one extract: what is new lands, each event as known when it could first be read."""

from datetime import datetime

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
from perdura.sources.mapping.changed_connector import by_changed_connector, refuse_moved
from perdura.sources.mapping.checks.merge_rules import without_bad_merges
from perdura.sources.mapping.checks.no_length import refuse_no_length
from perdura.sources.mapping.compared import (
    Source,
    compared,
    keep_inferred,
    refuse_emptied,
)
from perdura.sources.mapping.earlier import EarlierExtracts, earlier
from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.mapping import SourceMapping
from perdura.sources.mapping.plan import MappingPlan
from perdura.sources.mapping.ranges import Ranges, in_ranges
from perdura.sources.mapping.report.outcomes import (
    Outcome,
    lost_events,
    outcome_of,
    table_report,
)
from perdura.sources.mapping.report.report import TableReport
from perdura.sources.mapping.sift import rejected_rows, sift
from perdura.sources.mapping.snapshot import before
from perdura.sources.mapping.values.repeated_hour import openings_first
from perdura.sources.ties import contested
from perdura.sources.versions import has_versions, key


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
    fingerprint, connectors = mapping.fingerprint(table.name), mapping.connectors_of(table.name)
    past = earlier(landing, table, fingerprint, connectors, day)
    rows, spare = plan.rows, landing.ranges(table)
    looked_at = rows + past.held_rows + past.landed_rows
    latest = past.has_none_after(until)
    snapshots = snapshots_of(plan, landing, until, tombstones) if latest else None
    # What is shown is kept last: an extract that stops before is compared with the one before.
    with keeping(snapshots, landing, until) as keep, landing.writer(table, day) as write:
        outcomes: list[Outcome] = []
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
            raise BadSource(lost_events(outcomes, past, until, landing.files(table)[day]))
        running = sum(outcome.running for outcome in outcomes)
        refuse_moved(table, past, outcomes, landing)
        refuse_emptied(plan, running, sum(outcome.absent for outcome in outcomes))
        missed = past.degraded and any(outcome.missed for outcome in outcomes)
        broken = pl.concat([outcome.broken for outcome in outcomes])
        complete = plan.complete and not missed
        notes = by_changed_connector(past)
        report = table_report(plan, rows, outcomes, lines, complete=complete, notes=notes)
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
) -> tuple[pl.DataFrame, pl.DataFrame | None, Outcome]:
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
    outcome = outcome_of(result, late, ties, missed=missed, versions=versions, before=inferred)
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
        partial=plan.is_partial,
        new=given,
        beside_log=snapshots,
        reread_since=past.since if past.changed else None,
    )


def _as_first_readable(new: pl.DataFrame, since: datetime | None) -> tuple[pl.DataFrame, int]:
    """The events, none known before ``since``, and how many claim to have been."""
    if since is None:
        return new, 0
    late = new.filter(pl.col("known_at") < since).height
    return new.with_columns(pl.col("known_at").clip(lower_bound=since)), late
