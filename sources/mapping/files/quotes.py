"""Quoted fields: how many fields a line has, and which lines are one record together."""

import re

import polars as pl


def quotes() -> pl.Expr:
    """Number of quotation marks in ``text``."""
    return pl.col("text").str.count_matches('"', literal=True)


def fields(separator: str) -> pl.Expr:
    """Number of fields in ``text``; separators between quotation marks do not count."""
    bare = pl.col("text").str.replace_all(r'"[^"]*"', "")
    return bare.str.count_matches(separator, literal=True) + 1


def join_quoted(lines: pl.DataFrame, wanted: int, separator: str) -> pl.DataFrame:
    """Lines as records: a quoted field may span lines, and its record has ``wanted`` fields.

    A quotation mark that never closes spoils its own line only.
    """
    numbered = lines.with_row_index("record")
    odd = numbered.filter(quotes() % 2 == 1)
    if odd.is_empty():
        return lines
    first = numbered["record"].to_list()
    for start, end in _spans(numbered["text"], odd["record"].to_list(), wanted, separator):
        first[start : end + 1] = [start] * (end + 1 - start)
    return (
        numbered.with_columns(pl.Series("record", first))
        .group_by("record", maintain_order=True)
        .agg(pl.exclude("text").first(), pl.col("text").str.join("\n"))
        .select(lines.columns)
    )


def _spans(text: pl.Series, odd: list[int], wanted: int, separator: str) -> list[tuple[int, int]]:
    """First and last line of each record of several lines.

    ``odd`` are the lines with an odd number of quotation marks: only such a line can open
    or close a field that spans lines.
    """
    opens = re.compile(rf'(^|{re.escape(separator)})"')
    whole = re.compile(r'"[^"]*"')
    spans, index = list[tuple[int, int]](), 0
    while index + 1 < len(odd):
        start, end = odd[index], odd[index + 1]
        joined = "\n".join(text[start : end + 1])
        fits = whole.sub("", joined).count(separator) + 1 == wanted
        if opens.search(whole.sub("", text[start])) and fits:
            spans.append((start, end))
        index += 2 if spans and spans[-1][0] == start else 1
    return spans
