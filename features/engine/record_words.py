"""The words of a record: which channels a row counts in, and the values that are measured."""

import numpy as np
import polars as pl

from perdura.features.engine.column_plan import ColumnPlan, Field

_MILLION = 1_000_000


def channel_bits(plan: ColumnPlan) -> pl.Expr:
    """By row, one bit for each channel that it counts in."""
    bits = pl.lit(0, pl.UInt32)
    for index, channel in enumerate(plan.channels):
        counts = pl.sql_expr(channel.where)
        if channel.word >= 0:
            counts = counts & pl.col(plan.words[channel.word].column).is_not_null()
        bits = bits | pl.when(counts).then(pl.lit(1 << index, pl.UInt32)).otherwise(0)
    return bits


def word_of_row(word: Field, texts: dict[str, pl.Series]) -> pl.Expr:
    """By row, the value of a word; of ``order``, still the float itself. What is null is 0, or -1.

    Args:
        word: Which.
        texts: By column, all its texts in order.
    """
    value = pl.col(word.column)
    match word.form:
        case "millionths":
            return (value * _MILLION).round().cast(pl.Int64).fill_null(0)
        case "order":
            return value.fill_null(0)
        case "text":
            index = value.cast(pl.Enum(texts[word.column])).to_physical().cast(pl.Int64)
            return index.fill_null(-1)
        case "thing":
            return value.hash().fill_null(0)
        case _:
            return value.cast(pl.Int64).fill_null(0)


def word_values(frame: pl.DataFrame, words: list[Field]) -> np.ndarray:
    """One row per word, one column per row of the frame, as integers."""
    values = np.empty((len(words), frame.height), np.int64)
    for index, word in enumerate(words):
        found = frame[f"word {index}"].to_numpy().view(np.int64)
        if word.form == "order":  # the bits of floats, such that they compare as the floats do
            found = found ^ ((found >> 63) & np.iinfo(np.int64).max)
        values[index] = found
    return values
