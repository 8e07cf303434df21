"""The landing's files of events: in order of buckets, each there whole or not at all."""

import json
import os
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.landing.full_disk import room_in
from perdura.sources.landing.partition import BUCKET

#: Rows that a reader of one part takes or leaves at once, by the least and greatest bucket in them.
ROW_GROUP = 131_072

#: Files of earlier versions have whole numbers where the contract has floats now.
WHOLE_AS_FLOAT = pl.ScanCastOptions(integer_cast="allow-float")

Write = Callable[[pl.DataFrame], None]


def stored_schema(table: EventTable) -> pl.Schema:
    """The columns of a landed file: the contract's, and the bucket of the subscriber."""
    return pl.Schema({**table.schema, BUCKET: pl.UInt8()})


def stored_order(table: EventTable) -> list[str]:
    """The columns that landed rows are in order of, nulls last: all, ``known_at`` at the end."""
    return [BUCKET, *identity(table), "known_at"]


def identity(table: EventTable) -> list[str]:
    """The columns that make an event that event: all but when we came to know it."""
    return [name for name in table.schema if name != "known_at"]


def scan_stored(table: EventTable, files: Sequence[Path]) -> pl.LazyFrame:
    """The rows of landed files with their buckets. Codes of currencies are in capitals: files of
    earlier versions have them as the source wrote them, and whole months.
    """
    if not files:
        return pl.LazyFrame(schema=stored_schema(table))
    rows = pl.scan_parquet(
        list(files), schema=stored_schema(table), glob=False, cast_options=WHOLE_AS_FLOAT
    )
    if "currency" not in table.schema:
        return rows
    return rows.with_columns(pl.col("currency").str.to_uppercase())


def count_stored(table: EventTable, files: Sequence[Path]) -> int:
    """How many rows landed files have."""
    return scan_stored(table, files).select(pl.len()).collect().item()


@contextmanager
def whole_file(path: Path, schema: pl.Schema) -> Generator[Write]:
    """A Parquet file of all frames given to the function, in their order; or nothing new.

    It is in its place when the block ends, unless by an error. The bytes depend on nothing but
    the rows, however they were cut into frames. One frame is held in memory at a time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = _Frames(path.with_name(f"{path.name}.{uuid4().hex}.part"), pl.DataFrame(schema=schema))
    try:
        with room_in(path.parent):
            yield frames.add
        move_into_place(path, frames.write)
    finally:
        shutil.rmtree(frames.folder, ignore_errors=True)


@dataclass(slots=True)
class _Frames:
    """Frames one after the other, all but the last of them on disk."""

    folder: Path
    last: pl.DataFrame
    earlier: list[Path] = field(default_factory=list)

    def add(self, frame: pl.DataFrame) -> None:
        if self.last.height:
            self.folder.mkdir(exist_ok=True)
            self.earlier.append(self.folder / f"{len(self.earlier):04}.arrow")
            self.last.write_ipc(self.earlier[-1], compression="lz4", record_batch_size=ROW_GROUP)
        self.last = frame.select(self.last.columns)

    def write(self, path: Path) -> None:
        if not self.earlier:
            self.last.rechunk().write_parquet(path, row_group_size=ROW_GROUP)
            return
        self.add(self.last.clear())
        frames = pl.scan_ipc(list(self.earlier), glob=False)
        frames.sink_parquet(path, row_group_size=ROW_GROUP)


def write_json(path: Path, content: object, *, sort_keys: bool = False) -> None:
    """Put JSON into a file as ``move_into_place``."""
    text = json.dumps(content, indent=1, sort_keys=sort_keys) + "\n"
    move_into_place(path, lambda draft: draft.write_text(text, "utf-8"))


def move_into_place(path: Path, write: Callable[[Path], object]) -> None:
    """Write under a unique name that no reader looks for, flush, rename."""
    draft = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        with room_in(path.parent):
            write(draft)
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
