"""One table in one extract: what is new lands, each event as known when it could first be read."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.intake.earlier import Earlier, earlier
from sources.intake.mapping import SourceMapping
from sources.intake.plan import Plan
from sources.intake.reading import BadSource
from sources.intake.report import TableReport
from sources.intake.sift import Sifted, rejected_rows, sift
from sources.landing import land, land_rejected, landed_files, read_table


def extract_table(plan: Plan, asked: SourceMapping, until: datetime, landing: Path) -> TableReport:
    """Land one table, whole, as what the day of ``until`` holds of it.

    Raises:
        BadSource: The source no longer gives events that the day's file holds. Nothing landed.
        PolarsError: Its values do not fit what the mapping does with them. Nothing landed.
    """
    table, day = plan.table, until.date()
    past = earlier(landing, table, asked.fingerprint(table.name), day)
    others = read_table(landing, table, without=day)
    sifted = sift(table, plan.found, others, past.held, until)
    if sifted.gone.height:
        raise BadSource(_lost(sifted.gone, past, until, landed_files(landing, table)[day]))
    new, late = _as_first_readable(sifted.new, past.since)
    events = pl.concat([sifted.kept, new])
    missed = past.degraded and not events.filter(pl.col("known_at") >= until).is_empty()
    report = _account(plan, sifted, late, complete=plan.complete and not missed)
    broken = rejected_rows(plan.found, sifted.broken)
    land_rejected(landing, table, day, pl.concat([plan.broken_lines, broken]))
    land(landing, table, day, events)
    return report


def _lost(gone: pl.DataFrame, past: Earlier, until: datetime, file: Path) -> str:
    later = past.since is not None and past.since > until
    price = f"; all that lands then counts as known from {past.since:%Y-%m-%d} on" if later else ""
    one = gone.sort("happened_at", "kind").row(0, named=True)
    return (
        f"the source no longer gives {gone.height:,} of the {past.held.height:,} events that "
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


def _account(plan: Plan, sifted: Sifted, late: int, *, complete: bool) -> TableReport:
    lines, rows = plan.broken_lines, plan.rows
    return TableReport(
        table=plan.table.name,
        files=tuple(part.file for part in plan.parts),
        rows=rows,
        skipped=rows - lines.height - plan.kept,
        events=sifted.events + lines.height,
        landed=sifted.kept.height + sifted.new.height,
        late=late,
        already_landed=sifted.already_landed,
        not_yet_known=sifted.not_yet_known,
        rejected=dict(sorted(Counter([*lines["rule"], *sifted.broken["rule"]]).items())),
        notes=plan.notes,
        complete=complete,
    )
