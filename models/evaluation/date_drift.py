"""Columns that tell old dates from new ones, whoever the row is about.

Of a history that begins on some day, "days since the first payment" is at most the days since then:
it grows with the calendar for everybody. Trees that see a year of dates take it for a clock, and
say of next year what no row taught them.
"""

import numpy as np
import polars as pl
from scipy.stats import rankdata

#: A column drifts where a newer row has the larger value with at least this chance (or as surely
#: the smaller one), ties counting half.
DRIFTS_FROM = 0.7

_ROWS_OF_A_SIDE = 10_000


def drifting_columns(matrix: np.ndarray, as_of: pl.Series) -> np.ndarray:
    """Which columns tell rows of the newest third of the dates from those of the oldest.

    Args:
        matrix: Encoded columns, one row per row; unknown is NaN and counts as the least.
        as_of: The date of each row.

    Returns:
        One truth value per column; all false where there are fewer than three dates.
    """
    dates = as_of.unique().sort()
    third = dates.len() // 3
    if not third:
        return np.zeros(matrix.shape[1], dtype=bool)
    old = _some((as_of < dates[third]).to_numpy())
    new = _some((as_of >= dates[-third]).to_numpy())
    ranks_larger = np.array([_chance_of_larger(column[old], column[new]) for column in matrix.T])
    return np.abs(ranks_larger - 0.5) >= DRIFTS_FROM - 0.5


def _some(among: np.ndarray) -> np.ndarray:
    places = np.flatnonzero(among)
    return places[:: max(1, len(places) // _ROWS_OF_A_SIDE)]


def _chance_of_larger(old: np.ndarray, new: np.ndarray) -> float:
    """How likely a new value is above an old one (Mann and Whitney 1947)."""
    ranks = rankdata(np.nan_to_num(np.concatenate([old, new]), nan=-np.inf))
    above = ranks[len(old) :].sum() - len(new) * (len(new) + 1) / 2
    return float(above / (len(old) * len(new)))
