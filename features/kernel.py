"""Compiled loops that measure people's records: exact, in any order of rows, by many threads.

Every row is added once, to the cell of its elementary interval, and the cells run on: what a window
``[as_of - d, as_of)`` holds is the difference of two of them. Rows that not every date after them
sees (known late, of another account for a while, or of another currency) are odd: they are few, and
are added to the windows of each date that does see them.

All in one file: what numba has compiled is taken for current until the file of the outermost loop
changes, and a loop of another file, which is built into it, could be an old one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

_DAY = 86_400_000_000
_NEVER = np.iinfo(np.int64).min
_EVER = np.iinfo(np.int64).max
_TOGETHER = 64  # people whose columns are written at once

# Operations, as in ``features.plan.Op``; balances are in ``features.balance``.
_COUNT, _SUM, _MEAN, _MAX, _MIN, _FIRST, _LAST, _LATEST = range(8)

# The place of a lone bit, found by multiplying it with a de Bruijn sequence (Leiserson, Prokop and
# Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998).
_DE_BRUIJN = 0x077CB531
_PLACE = np.zeros(32, np.uint8)
for _bit in range(32):
    _PLACE[(((1 << _bit) * _DE_BRUIJN) & 0xFFFFFFFF) >> 27] = _bit


class _Cells(NamedTuple):
    """What somebody's rows add up to.

    Attributes:
        sums: Rows and totals of channels, by cell.
        moments: The first, the last and what that told, by date.
        ends: The greatest and the least, by cell.
    """

    sums: np.ndarray
    moments: np.ndarray
    ends: np.ndarray


@njit(cache=True, nogil=True)
def _cells(cells, dates, orders):
    return _Cells(
        np.empty((cells, orders.sums), np.int64),
        np.empty((dates, orders.moments, 3), np.int64),
        np.empty((cells, orders.ends, 2), np.int64),
    )


@njit(cache=True, nogil=True)
def _lowest(bits):
    return _PLACE[(((bits & -bits) * _DE_BRUIJN) & 0xFFFFFFFF) >> 27]


# In the loops below places are unsigned, so that none is looked at twice for being negative, and
# nothing is asked that could go either way: what is not wanted is added where nobody reads.


@njit(cache=True, nogil=True)
def _add(records, each, bits, cell, channels, sums):
    """A row to the sums of a cell, in each of the channels ``bits``."""
    at = np.uint64(cell)
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        sums[at, np.uint64(channel.rows)] += 1
        sums[at, np.uint64(channel.total)] += records[each, np.uint64(channel.word)]


@njit(cache=True, nogil=True)
def _add_end(records, each, bits, cell, channels, ends):
    """A row to the greatest and the least of a cell, in each of the channels ``bits``."""
    at = np.uint64(cell)
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        own, value = np.uint64(channel.ends), records[each, np.uint64(channel.word)]
        ends[at, own, 0] = max(ends[at, own, 0], value)
        ends[at, own, 1] = min(ends[at, own, 1], value)


@njit(cache=True, nogil=True)
def _add_moment(records, each, bits, date, channels, moments):
    """A row to the moments of a date, in each of the channels ``bits``."""
    at, moment = np.uint64(date), records[each, 0]
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        own, value = np.uint64(channel.moments), records[each, np.uint64(channel.word)]
        last = moments[at, own, 1]
        if moment > last or (moment == last and value > moments[at, own, 2]):
            moments[at, own, 1], moments[at, own, 2] = moment, value
        moments[at, own, 0] = min(moments[at, own, 0], moment)


@njit(cache=True, nogil=True)
def _find_odd(records, begin, end, cuts, orders, odd):
    """How many rows are odd, and which; with amounts in several currencies it is all."""
    found, told, several = 0, np.int64(-1), False
    for each in range(begin, end):
        what = records[each, 1]
        since, until = what & 255, (what >> 8) & 255
        if cuts.first_date[(what >> 16) & 0xFFFF] < since or until < len(cuts.dates):
            odd[found] = each
            found += 1
        if orders.money and records[each, orders.currency] >= 0:
            several |= told >= 0 and told != records[each, orders.currency]
            told = records[each, orders.currency]
    if several:
        found = end - begin
        odd[:found] = np.arange(begin, end)
    return found


@njit(cache=True, nogil=True)
def _add_even(records, begin, end, odd, cuts, orders, even):
    """Every row but the ``odd`` ones to cells, which then run on."""
    sums, moments, ends = even
    channels, timed, ended = orders.channels, orders.timed, orders.ended
    sums[:], ends[:, :, 0], ends[:, :, 1] = 0, _NEVER, _EVER
    moments[:, :, 0], moments[:, :, 1] = _EVER, _NEVER
    passed = 0
    for each in range(begin, end):
        if passed < len(odd) and odd[passed] == each:
            passed += 1
            continue
        interval, bits = (records[each, 1] >> 16) & 0xFFFF, records[each, 1] >> 32
        _add(records, each, bits, interval + 1, channels, sums)
        _add_end(records, each, bits & ended, interval + 1, channels, ends)
        _add_moment(records, each, bits & timed, cuts.first_date[interval], channels, moments)
    _run_on(sums, moments)


@njit(cache=True, nogil=True)
def _run_on(sums, moments):
    """Each cell becomes all up to it. (Not those of ends, which cannot be subtracted.)"""
    for own in range(np.uint64(sums.shape[1])):
        total = np.int64(0)
        for cell in range(np.uint64(len(sums))):
            total += sums[cell, own]
            sums[cell, own] = total
    for date in range(1, len(moments)):
        for own in range(moments.shape[1]):
            if moments[date, own, 1] == _NEVER:
                moments[date, own, 1] = moments[date - 1, own, 1]
                moments[date, own, 2] = moments[date - 1, own, 2]
            moments[date, own, 0] = min(moments[date, own, 0], moments[date - 1, own, 0])


@njit(cache=True, nogil=True)
def _look(dates, cuts, even, seen):
    """The moments and ends of even rows that each of these dates sees."""
    until, before, windows = cuts.until, cuts.before, cuts.before.shape[1]
    for each in range(len(dates)):
        date = dates[each]
        for own in range(even.moments.shape[1]):
            for which in range(3):
                seen.moments[each, own, which] = even.moments[date, own, which]
        for own in range(even.ends.shape[1]):
            # Windows come shortest first, but for the one that goes back for ever.
            cell, most, least = until[date], _NEVER, _EVER
            for step in range(1, windows + 1):
                window = step % windows
                while cell > before[date, window]:
                    most = max(most, even.ends[cell, own, 0])
                    least = min(least, even.ends[cell, own, 1])
                    cell -= 1
                seen.ends[each * windows + window, own, 0] = most
                seen.ends[each * windows + window, own, 1] = least


@njit(cache=True, nogil=True)
def _add_odd(records, begin, end, odd, dates, cuts, orders, seen):
    """The ``odd`` rows to each of the dates that sees them, amounts in its last currency alone."""
    channels, windows, word = orders.channels, cuts.before.shape[1], orders.currency
    money = orders.money if len(odd) == end - begin else 0  # else there is one currency
    seen.sums[:] = 0
    for each in range(len(dates)):
        date, mine = dates[each], np.int64(-1)
        if money:
            mine = _last_currency(records, begin, end, date, word)
        for row in odd:
            what = records[row, 1]
            if not (what & 255) <= date < ((what >> 8) & 255):
                continue
            interval, bits = (what >> 16) & 0xFFFF, what >> 32
            if money and records[row, word] >= 0 and records[row, word] != mine:
                bits &= ~money
            for window in range(windows):
                if interval >= cuts.before[date, window]:
                    cell = each * windows + window
                    _add(records, row, bits, cell, channels, seen.sums)
                    _add_end(records, row, bits & orders.ended, cell, channels, seen.ends)
            _add_moment(records, row, bits & orders.timed, each, channels, seen.moments)


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


@njit(cache=True, nogil=True, error_model="numpy")
def _write_sums(first, dates, any_odd, cuts, orders, even, seen, draft):
    """What is told by differences: counts, sums and means."""
    cells, odd, width = even.sums.reshape(-1), seen.sums.reshape(-1), np.uint64(orders.sums)
    until, before, columns, empty = cuts.until, cuts.before, orders.columns, orders.empty
    for column in range(np.uint64(orders.bounds[_MEAN])):
        what = columns[column]
        window, own, total = np.uint64(what.window), np.uint64(what.rows), np.uint64(what.place)
        counts, mean = what.op == _COUNT, what.op == _MEAN
        at, place = window * width, np.uint64(first)
        for date in dates:
            end, begin = np.uint64(until[date]) * width, np.uint64(before[date, window]) * width
            rows = cells[end + own] - cells[begin + own]
            if any_odd:
                rows += odd[at + own]
            value = np.float64(rows)
            if not counts:
                added = cells[end + total] - cells[begin + total]
                if any_odd:
                    added += odd[at + total]
                value = added / what.scale
                if mean:
                    value /= np.float64(max(rows, 1))
            draft[column, place] = value + empty[column, np.uint64(min(rows, 1))]
            at += np.uint64(before.shape[1]) * width
            place += np.uint64(1)


@njit(cache=True, nogil=True)
def _number(value, scale):
    """An integer, or the float (no ``scale``) whose bits it was ordered by."""
    if scale:
        return np.float64(value)
    return np.int64(value ^ ((value >> 63) & _EVER)).view(np.float64)


@njit(cache=True, nogil=True)
def _write_ends(first, dates, cuts, orders, ends, draft):
    """The greatest and the least."""
    for column in range(orders.bounds[_MEAN], orders.bounds[_MIN]):
        what = orders.columns[column]
        for each in range(len(dates)):
            cell = each * cuts.before.shape[1] + what.window
            most, least = ends[cell, what.place, 0], ends[cell, what.place, 1]
            value = _number(most if what.op == _MAX else least, what.scale)
            draft[column, first + each] = value if most >= least else orders.empty[column, 0]


@njit(cache=True, nogil=True)
def _write_moments(first, dates, cuts, orders, moments, draft):
    """Days since the first and the last, and the latest values."""
    for column in range(orders.bounds[_MIN], orders.bounds[_LATEST]):
        what = orders.columns[column]
        for each in range(len(dates)):
            value = orders.empty[column, 0]
            if moments[each, what.place, 1] != _NEVER:
                if what.op == _LATEST:
                    value = _number(moments[each, what.place, 2], what.scale)
                else:
                    moment = moments[each, what.place, 0 if what.op == _FIRST else 1]
                    value = (cuts.dates[dates[each]] - moment) / _DAY
            draft[column, first + each] = value


@njit(cache=True, nogil=True)
def _draft(records, begin, end, first, dates, cuts, orders, odd, even, seen, draft):
    """One person's columns at these dates, from place ``first`` on."""
    found = odd[: _find_odd(records, begin, end, cuts, orders, odd)]
    _add_even(records, begin, end, found, cuts, orders, even)
    _look(dates, cuts, even, seen)
    if len(found):
        _add_odd(records, begin, end, found, dates, cuts, orders, seen)
    _write_sums(first, dates, len(found) > 0, cuts, orders, even, seen, draft)
    _write_ends(first, dates, cuts, orders, seen.ends, draft)
    _write_moments(first, dates, cuts, orders, seen.moments, draft)


