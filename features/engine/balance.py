"""Compiled loops that count open things: the last opening is later than the last closing."""

# pyright: standard
# numba types the loops, by the arrays that they are given.

import numpy as np
from numba import njit

_NEVER = np.iinfo(np.int64).min
_FEW = 32  # sorted where they lie
_TIE_BITS = 4  # of a moment, as in ``features.engine.assignment``


@njit(cache=True, nogil=True)
def _things(records, begin, end, channels, word, places):
    """How many of a subscriber's rows open or close a thing; ``places`` gets them, by thing."""
    found = 0
    for index in range(begin, end):
        if (records[index, 1] >> 32) & channels:
            places[found] = index
            found += 1
    if found > _FEW:
        keys = np.empty(found, np.int64)
        for index in range(found):
            keys[index] = records[places[index], word]
        places[:found] = places[:found][np.argsort(keys)]
        return found
    for index in range(1, found):
        row = places[index]
        position = index
        while position and records[places[position - 1], word] > records[row, word]:
            places[position] = places[position - 1]
            position -= 1
        places[position] = row
    return found


@njit(cache=True, nogil=True)
def _open(records, places, found, date, opens, closes, word):
    """How many things are open, and how many rows of any thing the date sees."""
    count, seen, index = 0, 0, 0
    while index < found:
        thing, opened, closed = records[places[index], word], _NEVER, _NEVER
        while index < found and records[places[index], word] == thing:
            what, moment = records[places[index], 1], records[places[index], 0] >> _TIE_BITS
            if (what & 255) <= date < ((what >> 8) & 255):
                seen += 1
                if (what >> 32) & opens:
                    opened = max(opened, moment)
                if (what >> 32) & closes:
                    closed = max(closed, moment)
            index += 1
        if opened > closed:
            count += 1
    return count, seen


@njit(cache=True, nogil=True)
def balance(
    records: np.ndarray, starts: np.ndarray, low: int, high: int, spine_starts: np.ndarray,
    spine_rows: np.ndarray, spine_date: np.ndarray, opens: int, closes: int, word: int,
    empty: float, out: np.ndarray,
) -> None:  # fmt: skip
    """Write how many things are open: the one column of a balance, as ``kernel.measure`` does.

    ``opens`` and ``closes`` are the bits of channels, ``word`` is where a record names its thing.
    """
    places = np.empty(len(records), np.int64)
    for person in range(low, high):
        begin, end = starts[person - low], starts[person - low + 1]
        found = _things(records, begin, end, opens | closes, word, places)
        for index in range(spine_starts[person], spine_starts[person + 1]):
            row = spine_rows[index]
            date = np.int64(spine_date[row])
            count, seen = _open(records, places, found, date, opens, closes, word)
            out[row] = count if seen else empty
