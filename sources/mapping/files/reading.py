"""Source files as frames: what each holds row by row, and the lines that cannot be split.

Text stays text here; types come with the mapping. Nothing is dropped: a line that has too
few or too many fields is handed on as broken, with its number.
"""

import csv
from dataclasses import replace
from pathlib import Path

import polars as pl

from perdura.sources.error_texts import without_values
from perdura.sources.landing.landing import REJECTED
from perdura.sources.mapping.files.delimited import split_text
from perdura.sources.mapping.files.encodings import as_utf8, with_line_feeds
from perdura.sources.mapping.files.json_lines import split_json
from perdura.sources.mapping.files.lines import ROW, Lines, ends_whole
from perdura.sources.mapping.files.parquet import read_parquet
from perdura.sources.mapping.files.part import BadSource, FilePart
from perdura.sources.mapping.mapping import expand, or_rather
from perdura.sources.mapping.sections import SourceFile
from perdura.sources.staged import FILE, ROW_IN_FILE, StagedFrame, Unfetched


def read_source(source: SourceFile, mapping: Path) -> list[FilePart]:
    """Every file that ``source.file`` names, in the order of their names; none if none is there.

    Raises:
        BadSource: A file is not what its format says; the message names it.
    """
    staged = source.staged
    if not source.fetched_as:
        wanted = expand(source.file, mapping)
        found = sorted(wanted.parent.glob(wanted.name)) if "*" in wanted.name else [wanted]
        return [_read_file(source, path, mapping) for path in found if path.is_file()]
    if not isinstance(staged, StagedFrame):
        return []
    part = replace(read_parquet(staged.path, source.file), notes=staged.notes)
    if source.frame is None:  # rows of a query, or of a store, go by their number
        return [part]
    # A connector's rows are named as they lie at the vendor's.
    broken = staged.broken.with_columns(subscriber_id=pl.lit(None, pl.String))
    located = replace(
        part,
        frame=part.frame.drop(FILE, ROW_IN_FILE),
        origins=part.frame.select(ROW, FILE, ROW_IN_FILE).cast({ROW: pl.UInt32}),
        broken=broken.select(REJECTED.names()).cast(REJECTED),
    )
    return [located]


def missing(source: SourceFile, mapping: Path) -> str:
    """The message about a file that is not there."""
    if isinstance(source.staged, Unfetched):
        return f"{source.file}: {source.staged.why}"
    wanted = expand(source.file, mapping)
    if not wanted.parent.is_dir():
        return f"no file {source.file!r}: there is no folder {wanted.parent}"
    near = or_rather(wanted.name, sorted(path.name for path in wanted.parent.iterdir()))
    return f"no file {source.file!r} in {wanted.parent}{near}"


def _read_file(source: SourceFile, path: Path, mapping: Path) -> FilePart:
    kind = source.written_as or "csv"
    name = str(path.relative_to(mapping.parent) if path.is_relative_to(mapping.parent) else path)
    if path.stat().st_size == 0:
        return FilePart(name, pl.LazyFrame(), pl.DataFrame(schema=REJECTED), (f"{name} is empty",))
    if kind == "parquet":
        return read_parquet(path, name)
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
