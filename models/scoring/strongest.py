"""The signals that raise each score most. Compiled: importing this costs numba's start."""

# numba passes arguments by place.
# ruff: noqa: PLR0917
import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def pick_strongest(
    added, slope, signal, mute, silent, unnamed, least, weights, signals, speakers
):  # pragma: no cover
    """Of each row the signals that add most, strongest first, and how many they are.

    Args:
        added: One row per row, one column per column, float32: what each adds.
        slope: Of each row, what all of it is multiplied by, float32.
        signal: One row per row, one column per column: the number of the signal it is a sign of.
        mute: As ``signal``: whether the column adds to its signal and does not speak for it.
        silent: Of each column, whether it neither adds nor speaks.
        unnamed: Of each signal, whether it is never named.
        least: What a signal must add more than, float32.
        weights, signals, speakers: Filled, one row per row, a column for each that is wanted: what
            the signal adds, its number, and the column that speaks for it: of those that may, the
            one that adds most. Of equals the first. A signal that no column speaks for is left out.

    Returns:
        How many there are of each row.
    """
    rows, columns = added.shape
    total = np.empty(len(unnamed), np.float32)
    most = np.empty(len(total), np.float32)
    speaker = np.empty(len(total), speakers.dtype)
    count = np.zeros(rows, np.int64)
    for row in range(rows):
        total[:] = 0
        most[:] = -np.inf
        for column in range(columns):
            if silent[column]:
                continue
            of, value = signal[row, column], added[row, column] * slope[row]
            total[of] += value
            if value > most[of] and not mute[row, column]:
                most[of] = value
                speaker[of] = column
        for of in range(len(total)):
            if unnamed[of] or most[of] == -np.inf:
                total[of] = -np.inf
        for place in range(weights.shape[1]):
            best = np.argmax(total)
            if not total[best] > least:
                break
            weights[row, place] = total[best]
            signals[row, place] = best
            speakers[row, place] = speaker[best]
            total[best] = -np.inf
            count[row] += 1
    return count
