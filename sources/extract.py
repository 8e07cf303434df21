"""One extract: what the sources have come to know by a date lands, and nothing else changes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from perdura.progress import OnProgress, no_progress
from perdura.sources.connected import connected
from perdura.sources.connectors.connection import ApiSample
from perdura.sources.error_texts import without_values
from perdura.sources.landing.full_disk import DiskFull, is_full
from perdura.sources.landing.landing import Day, Landing
from perdura.sources.landing.locks import exclusive_lock
from perdura.sources.mapping.files.part import BROKEN, BadSource, unreadable
from perdura.sources.mapping.mapping import (
    TABLES,
    UNMAPPED,
    BadMapping,
    SourceMapping,
    read_mapping,
)
from perdura.sources.mapping.plan import MappingPlan, plan_tables
from perdura.sources.mapping.ranges import ROWS_AT_A_TIME
from perdura.sources.mapping.report.known_subscribers import known_in
from perdura.sources.mapping.report.report import Report, TableReport
from perdura.sources.mapping.table import extract_table


class IncompleteExtract(BadSource):
    """Some tables could not be read. ``report`` says which; the others have landed."""

    def __init__(self, report: Report) -> None:
        super().__init__("; ".join(report.problems))
        self.report = report


def extract(
    mapping: Path,
    *,
    until: datetime,
    landing: Landing | Path,
    progress: OnProgress | None = None,
    rows_at_a_time: int = ROWS_AT_A_TIME,
    beside: Mapping[str, Path] | None = None,
    sample: ApiSample | None = None,
) -> Report:
    """Land what became known before ``until`` and lies in no other day's file.

    An extract belongs to the day of ``until`` (UTC). Done again it replaces that day's files
    and touches no others; from the same sources it writes the same bytes. A table lands whole
    or not at all; if its source no longer gives events that the day's file holds, not at all.
    An event that turns up after an extract that should have seen it, of whatever day, lands as
    known at the newest such extract's end: before then we could not have read it. Of several
    extracts into one landing, the others wait.

    Args:
        mapping: The mapping file.
        until: Exclusive; with a time zone.
        landing: Where events land, or its folder.
        progress: Told (tables done, tables in all, the table at hand or nothing at the end),
            and (0, 1, why) if another extract has to be waited for or a connector fetches.
        rows_at_a_time: About how many rows of a table, of its source and of the landing
            together, are in memory at once, at least one. It does not change what lands.
        beside: More events, by table: a Parquet file with the contract's columns, such as of
            contacts that were written by hand. It lands as a source of the mapping does.
        sample: How much of an API to read, into a landing that is not kept; by default all.

    Raises:
        BadMapping: The mapping asks for something that is not there. Nothing has landed.
        DiskFull: There is no room to land the rest; the tables before it have landed.
        IncompleteExtract: A source is missing, unreadable or has lost what it gave this day before.
            The other tables have landed.
    """
    if until.tzinfo is None:
        raise ValueError(f"until is {until}, of no time zone; give a moment in UTC")
    landing = landing if isinstance(landing, Landing) else Landing(landing)
    until, on_progress = until.astimezone(UTC), progress or no_progress
    request = replace(read_mapping(mapping), beside=beside or {})
    with exclusive_lock(
        landing.folder, lambda: on_progress(0, 1, "waiting for another extract to end")
    ):
        landing.remove_drafts()
        with connected(request, landing, until, on_progress, sample) as source_mapping:
            plans, problems = plan_tables(source_mapping, until)
            _refuse_changed(source_mapping, landing, until)
            reports, unread = _extract_tables(
                source_mapping, plans, until, landing, on_progress, rows_at_a_time=rows_at_a_time
            )
            return _finish(source_mapping, until, landing, reports, problems | unread)


def _extract_tables(
    source_mapping: SourceMapping,
    plans: dict[str, MappingPlan],
    until: datetime,
    landing: Landing,
    on_progress: OnProgress,
    *,
    rows_at_a_time: int,
) -> tuple[list[TableReport], dict[str, str]]:
    """A report for each table that lands, and in words why each other does not."""
    reports: list[TableReport] = []
    problems: dict[str, str] = {}
    total = len(plans)
    for done, name in enumerate(list(plans)):
        on_progress(done, total, name)
        plan = plans.pop(name)
        try:
            reports.append(extract_table(plan, source_mapping, until, landing, rows_at_a_time))
        except (*BROKEN, BadSource) as error:
            if is_full(error):
                raise DiskFull(landing.folder) from error
            problems[name] = (
                f"{source_mapping.path.name}, section [{name}]: {_in_words(plan, error)}"
            )
    on_progress(total, total, "")
    return reports, problems


def _in_words(plan: MappingPlan, error: BaseException) -> str:
    if isinstance(error, BadSource):
        return str(error)
    return unreadable(plan.parts) or (
        f"{without_values(error)}; give the column a type, as in types = {{ amount = 'number' }}, "
        "and such rows are rejected and counted"
    )


def _finish(
    source_mapping: SourceMapping,
    until: datetime,
    landing: Landing,
    reports: list[TableReport],
    problems: dict[str, str],
) -> Report:
    """Remember the day, and raise for the tables that could not be read."""
    tables, because = dict[str, TableReport](), dict[str, str]()
    for read in reports:
        least = min(one.known_share for one in source_mapping.inputs[read.table])
        known = known_in(landing, TABLES[read.table], least)
        tables[read.table] = replace(read, known=known)
    # Where only changed rows are read, none of them is as good an answer as any.
    quiet = {
        name for name in tables if source_mapping.is_partial(name) and landing.until(TABLES[name])
    }
    for name in source_mapping.inputs:
        table = tables.get(name)
        if table is None:
            because[name] = "its source could not be read"
        elif why := table.why_degraded(mapped=name in source_mapping.tables and name not in quiet):
            because[name] = why
    report = Report(
        until=until,
        tables=(*tables.values(),),
        degraded=(*because,),
        because=because,
        problems=(*problems.values(),),
    )
    # What could not be read now lies there as it was read before.
    before = landing.days().get(until.date(), Day(until))
    told = [name for name, read in tables.items() if read.events or name in quiet]
    prints = {name: source_mapping.fingerprint(name) for name in told}
    versions = {name: source_mapping.connectors_of(name) for name in told}
    once = {name for name, read in tables.items() if read.once} | ({*before.once} - {*tables})
    day = Day(
        until,
        report.degraded,
        before.mappings | prints,
        (*sorted(once),),
        before.connectors | {name: own for name, own in versions.items() if own},
    )
    landing.finish_day(until.date(), day)
    if problems:
        raise IncompleteExtract(report)
    return report


def _refuse_changed(source_mapping: SourceMapping, landing: Landing, until: datetime) -> None:
    """Under a changed mapping every old event would look new, and land twice."""
    for day, extract_day in landing.days().items():
        for name in source_mapping.tables.keys() & extract_day.mappings.keys():
            changed = extract_day.mappings[name] not in (
                source_mapping.fingerprint(name),
                UNMAPPED,
            )
            if changed and day != until.date() and (landing.folder / name).exists():
                raise BadMapping(
                    f"{source_mapping.path.name}: section [{name}] has changed since it landed on "
                    f"{day}; to land it afresh, all of it, delete the folder "
                    f"{landing.folder / name}"
                )
