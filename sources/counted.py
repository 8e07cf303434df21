"""Counts of rows, and counts in words: 1 event is, 2 events are."""

import polars as pl


def count_rows(rows: pl.LazyFrame) -> int:
    """How many rows there are; they stream."""
    return rows.select(pl.len()).collect(engine="streaming").item()


def counted(number: int, noun: str) -> str:
    """The number with its noun."""
    return f"{number:,} {noun}{either(number, '', 's')}"


def either(number: int, one: str, many: str) -> str:
    """What goes with one, or with any other number."""
    return one if number == 1 else many
