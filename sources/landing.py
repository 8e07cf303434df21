"""The landing: every event we know, as Parquet, one whole file per table and extract day.

``<landing>/<table>/<day>.parquet`` holds events, ``<landing>/rejected/<table>/<day>.parquet``
the rows that broke a rule, ``<landing>/extract.json`` until when each day has read.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from sources.events import EVENT_TABLES, EventTable

Events = Mapping[str, pl.LazyFrame]

#: Columns of a rejected file: the rule broken, and the row as it was read.
REJECTED = pl.Schema(
    {
        "rule": pl.String(),
        "file": pl.String(),
        #: Counted from 1: the line of a text file, the row of a Parquet file.
        "row": pl.UInt32(),
        #: The row as JSON, or the text itself where it could not be split into columns.
        "text": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class Day:
    """One extract day, as far as later extracts need to remember it.

    Attributes:
        until: The extract read what was known before this moment (exclusive, UTC).
        degraded: Tables whose source was missing, unreadable or had never given an event.
        mappings: Fingerprint of the mapping of each table that was read and was not blank.
    """

    until: datetime
    degraded: tuple[str, ...] = ()
    mappings: dict[str, str] = field(default_factory=dict)


def read_events(landing: Path) -> Events:
    """All landed events, lazily: one frame per event table, each with exactly its schema.

    A table of which nothing has landed is an empty frame.
    """
    return {table.name: read_table(landing, table) for table in EVENT_TABLES}


def read_table(landing: Path, table: EventTable, *, without: date | None = None) -> pl.LazyFrame:
    """The landed events of one table, in no particular order, leaving out one day if asked."""
    days = {day: path for day, path in landed_files(landing, table).items() if day != without}
    if not days:
        return pl.LazyFrame(schema=table.schema)
    return pl.scan_parquet(list(days.values()), schema=table.schema, glob=False)


def read_rejected(landing: Path, table: EventTable, day: date) -> pl.DataFrame:
    """The rows of ``table`` that the extract of ``day`` refused; schema ``REJECTED``."""
    path = _path(landing / "rejected", table, day)
    return pl.read_parquet(path) if path.exists() else pl.DataFrame(schema=REJECTED)


def land(landing: Path, table: EventTable, day: date, events: pl.DataFrame) -> Path:
    """Make ``events`` what ``day`` holds of ``table``, whatever it held before.

    Rows are put in a total order, so the same events give the same bytes. Readers see the
    old file or the new one, never a part.

    Args:
        landing: The landing folder; made if absent.
        table: The contract the events keep.
        day: The extract day.
        events: One row per event, with exactly the table's schema.
    """
    if events.schema != table.schema:
        raise ValueError(
            f"asked to land {table.name} with {events.schema}; its contract is {table.schema}"
        )
    order = ["subscriber_id", "happened_at", "known_at", "kind", *table.columns]
    return _write_whole(_path(landing, table, day), events.sort(order))


def land_rejected(landing: Path, table: EventTable, day: date, rows: pl.DataFrame) -> Path:
    """Make ``rows`` (schema ``REJECTED``) what ``day`` refused of ``table``."""
    rows = rows.select(REJECTED.names()).cast(REJECTED)
    return _write_whole(
        _path(landing / "rejected", table, day), rows.sort("file", "row", "rule", "text")
    )


def landed_files(landing: Path, table: EventTable) -> dict[date, Path]:
    """The files of one table by extract day, oldest first."""
    return {
        date.fromisoformat(path.stem): path
        for path in sorted((landing / table.name).glob("????-??-??.parquet"))
    }


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
    _move_into_place(landing / "extract.json", lambda draft: draft.write_text(text, "utf-8"))


def _path(folder: Path, table: EventTable, day: date) -> Path:
    return folder / table.name / f"{day}.parquet"


def _write_whole(path: Path, frame: pl.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Chunks and row groups of fixed size: the bytes depend on nothing but the rows.
    whole = frame.rechunk()
    _move_into_place(path, lambda draft: whole.write_parquet(draft, row_group_size=262_144))
    return path


def _move_into_place(path: Path, write: Callable[[Path], object]) -> None:
    """Write under a name that nobody else uses and no reader looks for, flush, rename."""
    draft = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        write(draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
