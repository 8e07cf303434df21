"""Tables read block by block, as CSV or Parquet; columns under plain names."""

import csv
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from os import SEEK_END
from pathlib import Path

import polars as pl

from perdura.sources.connectors.stripe.json_text.lines import Block
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

#: Rows that are in memory at once.
ROWS = 200_000


def read_blocks(path: Path, name: str) -> Generator[Block]:
    """The rows of a table, some at a time; ``Created (UTC)`` is named ``created_utc``.

    Args:
        path: CSV or Parquet.
        name: What reports call the file.
    """
    if path.suffix.lower() != ".parquet":
        yield from _read_csv(path, name)
        return
    before = 0
    for batch in pl.scan_parquet(path).collect_batches(chunk_size=ROWS, maintain_order=True):
        rows = _named(batch.with_columns(pl.all().cast(pl.String)), name)
        numbers = pl.int_range(before + 1, before + rows.height + 1, dtype=pl.UInt32)
        yield Block(rows.with_columns(numbers.alias(ROW_IN_FILE)), pl.DataFrame(schema=BROKEN_ROWS))
        before += rows.height


@dataclass(slots=True)
class _SplitLines:
    """Lines of a CSV file, split.

    Attributes:
        name: What reports call the file.
        header: The names of its columns.
        rows: The fields of the lines that have as many as the header, and the numbers of these.
        broken: The others, as in ``BROKEN_ROWS``.
    """

    name: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list[list[str]])
    numbers: list[int] = field(default_factory=list[int])
    broken: list[tuple[str, str, int, str]] = field(default_factory=list[tuple[str, str, int, str]])

    def add(self, number: int, row: list[str]) -> None:
        if len(row) == len(self.header):
            self.rows.append(row)
            self.numbers.append(number)
        elif row:
            self.broken.append(("broken_line", self.name, number, ",".join(row)))

    def cut_off(self, last: int) -> None:
        """The last line is only a piece."""
        if self.broken and self.broken[-1][2] == last:
            self.broken[-1] = ("cut_off", *self.broken[-1][1:])

    def block(self) -> Block:
        columns = {
            name: [row[at] or None for row in self.rows] for at, name in enumerate(self.header)
        }
        frame = pl.DataFrame(columns, schema=dict.fromkeys(self.header, pl.String()))
        place = pl.Series(ROW_IN_FILE, self.numbers, dtype=pl.UInt32)
        broken = pl.DataFrame(self.broken, schema=BROKEN_ROWS, orient="row")
        return Block(_named(frame, self.name).with_columns(place), broken)


def _read_csv(path: Path, name: str) -> Generator[Block]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        header: list[str] = next(reader, list[str]())
        lines, number = _SplitLines(name, header), 0
        for number, row in enumerate(reader, start=1):
            lines.add(number, row)
            if len(lines.rows) >= ROWS:
                yield lines.block()
                lines = _SplitLines(name, header)
    with path.open("rb") as file:
        file.seek(max(file.seek(0, SEEK_END) - 1, 0))
        if file.read(1) not in b"\r\n":  # an empty file has no line without an end
            lines.cut_off(number)
    yield lines.block()


def _named(rows: pl.DataFrame, file: str) -> pl.DataFrame:
    """The rows under plain names, if these are all different, and with their file."""
    plain = {one: re.sub(r"\W+", "_", one.strip().lower()).strip("_") for one in rows.columns}
    named = rows.rename(plain if len({*plain.values()}) == len(plain) else {})
    return named.with_columns(pl.lit(file).alias(FILE))
