"""Source files as frames: what each holds row by row, and the lines that cannot be split.

Text stays text here; types come with the mapping. Nothing is dropped: a line that has too
few or too many fields is handed on as broken, with its number.
"""

import codecs
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sources.intake.delimited import (
    ROW,
    Lines,
    ends_whole,
    read_lines,
    sort_out,
    split_text,
    without_blank,
)
from sources.intake.expressions import without_values
from sources.intake.mapping import expand, or_rather
from sources.intake.sections import SourceFile
from sources.landing import REJECTED


class BadSource(ValueError):
    """A source file is missing or cannot be read as what it is said to be."""


@dataclass(frozen=True, slots=True)
class Part:
    """One source file.

    Attributes:
        file: Its name, relative to the mapping file's folder where it lies below.
        frame: Its rows, with ``ROW``.
        broken: Lines that could not be split into columns; schema ``REJECTED``.
        note: What looks odd about it and is no fault.
    """

    file: str
    frame: pl.LazyFrame
    broken: pl.DataFrame
    note: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it has not even columns."""
        return not set(self.frame.collect_schema()) - {ROW}


def read_source(source: SourceFile, mapping: Path) -> list[Part]:
    """Every file that ``source.file`` names, in the order of their names; none if none is there.

    Raises:
        BadSource: A file is not what its format says; the message names it.
    """
    wanted = expand(source.file, mapping)
    found = sorted(wanted.parent.glob(wanted.name)) if "*" in wanted.name else [wanted]
    return [_read_file(source, path, mapping) for path in found if path.is_file()]


def missing(source: SourceFile, mapping: Path) -> str:
    """What to tell whoever asked for a file that is not there."""
    wanted = expand(source.file, mapping)
    if not wanted.parent.is_dir():
        return f"no file {source.file!r}: there is no folder {wanted.parent}"
    near = or_rather(wanted.name, sorted(path.name for path in wanted.parent.iterdir()))
    return f"no file {source.file!r} in {wanted.parent}{near}"


def _read_file(source: SourceFile, path: Path, mapping: Path) -> Part:
    kind = source.written_as or "csv"
    name = str(path.relative_to(mapping.parent) if path.is_relative_to(mapping.parent) else path)
    if path.stat().st_size == 0:
        return Part(name, pl.LazyFrame(), pl.DataFrame(schema=REJECTED), f"{name} is empty")
    if kind == "parquet":
        return _read_parquet(path, name)
    try:
        text = _as_utf8(path.read_bytes(), source.encoding)
        lines = _split_json(text) if kind == "jsonl" else split_text(source, kind, text)
    except (ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        raise BadSource(f"{name}: {without_values(error)}") from None
    return _part(name, lines, whole=ends_whole(text))


def _part(name: str, lines: Lines, *, whole: bool) -> Part:
    """A broken last line without a line end was cut off; a whole one is only worth a note."""
    cut = (pl.col(ROW) == lines.last) & pl.lit(not whole)
    broken = lines.broken.select(
        pl.when(cut).then(pl.lit("cut_off")).otherwise(pl.lit("broken_line")).alias("rule"),
        pl.lit(name).alias("file"),
        pl.col(ROW).alias("row"),
        "text",
        pl.lit(None, pl.String).alias("subscriber_id"),
    ).cast(REJECTED)
    odd = not whole and "cut_off" not in broken["rule"]
    note = f"{name}: its last line, {lines.last}, has no line end; was the file cut off?"
    return Part(name, lines.rows.lazy(), broken, note if odd else None)


def _read_parquet(path: Path, name: str) -> Part:
    try:
        frame = pl.scan_parquet(path, glob=False, row_index_name=ROW, row_index_offset=1)
        schema = frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise BadSource(
            f"{name} cannot be read as Parquet, perhaps it was cut off ({without_values(error)}); "
            "fetch it again"
        ) from None
    coded = [
        column for column, kind in schema.items() if isinstance(kind, pl.Categorical | pl.Enum)
    ]
    as_text = frame.with_columns(pl.col(coded).cast(pl.String))
    return Part(name, as_text, pl.DataFrame(schema=REJECTED))


def _as_utf8(text: bytes, encoding: str) -> bytes:
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig", "ascii"}:
        return text
    return text.decode(encoding, errors="replace").encode()


def _split_json(text: bytes) -> Lines:
    """One object a line. Only a file that does not parse whole is gone through line by line."""
    lines = without_blank(read_lines(text))
    fits = pl.Series([True] * lines.height, dtype=pl.Boolean)
    try:
        rows = _as_objects(lines["text"])
    except pl.exceptions.PolarsError:
        fits = pl.Series([_is_object(line) for line in lines["text"]], dtype=pl.Boolean)
        rows = _as_objects(lines["text"].filter(fits))
    return sort_out(rows, lines, fits)


def _as_objects(lines: pl.Series) -> pl.DataFrame:
    if lines.is_empty():
        return pl.DataFrame()
    return pl.read_ndjson("\n".join(lines).encode(), infer_schema_length=None)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line, parse_constant=_no_json), dict)
    except ValueError:
        return False


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
