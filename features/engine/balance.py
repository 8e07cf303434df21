"""Compiled loops that count open things: those whose last opening is later than their closing."""

import numpy as np
from numba import njit

_NEVER = np.iinfo(np.int64).min
_FEW = 32  # sorted where they lie
_TIE_BITS = 4  # of a moment, as in ``features.engine.assignment``


@njit(cache=True, nogil=True)
def _things(records, begin, end, channels, word, places):
    """How many of somebody's rows open or close a thing: their places, each thing's together."""
    found = 0
    for each in range(begin, end):
        if (records[each, 1] >> 32) & channels:
            places[found] = each
            found += 1
    if found > _FEW:
        keys = np.empty(found, np.int64)
        for each in range(found):
            keys[each] = records[places[each], word]
        places[:found] = places[:found][np.argsort(keys)]
        return found
    for each in range(1, found):
        place = places[each]
        at = each
        while at and records[places[at - 1], word] > records[place, word]:
            places[at] = places[at - 1]
            at -= 1
        places[at] = place
    return found


@njit(cache=True, nogil=True)
def _open(records, places, found, date, opens, closes, word):
    """How many things are open, and how many rows of any thing the date sees."""
    count, seen, at = 0, 0, 0
    while at < found:
        thing, opened, closed = records[places[at], word], _NEVER, _NEVER
        while at < found and records[places[at], word] == thing:
            what, moment = records[places[at], 1], records[places[at], 0] >> _TIE_BITS
            if (what & 255) <= date < ((what >> 8) & 255):
                seen += 1
                if (what >> 32) & opens:
                    opened = max(opened, moment)
                if (what >> 32) & closes:
                    closed = max(closed, moment)
            at += 1
        if opened > closed:
            count += 1
    return count, seen


@njit(cache=True, nogil=True)
def balance(
    records, starts, low, high, spine_starts, spine_rows, spine_date, opens, closes, word, empty,
    out,
):  # fmt: skip
    """Write how many things are open: the one column of a balance, as ``kernel.measure`` does.

    ``opens`` and ``closes`` are the bits of channels, ``word`` is where a record names its thing.
    """
    places = np.empty(len(records), np.int64)
    for person in range(low, high):
        begin, end = starts[person - low], starts[person - low + 1]
        found = _things(records, begin, end, opens | closes, word, places)
        for place in range(spine_starts[person], spine_starts[person + 1]):
            row = spine_rows[place]
            date = np.int64(spine_date[row])
            count, seen = _open(records, places, found, date, opens, closes, word)
            out[row] = count if seen else empty
