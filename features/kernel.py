"""Compiled loops that measure people's records: exact, in any order of rows, by many threads.

Every row is added once, to the cell of its elementary interval, and the cells run on: what a window
``[as_of - d, as_of)`` holds is the difference of two of them. A date that does not see all that
happened before it (some was known late, or belonged to another account then, or is of another
currency) is told by cells of its own.
"""

import numpy as np
from numba import njit

_DAY = 86_400_000_000
_NEVER = np.iinfo(np.int64).min
_EVER = np.iinfo(np.int64).max
_TOGETHER = 64  # people whose columns are written at once

# Operations, as in ``features.plan.Op``; balances are in ``features.balance``.
_COUNT, _SUM, _MEAN, _MAX, _MIN, _FIRST, _LAST, _LATEST = range(8)

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
def _add(records, each, bits, first_date, channels, sums, moments, ends):
    """A row into the cells of its interval, in each of the channels ``bits``.

    Moments have no window: theirs are the cells between two dates.
    """
    interval = (records[each, 1] >> 16) & 0xFFFF
    while bits:
        channel = _lowest(bits)
        bits &= bits - 1
        sums[interval + 1, channels[channel, ROWS]] += 1
        if channels[channel, ONLY_ROWS]:
            continue
        value = records[each, channels[channel, WORD]]
        if channels[channel, TOTAL] >= 0:
            sums[interval + 1, channels[channel, TOTAL]] += value
        if channels[channel, MOMENTS] >= 0:
            date, own, moment = first_date[interval], channels[channel, MOMENTS], records[each, 0]
            last = moments[date, own, 1]
            if moment > last or (moment == last and value > moments[date, own, 2]):
                moments[date, own, 1], moments[date, own, 2] = moment, value
            moments[date, own, 0] = min(moments[date, own, 0], moment)
        if channels[channel, ENDS] >= 0:
            own = channels[channel, ENDS]
            ends[interval + 1, own, 0] = max(ends[interval + 1, own, 0], value)
            ends[interval + 1, own, 1] = min(ends[interval + 1, own, 1], value)


@njit(cache=True, nogil=True)
def _add_even(records, begin, end, odd, first_date, channels, sums, moments, ends):
    """Every row but the ``odd`` ones into its cells, which were empty."""
    sums[:], ends[:, :, 0], ends[:, :, 1] = 0, _NEVER, _EVER
    moments[:, :, 0], moments[:, :, 1] = _EVER, _NEVER
    passed = 0
    for each in range(begin, end):
        if passed < len(odd) and odd[passed] == each:
            passed += 1
        else:
            bits = records[each, 1] >> 32
            _add(records, each, bits, first_date, channels, sums, moments, ends)


@njit(cache=True, nogil=True)
def _add_odd(
    records, odd, view, money, currency, mine, first_date, channels, sums, moments, ends
):  # fmt: skip
    """The ``odd`` rows that the date ``view`` sees (all, of -1), amounts in ``mine`` alone."""
    for each in odd:
        what = records[each, 1]
        bits = what >> 32
        if view >= 0:
            if not (what & 255) <= view < ((what >> 8) & 255):
                continue
            if money and records[each, currency] >= 0 and records[each, currency] != mine:
                bits &= ~money
        _add(records, each, bits, first_date, channels, sums, moments, ends)


@njit(cache=True, nogil=True)
def _copy(pair):
    """The first of two onto the second: NumPy's way would look whether they overlap."""
    flat = pair.reshape(-1)
    half = np.uint64(len(flat)) >> np.uint64(1)
    for at in range(half):
        flat[half + at] = flat[at]


@njit(cache=True, nogil=True)
def _run_on(sums, moments):
    """Each cell becomes all up to it, but for those of ends, which cannot be subtracted."""
    flat, width = sums.reshape(-1), np.uint64(sums.shape[1])
    for at in range(width, np.uint64(len(flat))):
        flat[at] += flat[at - width]
    for date in range(1, len(moments)):
        for own in range(moments.shape[1]):
            if moments[date, own, 1] == _NEVER:
                moments[date, own, 1] = moments[date - 1, own, 1]
                moments[date, own, 2] = moments[date - 1, own, 2]
            moments[date, own, 0] = min(moments[date, own, 0], moments[date - 1, own, 0])


