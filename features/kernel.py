"""Compiled loops that measure people's records: exact, in any order of rows, by many threads.

Every row is added once, to the cell of its elementary interval, and the cells run on: what a window
``[as_of - d, as_of)`` holds is the difference of two of them. Where a date does not see all that
happened before it (some was known late, or belonged to another account then, or is of another
currency) its rows are gone through one by one instead.
"""

import numpy as np
from numba import njit

_DAY = 86_400_000_000
_NEVER = np.iinfo(np.int64).min
_EVER = np.iinfo(np.int64).max

# Operations, as in ``features.plan.Op``.
_COUNT, _SUM, _MEAN, _MAX, _MIN, _FIRST, _LAST, _LATEST, _BALANCE = range(9)

#: What is said of a channel: where in a cell its rows are counted and, where wanted (else -1), its
#: values are summed, its moments are kept and its greatest and least value; whether only rows are
#: wanted; and which word of a record its value is.
ROWS, TOTAL, MOMENTS, ENDS, ONLY_ROWS, WORD = range(6)

# The place of a lone bit, found by multiplying it with a de Bruijn sequence (Leiserson, Prokop and
# Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998).
_DE_BRUIJN = 0x077CB531
_PLACE = np.zeros(32, np.int64)
for _bit in range(32):
    _PLACE[(_DE_BRUIJN << _bit & 0xFFFFFFFF) >> 27] = _bit


@njit(cache=True, nogil=True)
def _last_currency(records, begin, end, date, word):
    """The currency that the last row told, of several the greatest; -1 if none did."""
    at, currency = _NEVER, np.int64(-1)
    for each in range(begin, end):
        what, told = records[each, 1], records[each, word]
        if told >= 0 and (what & 255) <= date < ((what >> 8) & 255):
            moment = records[each, 0]
            if moment > at or (moment == at and told > currency):
                at, currency = moment, told
    return currency


@njit(cache=True, nogil=True)
def _lowest(bits):
    return _PLACE[(((bits & -bits) * _DE_BRUIJN) & 0xFFFFFFFF) >> 27]


@njit(cache=True, nogil=True)
def _fill(records, begin, end, channels, sums, moments, ends):
    """Each row into its cells, once; then the cells run on, but for those of ``ends``."""
    sums[:], ends[:, :, 0], ends[:, :, 1] = 0, _NEVER, _EVER
    moments[:, :, 0], moments[:, :, 1] = _EVER, _NEVER
    for each in range(begin, end):
        cell, bits = ((records[each, 1] >> 16) & 0xFFFF) + 1, records[each, 1] >> 32
        while bits:
            channel = _lowest(bits)
            bits &= bits - 1
            sums[cell, channels[channel, ROWS]] += 1
            if channels[channel, ONLY_ROWS]:
                continue
            value = records[each, channels[channel, WORD]]
            if channels[channel, TOTAL] >= 0:
                sums[cell, channels[channel, TOTAL]] += value
            if channels[channel, MOMENTS] >= 0:
                own, moment = channels[channel, MOMENTS], records[each, 0]
                last = moments[cell, own, 1]
                if moment > last or (moment == last and value > moments[cell, own, 2]):
                    moments[cell, own, 1], moments[cell, own, 2] = moment, value
                moments[cell, own, 0] = min(moments[cell, own, 0], moment)
            if channels[channel, ENDS] >= 0:
                own = channels[channel, ENDS]
                ends[cell, own, 0] = max(ends[cell, own, 0], value)
                ends[cell, own, 1] = min(ends[cell, own, 1], value)
    for cell in range(1, len(sums)):
        for own in range(sums.shape[1]):
            sums[cell, own] += sums[cell - 1, own]
        for own in range(moments.shape[1]):
            if moments[cell, own, 1] == _NEVER:
                moments[cell, own, 1] = moments[cell - 1, own, 1]
                moments[cell, own, 2] = moments[cell - 1, own, 2]
            moments[cell, own, 0] = min(moments[cell, own, 0], moments[cell - 1, own, 0])


