"""Text split into columns: CSV, TSV, fixed width, or columns with blanks between them.

Every line ends up in ``rows`` or in ``broken``. Values stay text; an empty one is null.
"""

import csv
import json
import re
from dataclasses import dataclass
from io import BytesIO

import polars as pl

from perdura.sources.mapping.files.quotes import fields, join_quoted, quotes
from perdura.sources.mapping.sections import SourceFile

#: The column that says where in its file a row stood, from 1. Expressions know it by this name.
ROW = "row_number"


@dataclass(frozen=True, slots=True)
class Lines:
    """A text as a table.

    Attributes:
        rows: One row per line (per record, where quotes span lines), with ``ROW``.
        broken: The lines that have too few or too many fields, or bytes that are no text: ``ROW``,
            ``text`` and ``undecodable``.
        last: ``ROW`` of the last record.
    """

    rows: pl.DataFrame
    broken: pl.DataFrame
    last: int


def split_text(source: SourceFile, kind: str, text: bytes) -> Lines:
    """Split a file's text as ``source`` and its ``kind`` say.

    Raises:
        ValueError: The header does not name each column once.
    """
    lines = read_lines(text)
    stated, lines = _without_separator_line(kind, lines)
    separator = source.separator or stated or ("\t" if kind == "tsv" else ",")
    names = list(source.names) or [column.name for column in source.fixed]
    first = without_blank(lines).head(1)
    if source.starts_with_header and first.height:
        names = names or _header(first["text"].item(), kind, separator)
        lines = lines.filter(pl.col(ROW) > first[ROW].item())
    if kind == "fixed":
        return _fixed(source, without_blank(lines), ends_whole=ends_whole(text))
    if kind == "whitespace":
        return _whitespace(names, without_blank(lines))
    records = without_blank(join_quoted(lines, len(names), separator))
    return _delimited(names, records, separator)


def read_lines(text: bytes) -> pl.DataFrame:
    """Every line: ``ROW``, ``text``. Bytes that are no UTF-8 become U+FFFD."""
    text = text.removeprefix(b"\xef\xbb\xbf")
    try:
        return pl.read_lines(text, name="text", row_index_name=ROW, row_index_offset=1)
    except pl.exceptions.ComputeError:
        return read_lines(text.decode("utf-8", errors="replace").encode())


def ends_whole(text: bytes) -> bool:
    """Whether the last line has a line end."""
    return text.endswith((b"\n", b"\r"))


def without_blank(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that say something."""
    return lines.filter(pl.col("text").str.strip_chars() != "")


def sort_out(
    rows: pl.DataFrame, lines: pl.DataFrame, fits: pl.Series, undecodable: pl.Series | None = None
) -> Lines:
    """``rows`` for the lines that fit, the other lines as broken."""
    last = lines[ROW][-1] if lines.height else 0
    rows = rows if ROW in rows.columns else rows.with_columns(lines.filter(fits)[ROW])
    odd = pl.lit(value=False) if undecodable is None else undecodable
    broken = lines.with_columns(odd.alias("undecodable")).filter(~fits)
    return Lines(rows, broken.select(ROW, "text", "undecodable"), last)


def _without_separator_line(kind: str, lines: pl.DataFrame) -> tuple[str | None, pl.DataFrame]:
    """What a first line ``sep=;`` says, as Excel reads and writes it, and the other lines."""
    first = without_blank(lines.head(1))
    stated = re.fullmatch(r'"?sep=(.)"?', first["text"].item(), re.I) if first.height else None
    if kind not in {"csv", "tsv"} or not stated:
        return None, lines
    return stated[1], lines.slice(1)


def _header(line: str, kind: str, separator: str) -> list[str]:
    if "\r" in line:
        raise ValueError(
            "its header holds a line end (a carriage return) within; give each row one line"
        )
    split = line.split() if kind == "whitespace" else next(csv.reader([line], delimiter=separator))
    names = [name.strip() for name in split]
    others = [mark for mark in ";\t|," if len(names) == 1 and mark in names[0]]
    if kind in {"csv", "tsv"} and others:
        found = max(others, key=names[0].count)
        raise ValueError(
            f"its header is a single column by {separator!r}, and {found!r} stands between its "
            f"names; write separator = {json.dumps(found)}"
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"its header has {twice[0]!r} twice; name its columns with names = [...]")
    return names


def _delimited(names: list[str], records: pl.DataFrame, separator: str) -> Lines:
    fits = records.select(
        (fields(separator) == len(names)) & (quotes() % 2 == 0),
    ).to_series()
    good = records.filter(fits)
    rows = _parse(names, good, separator)
    if rows.height == good.height:
        return sort_out(rows, records, fits)
    # Quotes in the middle of a field: the standard library is slower and more patient.
    split = [next(csv.reader([text], delimiter=separator)) for text in records["text"]]
    fits = pl.Series([len(values) == len(names) for values in split], dtype=pl.Boolean)
    rows = pl.DataFrame(
        [values for values in split if len(values) == len(names)],
        schema=dict.fromkeys(names, pl.String),
        orient="row",
    )
    return sort_out(rows.with_columns(pl.all().replace("", None)), records, fits)


def _parse(names: list[str], records: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Records of the right number of fields as columns; no rows at all if Polars cannot."""
    schema = dict.fromkeys(names, pl.String)
    buffer = BytesIO()
    records.select("text").write_csv(buffer, include_header=False, quote_style="never")
    text = buffer.getvalue()
    try:
        rows = pl.read_csv(text, has_header=False, schema=schema, separator=separator)
    except pl.exceptions.PolarsError:
        return pl.DataFrame(schema=schema)
    # Polars takes two quotation marks for a text of no length.
    return rows.with_columns(pl.all().replace("", None)) if b'""' in text else rows


def _whitespace(names: list[str], lines: pl.DataFrame) -> Lines:
    words = lines["text"].str.extract_all(r"\S+")
    fits = words.list.len() == len(names)
    good = words.filter(fits)
    rows = pl.DataFrame({name: good.list.get(index) for index, name in enumerate(names)})
    return sort_out(rows, lines, fits)


def _fixed(source: SourceFile, lines: pl.DataFrame, *, ends_whole: bool) -> Lines:
    """A line fits if it reaches into the last column; blanks at its end may be missing."""
    text = lines["text"]
    length = text.str.len_chars()
    fits = length >= max(column.start for column in source.fixed)
    if not ends_whole:  # a last line without its end was cut off unless it has its full width
        full = max(column.start + column.width - 1 for column in source.fixed)
        fits &= (lines[ROW] < lines[ROW].max()) | (length >= full)
    good = text.filter(fits)
    rows = pl.DataFrame(
        {
            column.name: good.str.slice(column.start - 1, column.width).str.strip_chars()
            for column in source.fixed
        },
        schema={column.name: pl.String for column in source.fixed},
    )
    return sort_out(rows.with_columns(pl.all().replace("", None)), lines, fits)