@njit(cache=True, nogil=True)
def _find_odd(records, begin, end, first_date, dates, money, currency, odd, apart):
    """How many rows are not seen by every date after them; which, and which dates do not.

    With amounts in several currencies it is all rows, and all dates.
    """
    apart[:] = False
    found, told, several = 0, np.int64(-1), False
    for each in range(begin, end):
        what = records[each, 1]
        first, since, until = first_date[(what >> 16) & 0xFFFF], what & 255, (what >> 8) & 255
        if first < since or until < dates:
            for date in range(first, since):
                apart[date] = True
            for date in range(until, dates):
                apart[date] = True
            odd[found] = each
            found += 1
        if money and records[each, currency] >= 0:
            several |= told >= 0 and told != records[each, currency]
            told = records[each, currency]
    if several:
        apart[:], found = True, end - begin
        odd[:found] = np.arange(begin, end)
    return found


@njit(cache=True, nogil=True)
def _apart_last(asked, first, spine_date, apart, places, dates):
    """How many of somebody's rows see all that had happened.

    They come first in ``places``, counted from ``first`` on, with their ``dates``.
    """
    alike, others = 0, len(asked)
    for each in range(len(asked)):
        date = np.int64(spine_date[asked[each]])
        if apart[date]:
            others -= 1
            places[others], dates[others] = first + each, date
        else:
            places[alike], dates[alike] = first + each, date
            alike += 1
    return alike


@njit(cache=True, nogil=True)
def _write(value, scale, column, row, out, out_bits):
    """A number as it is, a float (no ``scale``) as the bits that it was ordered by."""
    if scale:
        out[column, row] = value
    else:
        out_bits[column, row] = value ^ ((value >> 63) & _EVER)


@njit(cache=True, nogil=True, error_model="numpy")
def _write_windows(rows, dates, above, below, sums, channels, told, bounds, scale, empty, out):
    """What is told by differences: counts, sums and means of these rows of the spine.

    ``above`` and ``below``: where cells begin in ``sums``, by date, and by window and date.
    """
    flat = sums.reshape(-1)
    for column in range(bounds[_MEAN]):
        # Unsigned, so that no index is looked at twice for being negative.
        own, since = np.uint64(told[column, 1]), below[told[column, 3]]
        total = np.uint64(max(channels[told[column, 1], TOTAL], 0))
        counts, mean = column < bounds[_COUNT], column >= bounds[_SUM]
        unit, nothing = scale[column], empty[column]
        for each in range(len(rows)):
            end, begin = above[dates[each]], since[dates[each]]
            found = np.float64(flat[end + own] - flat[begin + own])
            value = found
            if not counts:
                value = (flat[end + total] - flat[begin + total]) / unit
                value = value / found if mean else value
            out[column, rows[each]] = value if found else nothing


@njit(cache=True, nogil=True)
def _write_ends(
    rows, dates, until, before, ends, channels, told, bounds, scale, empty, out, out_bits
):
    """The greatest and least of these rows of the spine."""
    for column in range(bounds[_MEAN], bounds[_MIN]):
        own = channels[told[column, 1], ENDS]
        for each in range(len(rows)):
            date, row, most, least = dates[each], rows[each], _NEVER, _EVER
            for cell in range(before[date, told[column, 3]] + 1, until[date] + 2):
                most, least = max(most, ends[cell, own, 0]), min(least, ends[cell, own, 1])
            out[column, row] = empty[column]
            if most >= least:
                value = most if column < bounds[_MAX] else least
                _write(value, scale[column], column, row, out, out_bits)


@njit(cache=True, nogil=True)
def _write_moments(
    rows, dates, as_of, moments, channels, told, bounds, scale, empty, out, out_bits
):
    """Days since the first and the last, and the latest values, of these rows of the spine."""
    for column in range(bounds[_MIN], bounds[_LATEST]):
        own = channels[told[column, 1], MOMENTS]
        for each in range(len(rows)):
            date, row = dates[each], rows[each]
            began, ended = moments[date, own, 0], moments[date, own, 1]
            if ended == _NEVER:
                out[column, row] = empty[column]
            elif column < bounds[_FIRST]:
                out[column, row] = (as_of[date] - began) / _DAY
            elif column < bounds[_LAST]:
                out[column, row] = (as_of[date] - ended) / _DAY
            else:
                _write(moments[date, own, 2], scale[column], column, row, out, out_bits)


