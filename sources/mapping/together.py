"""The files of one input as one, where rows are grouped or numbered across them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import cast

import polars as pl

from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.files.part import BROKEN, BadSource, FilePart, damaged

_FILE, _COPY = "number of the file", "which of the rows that are alike in it"


def together(parts: Sequence[FilePart]) -> FilePart:
    """One part with the rows of all, in their order; row numbers go on from file to file.

    Exports overlap: a row that stands in an earlier file too is left out, so it is not added up or
    numbered twice. Of rows that are alike within one file each stays.

    Raises:
        BadSource: A column has another type in another file, or a file is damaged.
    """
    frames = [_read(part) for part in parts]
    _refuse_other_types(parts, frames)
    last = (cast("int | None", frame[ROW].cast(pl.Int64).max()) or 0 for frame in frames)
    starts = [0, *accumulate(last)]
    numbered = [
        frame.with_columns(
            # How many like it come before it in its file.
            pl.int_range(pl.len()).over(frame.drop(ROW).columns).alias(_COPY),
            pl.col(ROW).cast(pl.Int64) + start,
            pl.lit(number).alias(_FILE),
        )
        for number, (frame, start) in enumerate(zip(frames, starts[:-1], strict=True))
    ]
    rows = pl.concat(numbered, how="diagonal").sort(ROW)
    alike = [name for name in rows.columns if name not in (ROW, _FILE)]
    first = pl.col(ROW) == pl.col(ROW).min().over(alike)
    once = rows.filter(first).drop(_FILE, _COPY)
    return replace(
        parts[0],
        file=f"{parts[0].file} and {len(parts) - 1} more",
        frame=once.lazy(),
        pieces=tuple(zip((part.file for part in parts), starts[:-1], strict=True)),
        repeated=rows.height - once.height,
        notes=(),
    )


def _read(part: FilePart) -> pl.DataFrame:
    try:
        return part.frame.collect()
    except BROKEN as error:
        raise BadSource(damaged(part.file, error)) from None


def _refuse_other_types(parts: Sequence[FilePart], frames: Sequence[pl.DataFrame]) -> None:
    known: dict[str, tuple[str, pl.DataType]] = {}
    for part, frame in zip(parts, frames, strict=True):
        for name, kind in frame.drop(ROW).schema.items():
            file, first = known.setdefault(name, (part.file, kind))
            if kind != first:
                raise BadSource(
                    f"{name!r} is {first} in {file} and {kind} in {part.file}, and their rows are "
                    "grouped or numbered together; write the files with the same types, or give "
                    "each an input of its own"
                )
