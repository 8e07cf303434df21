"""Records of several fields: split by a separator, by blanks, or at fixed places of a line."""

import csv
from io import BytesIO

import polars as pl

from perdura.sources.mapping.files.lines import ROW, Lines, sort_out
from perdura.sources.mapping.files.quotes import fields, quotes
from perdura.sources.mapping.sections import SourceFile


def split_delimited(names: list[str], records: pl.DataFrame, separator: str) -> Lines:
    """Records of CSV, whose quoted fields may span lines, by the names of their columns."""
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


def split_at_blanks(names: list[str], lines: pl.DataFrame) -> Lines:
    """Lines of words with blanks between them."""
    words = lines["text"].str.extract_all(r"\S+")
    fits = words.list.len() == len(names)
    good = words.filter(fits)
    rows = pl.DataFrame({name: good.list.get(index) for index, name in enumerate(names)})
    return sort_out(rows, lines, fits)


def split_fixed(source: SourceFile, lines: pl.DataFrame, *, ends_whole: bool) -> Lines:
    """Lines of fixed width. One fits if it reaches into the last column; blanks may lack."""
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