@njit(cache=True, nogil=True)
def measure(
    records, starts, low, high, spine_starts, spine_rows, spine_date,
    as_of, first_date, until, before, channels, sizes, money, currency, told, bounds, scale, empty,
    out,
):  # fmt: skip
    """Write every column but balances of the people ``[low, high)`` where their spine rows are.

    ``records`` are of these people, each one's from ``starts[person - low]``. What nobody tells
    is ``empty``; floats are written as bits. Columns come in order of their operations: those of
    each end where ``bounds`` says.
    """
    # First of what all dates see, then of what is made of that for some dates.
    sums = np.zeros((2, len(first_date) + 1, sizes[0]), np.int64)
    moments = np.zeros((2, len(as_of) + 1, sizes[1], 3), np.int64)
    ends = np.zeros((2, len(first_date) + 1, sizes[2], 2), np.int64)
    above = ((until + 1) * sizes[0]).astype(np.uint64)
    below = np.ascontiguousarray(before.T * sizes[0]).astype(np.uint64)
    odd = np.empty((starts[1:] - starts[:-1]).max(), np.int64)
    apart = np.zeros(len(as_of), np.bool_)
    places, dates = np.empty(len(as_of), np.int64), np.empty(len(as_of), np.int64)
    draft = np.empty((bounds[-1], _TOGETHER * len(as_of)))
    bits = draft.view(np.int64)
    for some in range(low, high, _TOGETHER):
        begins = spine_starts[some : min(some + _TOGETHER, high) + 1] - spine_starts[some]
        asked = spine_rows[spine_starts[some] : spine_starts[some] + begins[-1]]
        for each in range(len(begins) - 1):
            begin, end = starts[some - low + each], starts[some - low + each + 1]
            if begin == end:
                for column in range(bounds[-1]):
                    draft[column, begins[each] : begins[each + 1]] = empty[column]
                continue
            found = _find_odd(
                records, begin, end, first_date, len(as_of), money, currency, odd, apart
            )
            _add_even(
                records, begin, end, odd[:found], first_date, channels, sums[0], moments[0], ends[0]
            )
            mine = asked[begins[each] : begins[each + 1]]
            alike, at = _apart_last(mine, begins[each], spine_date, apart, places, dates), 0
            while at < len(mine):
                # All dates that see what had happened share cells, the others have their own.
                view, told_in, after = np.int64(-1), np.int64(-1), alike
                if at >= alike:
                    view, after = dates[at], at + 1
                    if money:
                        told_in = _last_currency(records, begin, end, view, currency)
                _copy(sums)
                _copy(moments)
                _copy(ends)
                _add_odd(
                    records, odd[:found], view, money, currency, told_in, first_date, channels,
                    sums[1], moments[1], ends[1],
                )  # fmt: skip
                _run_on(sums[1], moments[1])
                own, when = places[at:after], dates[at:after]
                _write_windows(
                    own, when, above, below, sums[1], channels, told, bounds, scale, empty, draft
                )
                _write_ends(
                    own, when, until, before, ends[1], channels, told, bounds, scale, empty,
                    draft, bits,
                )  # fmt: skip
                _write_moments(
                    own, when, as_of, moments[1], channels, told, bounds, scale, empty, draft, bits
                )
                at = after
        _put(draft, asked, out)


@njit(cache=True, nogil=True)
def _put(draft, rows, out):
    """Column by column, so that the rows of many people fill what is fetched to be written."""
    for column in range(len(draft)):
        for place in range(len(rows)):
            out[column, rows[place]] = draft[column, place]


@njit(cache=True, nogil=True)
def known(column, bits):
    """How many values are not NaN; ``bits`` (Arrow's validity, zeroed) says which."""
    found = 0
    for row in range(len(column)):
        if column[row] == column[row]:
            bits[row >> 3] |= np.uint8(1 << (row & 7))
            found += 1
    return found
