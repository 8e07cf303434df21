"""What a column holds, in words, so that a mapping needs no names of a library's types."""

import polars as pl


def holds(dtype: pl.DataType) -> str:
    """What values of a type are, as the end of "it holds ..."."""
    if isinstance(dtype, pl.List | pl.Array):
        return "lists"
    if dtype.is_integer():
        return "whole numbers"
    if dtype.is_numeric():
        return "numbers with decimals"
    return next((words for kind, words in _WORDS if dtype == kind), str(dtype))


def of_columns(schema: pl.Schema, names: set[str]) -> str:
    """What each of some columns holds: ``day holds times, x holds text``."""
    return ", ".join(f"{name} holds {holds(schema[name])}" for name in sorted(names & {*schema}))


_WORDS = (
    (pl.String, "text"),
    (pl.Struct, "objects"),
    (pl.Boolean, "true and false"),
    (pl.Datetime, "times"),
    (pl.Date, "dates"),
    (pl.Time, "times of day"),
    (pl.Duration, "lengths of time"),
    (pl.Binary, "bytes"),
    (pl.Null, "nothing"),
)