@njit(cache=True, nogil=True)
def _scan(records, begin, end, date, channel, before, word, money, currency, mine):
    """What the rows that a date sees say of a channel: rows, total, greatest, least; moments.

    Row by row: the first four of those that happened after the interval ``before``.
    """
    rows, total, most, least = np.int64(0), np.int64(0), _NEVER, _EVER
    began, ended, said = _EVER, _NEVER, _NEVER
    for each in range(begin, end):
        what, moment = records[each, 1], records[each, 0]
        if not (what & 255) <= date < ((what >> 8) & 255) or not (what >> 32) >> channel & 1:
            continue
        if (
            money >> channel & 1
            and records[each, currency] >= 0
            and records[each, currency] != mine
        ):
            continue
        value = records[each, word]
        if (what >> 16) & 0xFFFF >= before:
            rows += 1
            total += value
            most, least = max(most, value), min(least, value)
        if moment > ended or (moment == ended and value > said):
            ended, said = moment, value
        began = min(began, moment)
    return rows, total, most, least, began, ended, said


@njit(cache=True, nogil=True)
def _mark_apart(records, begin, end, first_date, dates, money, currency, apart):
    """Which dates do not see all that had happened, or see it in several currencies."""
    apart[:] = False
    told = np.int64(-1)
    for each in range(begin, end):
        what = records[each, 1]
        for date in range(first_date[(what >> 16) & 0xFFFF], what & 255):
            apart[date] = True
        for date in range((what >> 8) & 255, dates):
            apart[date] = True
        if money and records[each, currency] >= 0:
            if told >= 0 and told != records[each, currency]:
                apart[:] = True
            told = records[each, currency]


@njit(cache=True, nogil=True)
def _write(value, scale, column, row, out, out_bits):
    """A number as it is, a float (no ``scale``) as the bits that it was ordered by."""
    if scale:
        out[column, row] = value
    else:
        out_bits[column, row] = value ^ ((value >> 63) & _EVER)


@njit(cache=True, nogil=True)
def _write_scanned(
    records, begin, end, row, date, as_of, before, channels, money, currency, told, scale, empty,
    out, out_bits,
):  # fmt: skip
    """The columns of a row of the spine whose date does not see all, gone through row by row."""
    mine = _last_currency(records, begin, end, date, currency) if money else np.int64(-1)
    for column in range(len(told)):
        op, channel = told[column, 0], told[column, 1]
        rows, total, most, least, began, ended, said = _scan(
            records, begin, end, date, channel, before[date, told[column, 3]],
            channels[channel, WORD], money, currency, mine,
        )  # fmt: skip
        out[column, row] = empty[column]
        if rows == 0:
            continue
        if op == _COUNT:
            out[column, row] = rows
        elif op == _SUM:
            out[column, row] = total / scale[column]
        elif op == _MEAN:
            out[column, row] = total / scale[column] / rows
        elif op == _FIRST:
            out[column, row] = (as_of[date] - began) / _DAY
        elif op == _LAST:
            out[column, row] = (as_of[date] - ended) / _DAY
        else:
            value = said if op == _LATEST else most if op == _MAX else least
            _write(value, scale[column], column, row, out, out_bits)


