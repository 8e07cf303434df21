"""JSON lines: one object a line. A line that is none, or no UTF-8, spoils no other."""

import json
import re
from contextlib import suppress
from typing import Any, cast

import polars as pl

from perdura.json_values import refuse_constant
from perdura.sources.mapping.files.delimited import Lines, read_lines, sort_out, without_blank

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
            if not _named_twice(lines["text"], read.columns):
                return sort_out(read, lines, ~odd)
    objects = [_as_object(line) for line in lines["text"]]
    fits = pl.Series([one is not None for one in objects], dtype=pl.Boolean) & ~odd
    rows = _rows(
        lines["text"].filter(fits), [o for o, fit in zip(objects, fits, strict=True) if fit]
    )
    return sort_out(rows, lines, fits, undecodable=odd)


class _Written(float):
    """A number, and how it is written in the file."""

    text: str

    def __new__(cls, text: str) -> "_Written":
        made = super().__new__(cls, text)
        made.text = text
        return made


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
            columns[name] = pl.Series([_as_text(value) for value in values], dtype=pl.String)
            kinds: set[type[Any]] = {type(value) for value in values if value is not None}
            if kinds <= {int} or kinds <= {bool}:
                with suppress(OverflowError, TypeError):
                    dtype = pl.Boolean if kinds == {bool} else pl.Int64
                    columns[name] = pl.Series(values, dtype=dtype)
        return pl.DataFrame(columns)


def _as_text(value: object) -> str | None:
    if isinstance(value, _Written):
        return value.text
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _as_objects(lines: pl.Series) -> pl.DataFrame:
    """The rows; numbers that stand beside texts as they are written: Polars keeps 17 digits."""
    if lines.is_empty():
        return pl.DataFrame()
    read = pl.read_ndjson("\n".join(lines).encode(), infer_schema_length=None)
    texts = [name for name, kind in read.schema.items() if kind == pl.String]
    long = [name for name in texts if read[name].str.contains(_LONG).any()]
    if not long:
        return read
    objects = [_as_object(line) or {} for line in lines]
    return read.with_columns(
        pl.Series(name, [_as_text(one.get(name)) for one in objects], pl.String) for name in long
    )


def _as_object(line: str) -> dict[str, Any] | None:
    try:
        found: Any = json.loads(
            line, parse_constant=refuse_constant, parse_float=_Written, object_pairs_hook=_once_each
        )
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _named_twice(lines: pl.Series, names: list[str]) -> bool:
    """Whether an object names a key twice: nothing tells which of the two is meant."""
    suspect = pl.repeat(value=False, n=len(lines), eager=True)
    for name in names:
        suspect |= lines.str.count_matches(json.dumps(name), literal=True) > 1
    return any(_as_object(lines[number]) is None for number in suspect.arg_true())
