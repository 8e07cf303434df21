"""A part of a source: its rows, and where each stands."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from perdura.sources.error_texts import without_values
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.staged import FILE, ROW_IN_FILE

#: What Polars raises of a file that is not what it says: a panic too, of a damaged Parquet file.
BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


class BadSource(ValueError):
    """A source file is missing or cannot be read as what it is said to be."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """One source file, or several that are read as one.

    Attributes:
        file: Its name, relative to the mapping file's folder where it lies below.
        frame: Its rows, with ``ROW``.
        broken: Lines that could not be split into columns; schema ``REJECTED``.
        notes: What looks odd about it and is no fault.
        pieces: Of several files: the name of each, and how many row numbers come before its first.
        repeated: Of several files: how many rows stand in an earlier one too, and are left out.
        origins: Of a connector's frame: of each ``ROW`` the vendor's file and the row in it.
    """

    file: str
    frame: pl.LazyFrame
    broken: pl.DataFrame
    notes: tuple[str, ...] = ()
    pieces: tuple[tuple[str, int], ...] = ()
    repeated: int = 0
    origins: pl.LazyFrame | None = None

    @property
    def places(self) -> tuple[pl.Expr, pl.Expr]:
        """Of rows with ``ROW``: the file in which each lies, and its number there."""
        file, row = pl.lit(self.file), pl.col(ROW).cast(pl.UInt32)
        for name, before in self.pieces:
            within = pl.col(ROW) > before
            file = pl.when(within).then(pl.lit(name)).otherwise(file)
            row = pl.when(within).then(pl.col(ROW).cast(pl.UInt32) - before).otherwise(row)
        return file, row

    def located(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with ``ROW``, each with the ``file`` in which it lies and its ``row`` there."""
        if self.origins is None:
            file, row = self.places
            return rows.with_columns(file.alias(FILE), row.alias(ROW_IN_FILE))
        numbers = rows.select(pl.col(ROW).cast(pl.UInt32).unique()).lazy()
        origins = self.origins.join(numbers, on=ROW, how="semi").collect(engine="streaming")
        return rows.join(
            origins.cast({ROW: rows.schema[ROW]}), on=ROW, how="left", maintain_order="left"
        )

    @property
    def is_empty(self) -> bool:
        """Whether it has not even columns."""
        return not set(self.frame.collect_schema()) - {ROW}


def damaged(file: str, error: BaseException) -> str:
    """What to say of a file that is what it should be at its ends and not within."""
    return (
        f"{file} cannot be read to its end, perhaps it was damaged on the way "
        f"({without_values(error)}); fetch it again"
    )


def unreadable(parts: Iterable[FilePart]) -> str | None:
    """What to say of the first Parquet file that cannot be read whole, if there is one."""
    for part in parts:
        try:
            part.frame.select(pl.all().hash().sum()).collect(engine="streaming")
        except BROKEN as error:
            return damaged(part.file, error)
    return None