@njit(cache=True, nogil=True)
def measure(
    records, starts, low, high, spine_starts, spine_rows, spine_date,
    as_of, first_date, until, before, channels, sizes, money, currency, told, bounds, scale, empty,
    out, out_bits,
):  # fmt: skip
    """Write every column but balances of the people ``[low, high)`` where their spine rows are.

    ``records`` are of these people, each one's from ``starts[person - low]``. What nobody tells
    is ``empty``. Floats are written as bits: ``out_bits`` is the memory of ``out``.
    Columns come in order of their operations: those of each end where ``bounds`` says.
    """
    sums = np.zeros((len(first_date) + 1, sizes[0]), np.int64)
    moments = np.zeros((len(first_date) + 1, sizes[1], 3), np.int64)
    ends = np.zeros((len(first_date) + 1, sizes[2], 2), np.int64)
    apart = np.zeros(len(as_of), np.bool_)
    # Unsigned, so that no index is looked at twice for being negative.
    flat, width = sums.reshape(-1), np.uint64(sums.shape[1])
    windows, owns = told[:, 3].astype(np.uint64), told[:, 1].astype(np.uint64)
    totals = np.empty(len(told), np.uint64)
    for column in range(len(told)):
        totals[column] = max(channels[told[column, 1], TOTAL], 0)
    for person in range(low, high):
        begin, end = starts[person - low], starts[person - low + 1]
        if begin < end:
            _fill(records, begin, end, channels, sums, moments, ends)
            _mark_apart(records, begin, end, first_date, len(as_of), money, currency, apart)
        for place in range(spine_starts[person], spine_starts[person + 1]):
            row, date = spine_rows[place], np.int64(spine_date[spine_rows[place]])
            place_of = np.uint64(row)
            cell, scanned = until[date] + 1, apart[date] and begin < end
            if begin == end:
                for column in range(bounds[-1]):
                    out[column, row] = empty[column]
            elif scanned:
                _write_scanned(
                    records, begin, end, row, date, as_of, before, channels, money, currency,
                    told[: bounds[-1]], scale, empty, out, out_bits,
                )  # fmt: skip
            else:
                above = np.uint64(cell * width)
                for column in range(np.uint64(bounds[_COUNT])):
                    below = np.uint64(before[np.uint64(date), windows[column]]) * width
                    own = owns[column]
                    rows = flat[above + own] - flat[below + own]
                    out[column, place_of] = rows if rows else empty[column]
                for column in range(np.uint64(bounds[_COUNT]), np.uint64(bounds[_MEAN])):
                    below = np.uint64(before[np.uint64(date), windows[column]]) * width
                    own, of = owns[column], totals[column]
                    rows = flat[above + own] - flat[below + own]
                    total = (flat[above + of] - flat[below + of]) / scale[column]
                    if column >= np.uint64(bounds[_SUM]):
                        total /= max(rows, 1)
                    out[column, place_of] = total if rows else empty[column]
                for column in range(bounds[_MEAN], bounds[_MIN]):
                    most, least = _NEVER, _EVER
                    for each in range(before[date, told[column, 3]] + 1, cell + 1):
                        most = max(most, ends[each, channels[told[column, 1], ENDS], 0])
                        least = min(least, ends[each, channels[told[column, 1], ENDS], 1])
                    out[column, row] = empty[column]
                    if most >= least:
                        value = most if column < bounds[_MAX] else least
                        _write(value, scale[column], column, row, out, out_bits)
                for column in range(bounds[_MIN], bounds[_LATEST]):
                    own = channels[told[column, 1], MOMENTS]
                    out[column, row] = empty[column]
                    if moments[cell, own, 1] == _NEVER:
                        continue
                    if column < bounds[_FIRST]:
                        out[column, row] = (as_of[date] - moments[cell, own, 0]) / _DAY
                    elif column < bounds[_LAST]:
                        out[column, row] = (as_of[date] - moments[cell, own, 1]) / _DAY
                    else:
                        _write(moments[cell, own, 2], scale[column], column, row, out, out_bits)


@njit(cache=True, nogil=True)
def _things(records, begin, end, channels, word):
    """Places of the rows that open or close a thing, those of one thing together."""
    places = np.empty(end - begin, np.int64)
    found = 0
    for each in range(begin, end):
        if (records[each, 1] >> 32) & channels:
            places[found] = each
            found += 1
    keys = np.empty(found, np.int64)
    for each in range(found):
        keys[each] = records[places[each], word]
    return places[:found][np.argsort(keys)]


@njit(cache=True, nogil=True)
def _open(records, places, date, opens, closes, word):
    """How many things are open, and how many rows of any thing the date sees."""
    count, seen, at = 0, 0, 0
    while at < len(places):
        thing, opened, closed = records[places[at], word], _NEVER, _NEVER
        while at < len(places) and records[places[at], word] == thing:
            what, moment = records[places[at], 1], records[places[at], 0]
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
    records,
    starts,
    low,
    high,
    spine_starts,
    spine_rows,
    spine_date,
    opens,
    closes,
    word,
    empty,
    out,
):
    """Write how many things are open: the one column of a balance, as ``measure`` does."""
    for person in range(low, high):
        begin, end = starts[person - low], starts[person - low + 1]
        places = _things(records, begin, end, opens | closes, word)
        for place in range(spine_starts[person], spine_starts[person + 1]):
            row = spine_rows[place]
            date = np.int64(spine_date[row])
            count, seen = _open(records, places, date, opens, closes, word)
            out[row] = count if seen else empty


@njit(cache=True, nogil=True)
def known(column, bits):
    """How many values are not NaN; ``bits`` (Arrow's validity, zeroed) says which."""
    found = 0
    for row in range(len(column)):
        if column[row] == column[row]:
            bits[row >> 3] |= np.uint8(1 << (row & 7))
            found += 1
    return found
