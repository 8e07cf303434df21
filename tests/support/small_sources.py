"""A mapping and its files in a folder, extracted and read back: what the tests of sources share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.mapping import TABLES
from perdura.sources.mapping.ranges import ROWS_AT_A_TIME
from perdura.sources.mapping.report.report import Report, TableReport

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Business:
    """A folder with ``mapping.toml``, the files it names, and a landing."""

    folder: Path

    @property
    def landing(self) -> Landing:
        return Landing(self.folder / "landing")

    def write(self, name: str, content: str | bytes | pl.DataFrame) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def maps(self, mapping: str) -> "Business":
        self.write("mapping.toml", mapping)
        return self

    def extract(self, until: datetime = UNTIL, *, rows_at_a_time: int = ROWS_AT_A_TIME) -> Report:
        mapping = self.folder / "mapping.toml"
        return extract(mapping, until=until, landing=self.landing, rows_at_a_time=rows_at_a_time)

    def table_report(self, table: str, until: datetime = UNTIL) -> TableReport:
        return next(each for each in self.extract(until).tables if each.table == table)

    def events(self, table: str, columns: Sequence[str] | None = None) -> list[tuple[object, ...]]:
        """Landed events in a total order, all columns or some."""
        frame = self.landing.events()[table].collect()
        return frame.sort(frame.columns, nulls_last=True).select(columns or frame.columns).rows()

    def rejected(self, table: str, until: datetime = UNTIL) -> list[tuple[str, int, str]]:
        """Rule, row and text of what the day refused."""
        rows = self.landing.rejected(TABLES[table], until.date())
        return rows.sort("row", "rule").select("rule", "row", "text").rows()

    def files(self) -> dict[str, bytes]:
        """Every landed file with its bytes."""
        return {
            str(path.relative_to(self.landing.folder)): path.read_bytes()
            for path in sorted(self.landing.folder.rglob("*"))
            if path.is_file()
        }

    def days(self, table: str) -> list[str]:
        return [str(day) for day in self.landing.files(TABLES[table])]


def at(day: int, hour: int = 0, minute: int = 0, *, month: int = 2) -> datetime:
    """A moment in early 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)
