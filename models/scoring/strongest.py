"""The signals that raise each score most. Compiled: importing this costs numba's start."""

# numba has no types, and passes arguments by position.
# pyright: standard
# ruff: noqa: PLR0917
import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _add_up(added, slope, signal, mute, silent, unnamed, total, most, largest):  # pragma: no cover
    """Fill, by signal of one row, what it adds (``total``) and the column that represents it.

    That column is in ``largest``, and what it adds in ``most``. A signal that is never named, or
    that no column may represent, adds minus infinity.
    """
    total[:] = 0
    most[:] = -np.inf
    for column in range(len(added)):
        if silent[column]:
            continue
        own, value = signal[column], added[column] * slope
        total[own] += value
        if value > most[own] and not mute[column]:
            most[own] = value
            largest[own] = column
    for number in range(len(total)):
        if unnamed[number] or most[number] == -np.inf:
            total[number] = -np.inf


@njit(cache=True, nogil=True)
def pick_strongest(
    added: np.ndarray, slope: np.ndarray, signal: np.ndarray, mute: np.ndarray,
    silent: np.ndarray, unnamed: np.ndarray, least: np.float32,
    weights: np.ndarray, signals: np.ndarray, columns_of: np.ndarray,
) -> np.ndarray:  # fmt: skip  # pragma: no cover
    """The signals that add most to each row, strongest first, and their number.

    Args:
        added: What each column adds: one row per row, one column per column, float32.
        slope: The factor of each row's additions, float32.
        signal: The number of each column's signal: one row per row, one column per column.
        mute: As ``signal``: whether the column adds to its signal but may not represent it.
        silent: Whether each column neither adds nor represents.
        unnamed: Whether each signal is never named.
        least: A signal must add more than this, float32.
        weights, signals, columns_of: Filled, one row per row, one column per rank: what the signal
            adds, its number, and the column that represents it: the one that adds most, of equals
            the first. A signal without such a column is left out.

    Returns:
        The number of signals of each row.
    """
    total = np.empty(len(unnamed), np.float32)
    most = np.empty(len(total), np.float32)
    largest = np.empty(len(total), columns_of.dtype)
    count = np.zeros(len(added), np.int64)
    for row in range(len(added)):
        own = added[row], slope[row], signal[row], mute[row]
        _add_up(*own, silent, unnamed, total, most, largest)
        for rank in range(weights.shape[1]):
            best = np.argmax(total)
            if not total[best] > least:
                break
            weights[row, rank], signals[row, rank] = total[best], best
            columns_of[row, rank] = largest[best]
            total[best] = -np.inf
            count[row] += 1
    return count
