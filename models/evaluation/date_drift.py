"""Columns that separate old dates from new ones, for all subscribers.

In a history that begins on some day, "days since the first payment" is at most the days since
then: it grows with the calendar. Trees that see a year of dates use it as a clock, and predict
next year from values that no training row has.
"""

import numpy as np
import polars as pl
from scipy.stats import rankdata

#: A column drifts where a newer row has the larger value with at least this probability (or the
#: smaller value), ties counting half.
DRIFTS_FROM = 0.7

_ROWS_OF_A_SIDE = 10_000


def drifting_columns(matrix: np.ndarray, as_of: pl.Series) -> np.ndarray:
    """Which columns separate rows of the newest third of the dates from those of the oldest.

    Args:
        matrix: Encoded columns, one row per row; unknown is NaN and counts as the lowest.
        as_of: The date of each row.

    Returns:
        One Boolean per column; all false where there are fewer than three dates.
    """
    dates = as_of.unique().sort()
    third = dates.len() // 3
    if not third:
        return np.zeros(len(matrix.T), dtype=bool)

    def sampled(side: pl.Series) -> np.ndarray:
        rows = np.flatnonzero(side.to_numpy())
        return rows[:: max(1, len(rows) // _ROWS_OF_A_SIDE)]

    old, new = sampled(as_of < dates[third]), sampled(as_of >= dates[-third])

    def newer_is_larger(column: np.ndarray) -> float:
        """The probability that a new value is above an old one (Mann and Whitney 1947)."""
        values = np.concatenate([column[old], column[new]])
        ranks = rankdata(np.nan_to_num(values, nan=-np.inf))
        above = ranks[len(old) :].sum() - len(new) * (len(new) + 1) / 2
        return float(above / (len(old) * len(new)))

    larger = np.array([newer_is_larger(column) for column in matrix.T])
    drifts: np.ndarray = np.abs(larger - 0.5) >= DRIFTS_FROM - 0.5
    return drifts
