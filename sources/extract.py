"""One extract: what the sources have come to know by a date lands, and nothing else changes."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from sources.events import EventTable
from sources.intake.expressions import first_line
from sources.intake.mapping import BadMapping, SourceMapping, read_mapping
from sources.intake.plan import Plan, plan_tables
from sources.intake.reading import BadSource
from sources.intake.report import Report, TableReport
from sources.intake.sift import Sifted, rejected_rows, sift
from sources.landing import (
    Day,
    finish_day,
    land,
    land_rejected,
    landed_files,
    read_days,
    read_table,
)

Progress = Callable[[int, int, str], None]


class IncompleteExtract(BadSource):
    """Some tables could not be read. ``report`` says which; the others have landed."""

    def __init__(self, report: Report) -> None:
        super().__init__("; ".join(report.problems))
        self.report = report


def extract(
    mapping: Path, *, until: datetime, landing: Path, progress: Progress | None = None
) -> Report:
    """Land what became known before ``until`` and lies in no other day's file.

    An extract belongs to the day of ``until`` (UTC). Done again it replaces that day's files
    and touches no others; from the same sources it writes the same bytes. A table lands whole
    or not at all. An event that turns up after the extract that should have seen it lands as
    known at that extract's end: before then we could not have read it.

    Args:
        mapping: The mapping file.
        until: Exclusive; with a time zone.
        landing: The landing folder.
        progress: Told (tables done, tables in all, the table at hand or nothing at the end).

    Raises:
        BadMapping: The mapping asks for something that is not there. Nothing has landed.
        IncompleteExtract: A source is missing or unreadable. The other tables have landed.
    """
    if until.tzinfo is None:
        raise ValueError(f"until is {until}, of no time zone; give a moment in UTC")
    until = until.astimezone(UTC)
    asked = read_mapping(mapping)
    _refuse_changed(asked, landing, until)
    plans, problems = plan_tables(asked, until)
    reports, total = [], len(plans)
    for at, name in enumerate(list(plans)):
        if progress:
            progress(at, total, name)
        try:
            reports.append(_extract_table(plans.pop(name), until, landing))
        except pl.exceptions.PolarsError as error:
            problems[name] = (
                f"{mapping.name}, section [{name}]: {first_line(error)}; give the column a type, "
                "as in types = { amount = 'number' }, and such rows are rejected and counted"
            )
    if progress:
        progress(total, total, "")
    return _finish(asked, until, landing, reports, problems)


def _extract_table(plan: Plan, until: datetime, landing: Path) -> TableReport:
    table, day = plan.table, until.date()
    sifted = sift(table, plan.found, read_table(landing, table, without=day), until)
    new, late = _as_first_readable(sifted.new, _read_until(landing, table, until))
    report = _account(plan, sifted, late)
    broken = rejected_rows(plan.found, sifted.broken)
    land_rejected(landing, table, day, pl.concat([plan.broken_lines, broken]))
    land(landing, table, day, new)
    return report


def _read_until(landing: Path, table: EventTable, until: datetime) -> datetime | None:
    """Until when earlier extracts have read the table; ``None`` if none has."""
    landed = landed_files(landing, table)
    days = {day: each.until for day, each in read_days(landing).items() if day in landed}
    return max((each for day, each in days.items() if day < until.date()), default=None)


def _as_first_readable(new: pl.DataFrame, since: datetime | None) -> tuple[pl.DataFrame, int]:
    """The events, none known before ``since``, and how many claim to have been."""
    if since is None:
        return new, 0
    late = new.filter(pl.col("known_at") < since).height
    return new.with_columns(pl.col("known_at").clip(lower_bound=since)), late


def _account(plan: Plan, sifted: Sifted, late: int) -> TableReport:
    lines, rows = plan.broken_lines, plan.rows
    return TableReport(
        table=plan.table.name,
        files=tuple(part.file for part in plan.parts),
        rows=rows,
        skipped=rows - lines.height - plan.kept,
        events=sifted.events + lines.height,
        landed=sifted.new.height,
        late=late,
        already_landed=sifted.already_landed,
        not_yet_known=sifted.not_yet_known,
        rejected=dict(sorted(Counter([*lines["rule"], *sifted.broken["rule"]]).items())),
        notes=plan.notes,
        complete=plan.complete,
    )


def _finish(
    asked: SourceMapping,
    until: datetime,
    landing: Path,
    reports: list[TableReport],
    problems: dict[str, str],
) -> Report:
    """Remember the day, and raise for the tables that could not be read."""
    landed = {each.table for each in reports if each.complete and each.landed + each.already_landed}
    report = Report(
        until=until,
        tables=tuple(reports),
        degraded=tuple(name for name in asked.tables if name not in landed),
        problems=tuple(problems.values()),
    )
    marks = {each.table: asked.fingerprint(each.table) for each in reports}
    finish_day(landing, until.date(), Day(until, report.degraded, marks))
    if problems:
        raise IncompleteExtract(report)
    return report


def _refuse_changed(asked: SourceMapping, landing: Path, until: datetime) -> None:
    """Under a changed mapping every old event would look new, and land twice."""
    for day, each in read_days(landing).items():
        for name in asked.tables.keys() & each.mappings.keys():
            changed = asked.fingerprint(name) != each.mappings[name]
            if changed and day != until.date() and (landing / name).exists():
                raise BadMapping(
                    f"{asked.path.name}: section [{name}] has changed since it landed on {day}; "
                    f"to land it afresh, all of it, delete the folder {landing / name}"
                )
