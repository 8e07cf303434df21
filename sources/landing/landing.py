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
    scan_stored,
    stored_order,
    stored_schema,
    whole_file,
    write_json,
)
from perdura.sources.landing.moved import MovedEvents
from perdura.sources.landing.partition import Part, buckets
from perdura.sources.landing.tombstones import Tombstones, read_tombstones
from perdura.sources.merges import Events
from perdura.sources.versions import Landed

#: Columns of a rejected file: the rule broken, and the row as it was read.
REJECTED = pl.Schema(
    {
        "rule": pl.String(),
        "file": pl.String(),
        #: Counted from 1: the line of a text file, the row of a Parquet file.
        "row": pl.UInt32(),
        #: The row as JSON, or the text itself where it could not be split into columns.
        "text": pl.String(),
        #: The subscriber that the row is about, where the mapping tells; null for broken lines.
        "subscriber_id": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class Day:
    """One extract day, as far as later extracts need to remember it.

    Attributes:
        until: The extract read what was known before this moment (exclusive, UTC).
        degraded: Tables with a source that was missing, unreadable or had never given an event.
        mappings: Fingerprint of the mapping of each table that was read and was not blank.
        once: Tables of which no event that the day holds is there in another version.
        connectors: Of each table that connectors gave their versions, by connection.
    """

    until: datetime
    degraded: tuple[str, ...] = ()
    mappings: dict[str, str] = field(default_factory=dict[str, str])
    once: tuple[str, ...] = ()
    connectors: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


@dataclass(frozen=True, slots=True)
class Landing:
    """The landed events of one folder: what has landed, until when, and how more lands.

    Attributes:
        folder: Holds the files; writing makes it. A folder that is not there holds no events.
    """

    folder: Path

    def events(self, part: Part | None = None) -> Events:
        """One lazy frame per event table by name, each with exactly its schema.

        A table of which nothing has landed is an empty frame. With a part only the events of its
        subscribers. Accounts that merges tie together, whenever, are all in the part of the least
        id among them, so each part can be worked on alone, and all parts together have every event
        once. ``gather_moved`` makes many parts cheap to read.
        """
        once = [table.name for table in EVENT_TABLES if self.has_no_versions(table)]
        if part is None:
            return Landed({table.name: self.table(table) for table in EVENT_TABLES}, once)
        moved = self._moved()
        accounts = moved.accounts()
        return Landed(
            {table.name: moved.read_part(table, part, accounts) for table in EVENT_TABLES}, once
        )

    def table(self, table: EventTable, *, without: date | None = None) -> pl.LazyFrame:
        """The landed events of one table, in no particular order, without those of one day."""
        files = [path for day, path in self.files(table).items() if day != without]
        return scan_stored(table, files).select(table.schema.names())

    def files(self, table: EventTable) -> dict[date, Path]:
        """The files of one table by extract day, oldest first."""
        return {
            date.fromisoformat(path.stem): path
            for path in sorted((self.folder / table.name).glob("????-??-??.parquet"))
        }

    def has_no_versions(self, table: EventTable) -> bool:
        """Whether no event of a table is there in several versions, as its extracts found."""
        days = self.days()
        return all(day in days and table.name in days[day].once for day in self.files(table))

    def rejected(self, table: EventTable, day: date) -> pl.DataFrame:
        """The rows of ``table`` that the extract of ``day`` refused; schema ``REJECTED``."""
        path = self.folder / "rejected" / table.name / f"{day}.parquet"
        return read_rejected(path) if path.exists() else pl.DataFrame(schema=REJECTED)

    def tombstones(self) -> Tombstones:
        """The forgotten subscribers.

        Raises:
            BrokenTombstones: There is a list that cannot be read.
        """
        return read_tombstones(self.folder)

    def days(self) -> dict[date, Day]:
        """Every finished extract day, oldest first."""
        path = self.folder / "extract.json"
        if not path.exists():
            return {}
        return {
            date.fromisoformat(day): Day(
                until=datetime.fromisoformat(kept["until"]),
                degraded=tuple(kept["degraded"]),
                mappings=kept["mappings"],
                once=tuple(kept.get("once", ())),
                connectors=kept.get("connectors", {}),
            )
            for day, kept in sorted(json.loads(path.read_text("utf-8")).items())
        }

    def until(self, table: EventTable | None = None) -> datetime | None:
        """Everything known before this moment (UTC) has been read; ``None`` before any extract.

        With a table: everything of it. Days at which its source was missing, unreadable, empty or
        not in the mapping do not count, so that silence is not taken for a lack of events. A table
        that was never in the mapping is missed at none of them.
        """
        days = list(self.days().values())
        if table:
            mapped = [day for day in days if table.name in day.mappings]
            days = [day for day in mapped or days if table.name not in day.degraded]
        return max((day.until for day in days), default=None)

    def land(self, table: EventTable, day: date, events: pl.DataFrame) -> Path:
        """Make ``events`` what ``day`` holds of ``table``, whatever it held before.

        Rows are put in a total order, so the same events give the same bytes. Readers see the
        old file or the new one, never a part.

        Args:
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
        with self.writer(table, day) as write:
            bucketed = events.with_columns(buckets(events["subscriber_id"]))
            write(bucketed.sort(stored_order(table), nulls_last=True))
        return self.folder / table.name / f"{day}.parquet"

    def writer(
        self, table: EventTable, day: date
    ) -> AbstractContextManager[Callable[[pl.DataFrame], None]]:
        """To land a day bucket by bucket: a function that takes frames of rows in ``stored_order``.

        All of them land when the block ends; nothing does if it ends by an error.
        """
        return whole_file(self.folder / table.name / f"{day}.parquet", stored_schema(table))

    def land_rejected(self, table: EventTable, day: date, rows: pl.DataFrame) -> Path:
        """Make ``rows`` (schema ``REJECTED``) what ``day`` refused of ``table``."""
        rows = rows.select(REJECTED.names()).cast(REJECTED)
        path = self.folder / "rejected" / table.name / f"{day}.parquet"
        with whole_file(path, REJECTED) as write:
            write(rows.sort("file", "row", "rule", "text"))
        return path

    def finish_day(self, day: date, finished: Day) -> None:
        """Remember that ``day`` has been extracted. Called last, when its files are in place."""
        days = self.days() | {day: finished}
        kept = {
            str(day): asdict(days[day]) | {"until": days[day].until.isoformat()}
            for day in sorted(days)
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / "extract.json", kept, sort_keys=True)

    def shown_folder(self, table: EventTable) -> Path:
        """Where it is kept what snapshots of a table showed."""
        return self.folder / table.name / "shown"

    def gather_moved(self) -> None:
        """Gather the events of moved accounts in ``<landing>/moved``, for many parts to be read.

        Reads everything once. Without it the parts are the same, but each of them reads everything.
        What was gathered counts for as long as no file of the landing changes.
        """
        self._moved().gather()

    def remove_drafts(self) -> None:
        """Remove what killed extracts have left; for a process that holds the landing alone."""
        shutil.rmtree(self.staging, ignore_errors=True)
        for table in EVENT_TABLES:
            shutil.rmtree(self.ranges(table), ignore_errors=True)
            for folder in (self.folder / table.name, self.folder / "rejected" / table.name):
                for draft in [*folder.rglob("*.part")]:
                    shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)

    @property
    def staging(self) -> Path:
        """The folder where an extract sets aside what connectors have fetched."""
        return self.folder / "staged"

    @property
    def fetched(self) -> Path:
        """The folder of what connectors have fetched and need again, by connection."""
        return self.folder / "fetched"

    def ranges(self, table: EventTable) -> Path:
        """The folder where an extract sets rows of one table aside, range by range."""
        return self.folder / f"{table.name}.ranges"

    def _moved(self) -> MovedEvents:
        files = {table.name: [*self.files(table).values()] for table in EVENT_TABLES}
        return MovedEvents.of_files(files, self.folder / "moved")


def read_rejected(path: Path) -> pl.DataFrame:
    """The rows of one file of rejected rows; schema ``REJECTED``."""
    # Files of earlier versions do not name the subscriber of a row.
    return pl.concat([pl.DataFrame(schema=REJECTED), pl.read_parquet(path)], how="diagonal")
