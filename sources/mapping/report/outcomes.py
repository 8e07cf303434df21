"""What became of the events of a table, range by range, added up to its report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.mapping.compared import ComparedRows
from perdura.sources.mapping.earlier import EarlierExtracts
from perdura.sources.mapping.plan import MappingPlan
from perdura.sources.mapping.report.examples import examples
from perdura.sources.mapping.report.report import TableReport
from perdura.sources.mapping.report.row_counts import count_rows, summed
from perdura.sources.mapping.vanished import Vanished, example


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
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


def outcome_of(
    result: ComparedRows, late: int, ties: int, *, missed: bool, versions: bool, before: int
) -> Outcome:
    """What became of a range; ``before``: what was inferred earlier on this day, and is kept."""
    sifted = result.sifted
    return Outcome(
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


def lost_events(
    outcomes: Sequence[Outcome], past: EarlierExtracts, until: datetime, file: Path
) -> str:
    """Why a day cannot be extracted again whose events the source gives no longer, and what to do.

    Args:
        outcomes: Of the ranges; at least one has events that are gone.
        past: What earlier extracts have made of the table.
        until: Of the extract.
        file: What holds the day's events.
    """
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


def table_report(
    plan: MappingPlan,
    rows: int,
    outcomes: Sequence[Outcome],
    lines: pl.DataFrame,
    *,
    complete: bool,
    notes: Sequence[str] = (),
) -> TableReport:
    """What became of every row and event of a table.

    Args:
        plan: The table.
        rows: How many rows its files have after joins.
        outcomes: Of its ranges.
        lines: Lines that are no rows; schema ``REJECTED``.
        complete: As of the report.
        notes: More of them.
    """
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
        notes=(*plan.notes, *notes, *_hint(plan, outcomes)),
        in_rows=count_rows(plan.read_rows, lines.height, plan.kept_rows, fates),
        examples=tuple(examples(plan, lines, broken)),
        complete=complete,
    )


def _hint(plan: MappingPlan, outcomes: Sequence[Outcome]) -> list[str]:
    """What to write where the source may show the latest state alone."""
    gone = any(outcome.vanished.count for outcome in outcomes)
    if plan.snapshots or not gone or plan.table is not SUBSCRIPTIONS:
        return []
    what = "if the source shows only the latest state of each subscription, add snapshot = true"
    return [f"what is no longer given counts all the same; {what} to its section"]
