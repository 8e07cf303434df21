"""Source files as frames: what each holds row by row, and the lines that cannot be split.

Text stays text here; types come with the mapping. Nothing is dropped: a line that has too
few or too many fields is handed on as broken, with its number.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from perdura.sources.error_texts import without_values
from perdura.sources.landing.landing import REJECTED
from perdura.sources.mapping.files.delimited import ROW, Lines, ends_whole, split_text
from perdura.sources.mapping.files.encodings import as_utf8, with_line_feeds
from perdura.sources.mapping.files.json_lines import split_json
from perdura.sources.mapping.mapping import expand, or_rather
from perdura.sources.mapping.sections import SourceFile
from perdura.sources.staged import FILE, ROW_IN_FILE, StagedFrame, Unfetched

__all__ = [
    "BROKEN",
    "ROW",
    "BadSource",
    "FilePart",
    "damaged",
    "missing",
    "read_source",
    "unreadable",
]


#: What Polars raises of a file that is not what it says: a panic too, of a damaged Parquet file.
BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


#: Parquet files up to this size (bytes) are checked before they are read.
_SMALL = 32 * 2**20


class BadSource(ValueError):
    """A source file is missing or cannot be read as what it is said to be."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """One source file, or several that are read as one.

    Attributes:
        file: Its name, relative to the mapping file's folder where it lies below.
        frame: Its rows, with ``ROW``.
        broken: Lines that could not be split into columns; schema ``REJECTED``.
        note: What looks odd about it and is no fault.
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


def read_source(source: SourceFile, mapping: Path) -> list[FilePart]:
    """Every file that ``source.file`` names, in the order of their names; none if none is there.

    Raises:
        BadSource: A file is not what its format says; the message names it.
    """
    if source.fetched_as:
        return [_read_staged(source)] if isinstance(source.staged, StagedFrame) else []
    wanted = expand(source.file, mapping)
    found = sorted(wanted.parent.glob(wanted.name)) if "*" in wanted.name else [wanted]
    return [_read_file(source, path, mapping) for path in found if path.is_file()]


def missing(source: SourceFile, mapping: Path) -> str:
    """The message about a file that is not there."""
    if isinstance(source.staged, Unfetched):
        return f"{source.file}: {source.staged.why}"
    wanted = expand(source.file, mapping)
    if not wanted.parent.is_dir():
        return f"no file {source.file!r}: there is no folder {wanted.parent}"
    near = or_rather(wanted.name, sorted(path.name for path in wanted.parent.iterdir()))
    return f"no file {source.file!r} in {wanted.parent}{near}"


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


def _read_file(source: SourceFile, path: Path, mapping: Path) -> FilePart:
    kind = source.written_as or "csv"
    name = str(path.relative_to(mapping.parent) if path.is_relative_to(mapping.parent) else path)
    if path.stat().st_size == 0:
        return FilePart(name, pl.LazyFrame(), pl.DataFrame(schema=REJECTED), (f"{name} is empty",))
    if kind == "parquet":
        return _read_parquet(path, name)
    try:
        text, odd = as_utf8(path.read_bytes(), source.encoding)
        text = with_line_feeds(text)
        lines = split_json(text) if kind == "jsonl" else split_text(source, kind, text)
    except (ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        raise BadSource(f"{name}: {without_values(error)}") from None
    part = _part(name, lines, whole=ends_whole(text), kind=kind)
    return replace(part, notes=(*([f"{name}: {odd}"] if odd else []), *part.notes))


def _part(name: str, lines: Lines, *, whole: bool, kind: str) -> FilePart:
    """A broken last line without a line end was cut off; a whole one may be worth a note."""
    cut = (pl.col(ROW) == lines.last) & pl.lit(not whole)
    broken = lines.broken.select(
        pl.when(cut)
        .then(pl.lit("cut_off"))
        .when("undecodable")
        .then(pl.lit("bad_encoding"))
        .otherwise(pl.lit("broken_line"))
        .alias("rule"),
        pl.lit(name).alias("file"),
        pl.col(ROW).alias("row"),
        "text",
        pl.lit(None, pl.String).alias("subscriber_id"),
    ).cast(REJECTED)
    odd = not whole and "cut_off" not in broken["rule"] and _may_be_cut(lines.rows, kind)
    note = f"{name}: its last line, {lines.last}, has no line end; was the file cut off?"
    return FilePart(name, lines.rows.lazy(), broken, (note,) if odd else ())


def _may_be_cut(rows: pl.DataFrame, kind: str) -> bool:
    """Whether the last field may be a piece: it is shorter than all above it. A JSON object that
    parses is whole.
    """
    if kind == "jsonl" or not rows.height:
        return False
    last = [name for name in rows.columns if name != ROW][-1]
    lengths = rows[last].cast(pl.String).str.len_chars().fill_null(0)
    above = lengths.head(-1).min() if rows.height > 1 else None
    return above is not None and lengths[-1] < above  # pyright: ignore[reportOperatorIssue]


def _check_pages(path: Path) -> None:
    """Read a small file with Arrow, which says what is damaged in it where Polars would panic."""
    from pyarrow.parquet import ParquetFile  # pyright: ignore[reportMissingTypeStubs]

    if path.stat().st_size > _SMALL:
        return
    whole: Any = ParquetFile(path)
    with whole as file:
        rows = sum(batch.num_rows for batch in file.iter_batches())
        if rows != file.metadata.num_rows:
            raise ValueError(f"it says that it has {file.metadata.num_rows} rows and has {rows}")


def _read_parquet(path: Path, name: str) -> FilePart:
    try:
        _check_pages(path)
        frame = pl.scan_parquet(path, glob=False, row_index_name=ROW, row_index_offset=1)
        schema = frame.collect_schema()
    except (*BROKEN, OSError, ValueError) as error:
        raise BadSource(
            f"{name} cannot be read as Parquet, perhaps it was cut off or damaged "
            f"({without_values(error)}); fetch it again"
        ) from None
    coded = [
        column for column, kind in schema.items() if isinstance(kind, pl.Categorical | pl.Enum)
    ]
    coded += [column for column, kind in schema.items() if kind == pl.Binary]
    texts = (
        pl.col(column).map_batches(_decoded, return_dtype=pl.String, is_elementwise=True)
        if schema[column] == pl.Binary
        else pl.col(column).cast(pl.String)
        for column in coded
    )
    return FilePart(name, frame.with_columns(texts), pl.DataFrame(schema=REJECTED))


def _read_staged(source: SourceFile) -> FilePart:
    """What has been fetched: a connector's rows are named as they lie at the vendor's, those of a
    query, or of a store, by their number.
    """
    staged = source.staged
    assert isinstance(staged, StagedFrame)  # noqa: S101 - read_source has looked
    part = _read_parquet(staged.path, source.file)
    if source.frame is None:
        return replace(part, notes=staged.notes)
    broken = staged.broken.with_columns(subscriber_id=pl.lit(None, pl.String))
    return replace(
        part,
        frame=part.frame.drop(FILE, ROW_IN_FILE),
        origins=part.frame.select(ROW, FILE, ROW_IN_FILE).cast({ROW: pl.UInt32}),
        broken=broken.select(REJECTED.names()).cast(REJECTED),
        notes=staged.notes,
    )


def _decoded(values: pl.Series) -> pl.Series:
    """Bytes as text; what is no UTF-8 becomes U+FFFD."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:
        texts = [value if value is None else value.decode(errors="replace") for value in values]
        return pl.Series(values.name, texts, pl.String)