@njit(cache=True, nogil=True)
def _put(draft, rows, out):
    """Column by column, so that the rows of many people fill what is fetched to be written."""
    for column in range(len(draft)):
        for place in range(len(rows)):
            out[column, rows[place]] = draft[column, place]


@njit(cache=True, nogil=True)
def measure(records, starts, low, high, spine_starts, spine_rows, spine_date, cuts, orders, out):
    """Write every column but balances of the people ``[low, high)`` where their spine rows are.

    ``records`` are of these people, each one's from ``starts[person - low]``.
    """
    dates, windows = cuts.before.shape
    even = _cells(len(cuts.first_date) + 1, dates + 1, orders)
    seen = _cells(dates * windows, dates, orders)  # but for sums, which are of odd rows only
    odd, when = np.empty((starts[1:] - starts[:-1]).max(), np.int64), np.empty(dates, np.int64)
    draft = np.empty((orders.bounds[_LATEST], _TOGETHER * dates))
    for some in range(low, high, _TOGETHER):
        begins = spine_starts[some : min(some + _TOGETHER, high) + 1] - spine_starts[some]
        asked = spine_rows[spine_starts[some] : spine_starts[some] + begins[-1]]
        for each in range(len(begins) - 1):
            begin, end = starts[some - low + each], starts[some - low + each + 1]
            first, after = begins[each], begins[each + 1]
            for place in range(first, after):
                when[place - first] = spine_date[asked[place]]
            if begin < end:
                own = when[: after - first]
                _draft(records, begin, end, first, own, cuts, orders, odd, even, seen, draft)
            else:
                for column in range(len(draft)):
                    draft[column, first:after] = orders.empty[column, 0]
        _put(draft, asked, out)


@njit(cache=True, nogil=True)
def known(column, bits):
    """How many values are not NaN; ``bits`` (Arrow's validity, zeroed) says which."""
    found = 0
    for row in range(len(column)):
        if column[row] == column[row]:
            bits[row >> 3] |= np.uint8(1 << (row & 7))
            found += 1
    return found
