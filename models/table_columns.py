"""The columns of a prepared table: what a model can read, and in words what it cannot."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import polars as pl

from features.frames import as_polars

# LightGBM refuses or changes other names.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


class BadTable(ValueError):
    """The table cannot be learnt from, or asked about, as it is. Nothing was done."""


def as_frame(table: Any) -> pl.DataFrame:
    """A Polars, lazy Polars, pandas or Arrow table as a frame; an index is left out.

    Raises:
        BadTable: It is none of these, or two columns have one name.
    """
    twice = _twice(list(map(str, getattr(table, "columns", ()))))
    if twice:
        raise BadTable(f"two columns are called {twice[0]!r}; rename one of them")
    try:
        return as_polars(table)
    except Exception:  # each kind of table has errors of its own
        raise BadTable(
            f"asked to read a {type(table).__name__}, which is no table; give a Polars or pandas "
            "frame with one row per subscriber"
        ) from None


def column_of(rows: pl.DataFrame, name: str, what: str) -> pl.Series:
    """The column of this name.

    Raises:
        BadTable: There is none; names the nearest.
    """
    if name not in rows.columns:
        raise BadTable(f"the table has no column {name!r} ({what}){nearest(name, rows.columns)}")
    return rows[name]


def nearest(name: str, known: Collection[str]) -> str:
    """Which known name may be meant, as the end of a sentence."""
    lowered = {other.lower(): other for other in known}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    shown = ", ".join(repr(other) for other in list(known)[:10])
    return f"; it has {shown}{' ...' if len(known) > 10 else ''}"


def readable(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The columns as numbers and texts: categories are texts, durations days, decimals floats.

    Raises:
        BadTable: A column holds dates, lists or other things that are neither.
    """
    return rows.select(_readable(rows[name]) for name in names)


def plain_names(names: Sequence[str]) -> list[str]:
    """A name for each column that LightGBM takes: its own where that can be."""
    taken = set(names)
    made = [name if _PLAIN_NAME.fullmatch(name) else f"column_{n}" for n, name in enumerate(names)]
    return [
        new if new == name or new not in taken else f"_{new}_"
        for name, new in zip(names, made, strict=True)
    ]


def unseen_texts(unseen: Mapping[str, pl.Series], rows: pl.DataFrame) -> dict[str, dict[str, int]]:
    """How many rows hold which text that a model has never seen, by column."""
    return {
        name: dict(rows[name].cast(pl.String).filter(where).value_counts(sort=True).rows())
        for name, where in unseen.items()
    }


def _readable(values: pl.Series) -> pl.Series:
    kind = values.dtype
    if kind in _TEXTS:
        return values.cast(pl.String)
    if kind == pl.Duration:
        return values.dt.total_seconds() / 86_400
    if kind.is_numeric() or kind in (pl.Boolean, pl.Null):
        return values.cast(pl.Float64)
    if kind in (pl.Date, pl.Datetime):
        raise BadTable(
            f"column {values.name!r} holds dates, which say nothing by themselves; give the days "
            f"until the date that the row is about, e.g. (pl.col('as_of') - "
            f"pl.col({values.name!r})).dt.total_days(), or leave it out"
        )
    raise BadTable(
        f"column {values.name!r} holds {kind}, which is neither numbers nor text; turn it into "
        "columns of numbers or text, or leave it out"
    )


def _twice(names: Sequence[str]) -> list[str]:
    return [name for place, name in enumerate(names) if name in names[:place]]
