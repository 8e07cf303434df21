"""Tables and numbers of a card, as Markdown."""

import re
from datetime import datetime
from math import isnan

import polars as pl

#: What Markdown would read as markup in a name; an underscore within a word is none.
_MARKUP = re.compile(r"[\\`*\[\]<>&|~]|(?<![^\W_])_|_(?![^\W_])")
#: Smaller numbers have no digit within three decimals.
_SMALL = 0.0005


def table(frame: pl.DataFrame) -> str:
    """The frame as a table; names are shown as they are written, nulls as unknown."""
    head = "| " + " | ".join(frame.columns) + " |\n|" + "---|" * frame.width
    return "\n".join([head, *("| " + " | ".join(map(_cell, row)) + " |" for row in frame.rows())])


def with_intervals(frame: pl.DataFrame, name: str = "roc_auc") -> pl.DataFrame:
    """The frame with a number as text, its interval (``low``, ``high``) in brackets."""
    words = [
        None if stated is None else f"{number(stated)} ({number(low)}, {number(high)})"
        for stated, low, high in frame.select(name, "low", "high").rows()
    ]
    return frame.with_columns(pl.Series(name, words, pl.String)).drop("low", "high")


def number(value: float) -> str:
    """Three decimals; two significant digits of a number that these would show as zero."""
    return f"{value:.2g}" if 0 < abs(value) < _SMALL else f"{value:.3f}"


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and isnan(value)):
        return "unknown"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return number(value)
    return _MARKUP.sub(r"\\\g<0>", " ".join(str(value).split()))
