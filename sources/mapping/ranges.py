"""What the files of a table say happened, in ranges of buckets that fit memory."""

import shutil
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.landing.partition import BUCKET, BUCKETS, Part, buckets
from perdura.sources.landing.tombstones import NAMING, as_written
from perdura.sources.mapping.candidates import CandidateEvents
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.values.repeated_hour import PUT_BACK

#: Which of several ``CandidateEvents`` an event comes from.
ORIGIN = "origin"
#: Rows that are compared at a time, of the source and of the landing together: some 2 GiB at most.
ROWS_AT_A_TIME = 4_000_000

_RANGE = "range"
_BATCH = 500_000


@dataclass(frozen=True, slots=True)
class Ranges:
    """All subscribers, a range of buckets at a time, in their order.

    Attributes:
        parts: The ranges.
        found: What the files say of each: the contract's columns, ``as_written`` ids, ``rule``,
            ``PUT_BACK``, ``ROW``, ``ORIGIN``, ``BUCKET``.
    """

    parts: tuple[Part, ...]
    found: tuple[pl.LazyFrame, ...]


@contextmanager
def in_ranges(
    table: EventTable,
    found: Sequence[CandidateEvents],
    folder: Path,
    rows: int,
    rows_at_a_time: int,
) -> Generator[Ranges]:
    """The events found, in as many ranges as ``rows`` take, ``rows_at_a_time`` in each.

    A single range is read straight from the files. Several are written into ``folder``, which
    is gone when the block ends.
    """
    count = min(BUCKETS, max(1, -(-rows // rows_at_a_time)))
    parts = tuple(Part(number, count) for number in range(count))
    frames = [
        one.events.with_columns(
            pl.col(ROW).cast(pl.UInt32), pl.lit(origin, pl.UInt32).alias(ORIGIN)
        )
        for origin, one in enumerate(found)
    ]
    if count == 1:
        yield Ranges(parts, (_together(table, frames),))
        return
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield Ranges(parts, _in_files(table, frames, parts, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _together(table: EventTable, frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    bucket = pl.col("subscriber_id").map_batches(
        buckets, return_dtype=pl.UInt8(), is_elementwise=True
    )
    none = pl.LazyFrame(schema=_schema(table))
    return pl.concat(frames).with_columns(bucket.alias(BUCKET)) if frames else none


def _in_files(
    table: EventTable, frames: Sequence[pl.LazyFrame], parts: Sequence[Part], folder: Path
) -> tuple[pl.LazyFrame, ...]:
    """The events of each part, from a file for each."""
    from pyarrow import ipc  # pyright: ignore[reportMissingTypeStubs]

    folder.mkdir(parents=True)
    files = [folder / f"{part.number:03}.arrow" for part in parts]
    arrow, empty = cast("Any", ipc), cast("Any", pl.DataFrame(schema=_schema(table)).to_arrow())
    lz4 = arrow.IpcWriteOptions(compression="lz4")
    with ExitStack() as open_files:
        new_files = (arrow.new_file(file, empty.schema, options=lz4) for file in files)
        writers = [open_files.enter_context(file) for file in new_files]
        # File by file: all of them at once would be held in memory.
        for frame in frames:
            for batch in frame.collect_batches(chunk_size=_BATCH):
                _write_batch(batch, writers)
    return tuple(pl.scan_ipc(file, glob=False) for file in files)


def _write_batch(batch: pl.DataFrame, writers: Sequence[Any]) -> None:
    rows = batch.with_columns(buckets(batch["subscriber_id"]))
    # The part of bucket b is the greatest n with n * BUCKETS // of <= b.
    number = ((pl.col(BUCKET).cast(pl.Int32) + 1) * len(writers) - 1) // BUCKETS
    by_part = rows.with_columns(number.alias(_RANGE)).partition_by(_RANGE, as_dict=True)
    for numbers, some in by_part.items():
        writers[int(numbers[0])].write_table(some.drop(_RANGE).rechunk().to_arrow())


def _schema(table: EventTable) -> pl.Schema:
    source_ids = {as_written(name): pl.String() for name in NAMING if name in table.schema}
    extra = {
        **source_ids,
        "rule": pl.String(),
        PUT_BACK: pl.Duration("us"),
        ROW: pl.UInt32(),
        ORIGIN: pl.UInt32(),
        BUCKET: pl.UInt8(),
    }
    return pl.Schema({**table.schema, **extra})
