"""Tables and numbers of a card, as Markdown."""

from datetime import datetime

import polars as pl


def table(frame: pl.DataFrame) -> str:
    """The frame as a table."""
    head = "| " + " | ".join(frame.columns) + " |\n|" + "---|" * frame.width
    return "\n".join([head, *("| " + " | ".join(map(_cell, row)) + " |" for row in frame.rows())])


def with_intervals(frame: pl.DataFrame, name: str = "roc_auc") -> pl.DataFrame:
    """The frame with a number as text, its interval (``low``, ``high``) in brackets."""
    words = [
        None if stated is None else f"{stated:.3f} ({low:.3f}, {high:.3f})"
        for stated, low, high in frame.select(name, "low", "high").rows()
    ]
    return frame.with_columns(pl.Series(name, words, pl.String)).drop("low", "high")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")
