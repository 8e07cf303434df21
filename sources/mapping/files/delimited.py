"""Text split into columns: CSV, TSV, fixed width, or columns with blanks between them.

Every line ends up in ``rows`` or in ``broken``. Values stay text; an empty one is null.
"""

import csv
import json
import re

import polars as pl

from perdura.sources.mapping.files.lines import (
    ROW,
    Lines,
    ends_whole,
    read_lines,
    without_blank,
)
from perdura.sources.mapping.files.quotes import join_quoted
from perdura.sources.mapping.files.records import split_at_blanks, split_delimited, split_fixed
from perdura.sources.mapping.sections import SourceFile


def split_text(source: SourceFile, kind: str, text: bytes) -> Lines:
    """Split a file's text as ``source`` and its ``kind`` say.

    Raises:
        ValueError: The header does not name each column once.
    """
    lines = read_lines(text)
    first = without_blank(lines.head(1))
    # ``sep=;``, as Excel reads and writes it.
    stated = re.fullmatch(r'"?sep=(.)"?', first["text"].item(), re.I) if first.height else None
    separator = source.separator or ("\t" if kind == "tsv" else ",")
    if kind in {"csv", "tsv"} and stated:
        separator, lines = source.separator or stated[1], lines.slice(1)
    names = list(source.names) or [column.name for column in source.fixed]
    first = without_blank(lines).head(1)
    if source.starts_with_header and first.height:
        names = names or header_names(first["text"].item(), kind, separator)
        lines = lines.filter(pl.col(ROW) > first[ROW].item())
    if kind == "fixed":
        return split_fixed(source, without_blank(lines), ends_whole=ends_whole(text))
    if kind == "whitespace":
        return split_at_blanks(names, without_blank(lines))
    records = without_blank(join_quoted(lines, len(names), separator))
    return split_delimited(names, records, separator)


def header_names(line: str, kind: str, separator: str) -> list[str]:
    """The names of columns that a header says.

    Raises:
        ValueError: It is one column by the separator, or says a name twice.
    """
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
