"""Rows set down one by one, where code reads a vendor's things: no frame is in memory whole."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from perdura.sources.connectors.connector import Frame
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

#: Rows in memory at once.
_BATCH = 100_000
#: How many rows that cannot be read are kept as they stand, and how many characters of each.
_KEPT, _LONGEST = 10_000, 4_000


class RowWriter:
    """A frame that is written row by row. All columns are text: the mapping says what they hold, so
    that what does not fit is a counted reject and not an error here.
    """

    def __init__(self, folder: Path, columns: Sequence[str]) -> None:
        self._folder = folder
        self._schema = {**dict.fromkeys(columns, pl.String()), **_PLACE}
        self._rows: list[tuple[str | int | None, ...]] = []
        self._broken: list[tuple[str, str, int, str | None]] = []
        self._notes: list[str] = []
        self._columns, self._parts = [*columns], 0

    def add(self, values: Mapping[str, object], file: str, row: int) -> None:
        """A row; columns without a value are empty, and values without a column are left out."""
        found = (values.get(name) for name in self._columns)
        texts = (one if one is None or isinstance(one, str) else json.dumps(one) for one in found)
        # Half of a character is none.
        whole = (text.encode("utf-8", "replace").decode() if text else None for text in texts)
        self._rows.append((*whole, file, row))
        if len(self._rows) >= _BATCH:
            self._write()

    def refuse(self, rule: str, text: str, file: str, row: int) -> None:
        """A row that cannot be read, and the rule that it breaks (docs/MAPPING.md lists rules)."""
        kept = text[:_LONGEST] if len(self._broken) < _KEPT else None
        self._broken.append((rule, file, row, kept))

    def note(self, words: str) -> None:
        """What the report is to say."""
        self._notes.append(words)

    def frame(self, *, notes: Iterable[str] = ()) -> Frame:
        """All that was written."""
        self._write()
        files = [self._folder / f"{number}.parquet" for number in range(self._parts)]
        empty = pl.LazyFrame(schema=self._schema)
        rows = pl.scan_parquet(files, glob=False) if files else empty
        broken = pl.DataFrame(self._broken, schema=BROKEN_ROWS, orient="row")
        return Frame(rows, broken, (*self._notes, *notes))

    def _write(self) -> None:
        if not self._rows:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = pl.DataFrame(self._rows, schema=self._schema, orient="row")
        rows.write_parquet(self._folder / f"{self._parts}.parquet")
        self._parts += 1
        self._rows.clear()


_PLACE = {FILE: pl.String(), ROW_IN_FILE: pl.UInt32()}
