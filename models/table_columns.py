"""The columns of a prepared table: convert what a model can read, refuse the rest in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import polars as pl

from perdura.features.engine.frames import as_polars
from perdura.sources.counted import counted

# LightGBM refuses or changes other names.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
#: Up to this number texts may be categories, even with few rows each.
_MOST_TEXTS = 50


class BadTable(ValueError):
    """The table cannot be fitted or predicted as it is. Nothing was done."""


def as_frame(table: Any) -> pl.DataFrame:
    """A Polars, lazy Polars, pandas or Arrow table as a frame; an index is left out.

    Raises:
        BadTable: It is none of these, has no columns, or two of one name, or a column of pandas
            holds values of several kinds.
    """
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    names = list(map(str, getattr(table, "columns", ())))
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BadTable(f"two columns are called {name!r}; rename one of them")
    try:
        frame = as_polars(table)
    except Exception:  # each kind of table has errors of its own
        no_table = (
            f"asked to read a {type(table).__name__}, which is no table; give a Polars or pandas "
            "frame with one row per subscriber"
        )
        raise BadTable(_mixed(table) or no_table) from None
    if not frame.columns:
        raise BadTable("the table has no columns; give one row per subscriber")
    return frame


def _mixed(table: Any) -> str | None:
    """Which column of a pandas frame holds numbers beside texts, or worse."""
    for name in map(str, getattr(table, "columns", ())):
        values = table[name] if str(getattr(table[name], "dtype", "")) == "object" else ()
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        if len(kinds) > 1:
            return (
                f"column {name!r} holds values of several kinds: {', '.join(kinds)}; make them all "
                f"numbers or all text, e.g. rows[{name!r}].astype(str), or leave it out"
            )
    return None


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
        BadTable: A column holds dates, lists or other values that are neither.
    """
    return rows.select(_readable(rows[name]) for name in names)


def plain_names(names: Sequence[str]) -> list[str]:
    """A name for each column that LightGBM accepts: its own where possible."""
    taken = set(names)
    made = [name if _PLAIN_NAME.fullmatch(name) else f"column_{n}" for n, name in enumerate(names)]
    return [
        new if new == name or new not in taken else f"_{new}_"
        for name, new in zip(names, made, strict=True)
    ]


def unseen_texts(unseen: Mapping[str, pl.Series], rows: pl.DataFrame) -> dict[str, dict[str, int]]:
    """The texts that a model has never seen, and their row counts, by column."""
    return {
        name: dict(rows[name].cast(pl.String).filter(where).value_counts(sort=True).rows())
        for name, where in unseen.items()
    }


def _readable(values: pl.Series) -> pl.Series:
    kind = values.dtype
    if isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        return values.cast(pl.String)
    if kind == pl.Duration:
        return values.dt.total_seconds() / 86_400
    if kind.is_numeric() or isinstance(kind, pl.Boolean | pl.Null):
        return _finite(values.cast(pl.Float64))
    if isinstance(kind, pl.Date | pl.Datetime):
        raise BadTable(
            f"column {values.name!r} holds dates, which say nothing by themselves; give the days "
            f"until the date that the row is about, e.g. (pl.col('as_of') - "
            f"pl.col({values.name!r})).dt.total_days(), or leave it out"
        )
    raise BadTable(
        f"column {values.name!r} holds {kind}, which is neither numbers nor text; turn it into "
        "columns of numbers or text, or leave it out"
    )


def _finite(values: pl.Series) -> pl.Series:
    infinite = values.is_infinite().fill_null(value=False)
    if infinite.any():
        raise BadTable(
            f"column {values.name!r} holds infinite numbers in {infinite.sum():,} of "
            f"{counted(len(values), 'row')}, first in row {infinite.arg_true()[0]}; make them null "
            "where something was divided by zero, or leave it out"
        )
    return values


def refuse_ids(read: pl.DataFrame) -> None:
    """Refuse columns of ids: their texts do not recur in later rows.

    These have another text in each row, or more than ``_MOST_TEXTS`` texts with two rows or fewer
    each on average.

    Raises:
        BadTable: A column holds ids.
    """
    for values in read.select(pl.col(pl.String)).get_columns():
        filled = values.drop_nulls()
        number, rows = filled.n_unique(), len(filled)
        unique = number == rows == len(values) > 1
        if unique or (number > _MOST_TEXTS and 2 * number >= rows):
            found = (
                "another text in each of" if number == rows else f"{number:,} different texts in"
            )
            part = "" if rows == len(values) else " that are filled in"
            raise BadTable(
                f"column {values.name!r} holds {found} {rows:,} rows{part}, as ids do, from which "
                "nothing can be learnt; leave it out, or name it as `who` if it says whom a row is "
                "about"
            )
