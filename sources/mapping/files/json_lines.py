"""JSON lines: one object a line. A line that is none, or no UTF-8, spoils no other."""

import json
import re
from contextlib import suppress
from typing import Any

import polars as pl

from perdura.sources.mapping.files.json_objects import as_written, read_object
from perdura.sources.mapping.files.lines import Lines, read_lines, sort_out, without_blank

#: Half of a character, written out: no text has it.
_HALF = r"\\u[dD][89a-fA-F]"
#: A number with more digits than a float keeps, or in powers of ten.
_LONG = r"^-?[0-9]{16,}(\.[0-9]*)?$|^-?[0-9.]+[eE]"


def split_json(text: bytes) -> Lines:
    """The objects as rows. Only a file that does not parse whole is gone through line by line."""
    lines = without_blank(read_lines(text))
    odd = _undecodable(lines["text"], text)
    if not odd.any():
        try:
            read = _as_objects(lines["text"])
        except pl.exceptions.PolarsError:
            pass
        else:
            # An object that names a key twice is none: nothing tells which of the two is meant.
            suspect = pl.repeat(value=False, n=lines.height, eager=True)
            for name in read.columns:
                suspect |= lines["text"].str.count_matches(json.dumps(name), literal=True) > 1
            if all(read_object(text) is not None for text in lines["text"].filter(suspect)):
                return sort_out(read, lines, ~odd)
    objects = [read_object(line) for line in lines["text"]]
    fits = pl.Series([one is not None for one in objects], dtype=pl.Boolean) & ~odd
    rows = _rows(
        lines["text"].filter(fits), [o for o, fit in zip(objects, fits, strict=True) if fit]
    )
    return sort_out(rows, lines, fits, undecodable=odd)


def _undecodable(lines: pl.Series, text: bytes) -> pl.Series:
    """Lines with bytes that are no UTF-8, wherever they are, or with half of a character."""
    odd = pl.repeat(value=False, n=len(lines), eager=True)
    try:
        text.decode()
    except UnicodeDecodeError:
        odd = lines.str.contains("\ufffd", literal=True)
    if re.search(_HALF.encode(), text):
        halves = lines.str.contains(_HALF).arg_true()
        spoilt = [number for number in halves if _has_half(lines[number])]
        odd = odd.scatter(spoilt, True) if spoilt else odd
    return odd


def _has_half(line: str) -> bool:
    try:
        json.dumps(json.loads(line), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _rows(lines: pl.Series, objects: list[Any]) -> pl.DataFrame:
    """The objects as rows; where values of a column do not go together, as texts."""
    try:
        return _as_objects(lines)
    except pl.exceptions.PolarsError:
        columns: dict[str, pl.Series] = {}
        for name in dict.fromkeys(name for one in objects for name in one):
            values = [one.get(name) for one in objects]
            columns[name] = pl.Series([as_written(value) for value in values], dtype=pl.String)
            kinds: set[type[Any]] = {type(value) for value in values if value is not None}
            if kinds <= {int} or kinds <= {bool}:
                with suppress(OverflowError, TypeError):
                    dtype = pl.Boolean if kinds == {bool} else pl.Int64
                    columns[name] = pl.Series(values, dtype=dtype)
        return pl.DataFrame(columns)


def _as_objects(lines: pl.Series) -> pl.DataFrame:
    """The rows; numbers that stand beside texts as they are written: Polars keeps 17 digits."""
    if lines.is_empty():
        return pl.DataFrame()
    read = pl.read_ndjson("\n".join(lines).encode(), infer_schema_length=None)
    texts = [name for name, kind in read.schema.items() if kind == pl.String]
    long = [name for name in texts if read[name].str.contains(_LONG).any()]
    if not long:
        return read
    objects = [read_object(line) or {} for line in lines]
    return read.with_columns(
        pl.Series(name, [as_written(one.get(name)) for one in objects], pl.String) for name in long
    )
