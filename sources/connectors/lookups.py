"""Rows joined with what other rows say of the same key."""

import polars as pl


def looked_up(
    rows: pl.LazyFrame, others: pl.LazyFrame, on: str, theirs: str | None = None
) -> pl.LazyFrame:
    """The rows, in their order, with the columns of the others; null where these lack the key.

    Args:
        rows: They stay as many as they are, if each key stands once in the others.
        others: The key, and columns that the rows do not have.
        on: The key in the rows.
        theirs: The key in the others, if it has another name there.
    """
    return rows.join(others, left_on=on, right_on=theirs or on, how="left", maintain_order="left")
