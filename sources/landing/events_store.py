"""The landing: every event we know, as Parquet, one whole file per table and extract day.

``<landing>/<table>/<day>.parquet`` holds events, ``<landing>/rejected/<table>/<day>.parquet``
the rows that broke a rule, ``<landing>/extract.json`` until when each day has read.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl

from perdura.sources.events import EVENT_TABLES, EventTable
from perdura.sources.landing.files import (
    landed_files,
    move_into_place,
    scan_stored,
    stored_order,
    stored_schema,
    whole_file,
)
from perdura.sources.landing.moved import find_moved, gather_moved, read_part
from perdura.sources.landing.partition import Part, buckets
from perdura.sources.merges import Events
from perdura.sources.versions import Landed

__all__ = [
    "REJECTED",
    "Day",
    "Events",
    "finish_day",
    "gather_moved",
    "land",
    "land_rejected",
    "landed_files",
    "landed_until",
    "landing_of",
    "read_days",
    "read_events",
    "read_rejected",
    "read_table",
    "remove_drafts",
]

#: Columns of a rejected file: the rule broken, and the row as it was read.
REJECTED = pl.Schema(
    {
        "rule": pl.String(),
        "file": pl.String(),
        #: Counted from 1: the line of a text file, the row of a Parquet file.
        "row": pl.UInt32(),
        #: The row as JSON, or the text itself where it could not be split into columns.
        "text": pl.String(),
        #: Whom it is about, where the mapping tells; null for lines that are no rows.
        "subscriber_id": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class Day:
    """One extract day, as far as later extracts need to remember it.

    Attributes:
        until: The extract read what was known before this moment (exclusive, UTC).
        degraded: Tables whose source was missing, unreadable or had never given an event.
        mappings: Fingerprint of the mapping of each table that was read and was not blank.
        once: Tables of which no event that the day holds is there in another version.
    """

    until: datetime
    degraded: tuple[str, ...] = ()
    mappings: dict[str, str] = field(default_factory=dict)
    once: tuple[str, ...] = ()


def read_events(landing: Path, part: Part | None = None) -> Events:
    """All landed events, lazily: one frame per event table, each with exactly its schema.

    A table of which nothing has landed is an empty frame. With a part only the events of its
    people. Accounts that merges tie together, whenever, are all in the part of the least id
    among them, so each part can be worked on alone, and all parts together have every event
    once. ``gather_moved`` makes many parts cheap to read.
    """
    once = [table.name for table in EVENT_TABLES if lies_once(landing, table)]
    if part is None:
        return Landed({table.name: read_table(landing, table) for table in EVENT_TABLES}, once)
    moved = find_moved(landing)
    read = {table.name: read_part(landing, table, part, moved) for table in EVENT_TABLES}
    return Landed(read, once)


def lies_once(landing: Path, table: EventTable) -> bool:
    """Whether no event of a table is there in several versions, as its extracts found."""
    days = read_days(landing)
    return all(day in days and table.name in days[day].once for day in landed_files(landing, table))


def read_table(landing: Path, table: EventTable, *, without: date | None = None) -> pl.LazyFrame:
    """The landed events of one table, in no particular order, leaving out one day if asked."""
    files = [path for day, path in landed_files(landing, table).items() if day != without]
    return scan_stored(table, files).select(table.schema.names())


def remove_drafts(landing: Path) -> None:
    """Remove what extracts that were killed have left; for those who have the landing alone."""
    for table in EVENT_TABLES:
        shutil.rmtree(landing / f"{table.name}.ranges", ignore_errors=True)
        for folder in (landing / table.name, landing / "rejected" / table.name):
            for draft in [*folder.rglob("*.part")]:
                shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)


def read_rejected(landing: Path, table: EventTable, day: date) -> pl.DataFrame:
    """The rows of ``table`` that the extract of ``day`` refused; schema ``REJECTED``."""
    path = _path(landing / "rejected", table, day)
    if not path.exists():
        return pl.DataFrame(schema=REJECTED)
    rows = pl.read_parquet(path)
    # Files of earlier versions do not say whom a row is about.
    return pl.concat([pl.DataFrame(schema=REJECTED), rows], how="diagonal")


def land(landing: Path, table: EventTable, day: date, events: pl.DataFrame) -> Path:
    """Make ``events`` what ``day`` holds of ``table``, whatever it held before.

    Rows are put in a total order, so the same events give the same bytes. Readers see the
    old file or the new one, never a part.

    Args:
        landing: The landing folder; made if absent.
        table: The contract the events keep.
        day: The extract day.
        events: One row per event, with exactly the table's schema.

    Returns:
        The file.
    """
    if events.schema != table.schema:
        raise ValueError(
            f"asked to land {table.name} with {events.schema}; its contract is {table.schema}"
        )
    with landing_of(landing, table, day) as write:
        dealt = events.with_columns(buckets(events["subscriber_id"]))
        write(dealt.sort(stored_order(table), nulls_last=True))
    return _path(landing, table, day)


def landing_of(
    landing: Path, table: EventTable, day: date
) -> AbstractContextManager[Callable[[pl.DataFrame], None]]:
    """To land a day bucket by bucket: a function that takes frames of rows in ``stored_order``.

    All of them land when the block ends; nothing does if it ends by an error.
    """
    return whole_file(_path(landing, table, day), stored_schema(table))


def land_rejected(landing: Path, table: EventTable, day: date, rows: pl.DataFrame) -> Path:
    """Make ``rows`` (schema ``REJECTED``) what ``day`` refused of ``table``."""
    rows = rows.select(REJECTED.names()).cast(REJECTED)
    path = _path(landing / "rejected", table, day)
    with whole_file(path, REJECTED) as write:
        write(rows.sort("file", "row", "rule", "text"))
    return path


def landed_until(landing: Path, table: EventTable | None = None) -> datetime | None:
    """Everything known before this moment (UTC) has been read; ``None`` before any extract.

    With a table: everything of it. Days at which its source was missing, unreadable, empty or
    not in the mapping do not count, so that silence is not taken for a lack of events. A table
    that was never in the mapping is missed at none of them.
    """
    days = list(read_days(landing).values())
    if table:
        mapped = [day for day in days if table.name in day.mappings]
        days = [day for day in mapped or days if table.name not in day.degraded]
    return max((day.until for day in days), default=None)


def read_days(landing: Path) -> dict[date, Day]:
    """Every finished extract day, oldest first."""
    path = landing / "extract.json"
    if not path.exists():
        return {}
    return {
        date.fromisoformat(day): Day(
            until=datetime.fromisoformat(kept["until"]),
            degraded=tuple(kept["degraded"]),
            mappings=kept["mappings"],
            once=tuple(kept.get("once", ())),
        )
        for day, kept in sorted(json.loads(path.read_text("utf-8")).items())
    }


def finish_day(landing: Path, day: date, finished: Day) -> None:
    """Remember that ``day`` has been extracted. Called last, when all its files are in place."""
    days = read_days(landing) | {day: finished}
    kept = {
        str(each): asdict(days[each]) | {"until": days[each].until.isoformat()}
        for each in sorted(days)
    }
    text = json.dumps(kept, indent=1, sort_keys=True) + "\n"
    landing.mkdir(parents=True, exist_ok=True)
    move_into_place(landing / "extract.json", lambda draft: draft.write_text(text, "utf-8"))


def _path(folder: Path, table: EventTable, day: date) -> Path:
    return folder / table.name / f"{day}.parquet"
