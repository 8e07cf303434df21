"""JSON in columns: values that stand in it, and whole objects, read as leniently as lines."""

import json
from collections.abc import Mapping

import polars as pl

from perdura.sources.connectors.stripe.json_text.lines import LINE, rows_of_lines


def decoded(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    """JSON texts as values; null of those that are something else.

    Objects where ``dtype`` has text become JSON again: an expanded product in place of its id.
    """
    try:
        return texts.str.json_decode(dtype)  # several times as quick, and strict
    except pl.exceptions.PolarsError:
        pass
    wrapped = [b'{"value":%s}' % (text or "null").encode() for text in texts]
    rows, _ = rows_of_lines(wrapped, list(range(len(wrapped))), {"value": dtype})
    every = pl.DataFrame({LINE: range(len(wrapped))}, schema={LINE: pl.Int64()})
    return every.join(rows, on=LINE, how="left", maintain_order="left")["value"]


def decoded_objects(texts: pl.Series, fields: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """JSON objects, as leniently read as lines of a file; nulls where a text is none."""
    lines = [(text or "{}").encode() for text in texts]
    rows, _ = rows_of_lines(lines, list(range(len(lines))), fields)
    every = pl.DataFrame({LINE: range(len(lines))}, schema={LINE: pl.Int64()})
    return every.join(rows, on=LINE, how="left", maintain_order="left").drop(LINE)


def in_json(name: str, path: str) -> pl.Expr:
    """What stands at a path of a column that holds JSON; null where nothing does."""
    return pl.col(name).str.json_path_match(path)


def is_empty(text: pl.Expr) -> pl.Expr:
    """Whether JSON of a list has nothing in it."""
    return text.is_null() | text.is_in(("[]", "null", ""))


def as_id(text: pl.Expr) -> pl.Expr:
    """The id of what is an id, or an expanded object."""
    is_object = text.str.starts_with("{")
    return pl.when(is_object).then(text.str.json_path_match("$.id")).otherwise(text)


def loads(text: str | None) -> object:
    """What a JSON text says; ``None`` of what is none."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
