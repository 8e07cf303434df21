"""What the queries of a mapping give, and its objects of a store, set aside as Parquet."""

from collections.abc import Iterator
from datetime import datetime

from perdura.progress import OnProgress
from perdura.sources.databases.address import BadDatabase, read_address
from perdura.sources.databases.object_store import BadStore, stage_objects
from perdura.sources.databases.queries import Watermark, since_of
from perdura.sources.databases.staging import stage_query
from perdura.sources.events import EventTable
from perdura.sources.landing.full_disk import room_in
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.mapping import TABLES, SourceMapping
from perdura.sources.mapping.sections import Input, SourceFile
from perdura.sources.staged import StagedFrame, Unfetched


def ask_and_fetch(
    mapping: SourceMapping, landing: Landing, until: datetime, on_progress: OnProgress
) -> dict[str, StagedFrame | Unfetched]:
    """What queries and object stores give, by ``fetched_as``; each is asked once.

    Raises:
        DiskFull: There is no room to set it aside.
    """
    staged: dict[str, StagedFrame | Unfetched] = {}
    for table, source, zone in _fetched(mapping):
        name = source.fetched_as
        if name is None or source.frame or name in staged:
            continue
        on_progress(0, 1, f"reading {source.file}")
        landing.staging.mkdir(parents=True, exist_ok=True)
        file = landing.staging / f"query-{len(staged)}.parquet"
        with room_in(landing.folder):
            try:
                if source.is_in_store:
                    stage_objects(source.file, file)
                else:
                    mark = _watermark(source, _since(landing, table, until))
                    address = read_address(source.database or "", mapping.path.parent)
                    stage_query(address, source.query or "", zone, file, mark)
                staged[name] = StagedFrame(file)
            except (BadDatabase, BadStore) as error:
                staged[name] = Unfetched(str(error))
    return staged


def _fetched(mapping: SourceMapping) -> Iterator[tuple[EventTable, SourceFile, str]]:
    """Every input and every join, with its table and the time zone of the input."""
    for name, inputs in mapping.tables.items():
        for one in inputs:
            yield TABLES[name], one, one.timezone
            for join in one.join:
                yield TABLES[name], join, "UTC"


def _watermark(source: SourceFile, until: datetime | None) -> Watermark | None:
    if not isinstance(source, Input) or source.watermark is None:
        return None
    since = since_of(until, source.overlap)
    return Watermark(
        source.watermark, since, source.timezone, next(iter(source.time_formats), None)
    )


def _since(landing: Landing, table: EventTable, until: datetime) -> datetime | None:
    """The end of the newest extract of an earlier day that read the table whole."""
    days = landing.days()
    ends = (
        days[day].until
        for day in landing.files(table)
        if day in days and day < until.date() and table.name not in days[day].degraded
    )
    return max(ends, default=None)
