"""Lines of a text: those that are rows of a table, and those that are none.

Every line ends up in ``rows`` or in ``broken``. Values stay text; an empty one is null.
"""

from dataclasses import dataclass

import polars as pl

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
