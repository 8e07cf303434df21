"""Compiled loops that measure people's records: exact, in any order of rows, by many threads.

Every row is added once, to the cell of its elementary interval, and the cells run on: what a window
``[as_of - d, as_of)`` holds is the difference of two of them. So it is told as if each date saw all
that happened before it. Where one does not (a row is known late, or is of another account for a
while, or of another currency), that date is looked at again, for that person alone.

Some people are measured at once, and lie side by side in every cell: the same is done for each.

All in one file: what numba has compiled is taken for current until the file of the outermost loop
changes, and a loop of another file, which is built into it, could be an old one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

_DAY = 86_400_000_000
_TIE_BITS = 4  # of a moment, as in ``features.engine.assignment``
_NEVER = np.iinfo(np.int64).min
_EVER = np.iinfo(np.int64).max
_TOGETHER = 32  # people measured at once, if their sums stay in the cache:
_CACHED = 1 << 18  # bytes

# Operations, as in ``features.engine.column_plan.Op``; balances are in ``features.engine.balance``.
_COUNT, _SUM, _MEAN, _MAX, _MIN, _FIRST, _LAST, _LATEST = range(8)

# The place of a lone bit, found by multiplying it with a de Bruijn sequence (Leiserson, Prokop and
# Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998).
_DE_BRUIJN = 0x077CB531
_PLACE = np.zeros(32, np.uint8)
for _bit in range(32):
    _PLACE[(((1 << _bit) * _DE_BRUIJN) & 0xFFFFFFFF) >> 27] = _bit


class _Cells(NamedTuple):
    """What the rows of some people add up to; people come last, side by side.

    Attributes:
        sums: Rows and totals of channels, by cell.
        moments: The first, the last and what that told, by date.
        ends: The greatest and the least, by cell.
    """

    sums: np.ndarray
    moments: np.ndarray
    ends: np.ndarray


class _Asked(NamedTuple):
    """Whom among some people each date asks about.

    Attributes:
        many: How many, by date.
        who: Which of them, by date.
        where: The rows of the spine that ask, by date.
        needs_recompute: By date and person, whether it sees less than all that happened before it.
    """

    many: np.ndarray
    who: np.ndarray
    where: np.ndarray
    needs_recompute: np.ndarray


@njit(cache=True, nogil=True)
def _cells(cells, dates, people, orders):
    return _Cells(
        np.empty((cells, orders.sums, people), np.int64),
        np.empty((dates, orders.moments, 3, people), np.int64),
        np.empty((cells, orders.ends, 2, people), np.int64),
    )


@njit(cache=True, nogil=True)
def _asked(dates, people):
    return _Asked(
        np.empty(dates, np.int64),
        np.empty((dates, people), np.int64),
        np.empty((dates, people), np.int64),
        np.empty((dates, people), np.bool_),
    )


@njit(cache=True, nogil=True)
def _clear(cells):
    cells.sums[:] = 0
    cells.moments[:, :, 0], cells.moments[:, :, 1] = _EVER, _NEVER
    cells.ends[:, :, 0], cells.ends[:, :, 1] = _NEVER, _EVER


@njit(cache=True, nogil=True)
def _ask(first, people, spine_starts, spine_rows, spine_date, asked):
    """Put the spine's rows of some people under their dates."""
    asked.many[:], asked.needs_recompute[:] = 0, False
    for mine in range(people):
        for place in range(spine_starts[first + mine], spine_starts[first + mine + 1]):
            row = spine_rows[place]
            date = np.uint64(spine_date[row])
            each = asked.many[date]
            asked.who[date, each], asked.where[date, each] = mine, row
            asked.many[date] += 1


@njit(cache=True, nogil=True)
def _lowest(bits):
    return _PLACE[(((bits & -bits) * _DE_BRUIJN) & 0xFFFFFFFF) >> 27]


# In the loops below places are unsigned, so that none is looked at twice for being negative, and
# nothing is asked that could go either way: what is not wanted is added where nobody reads.


@njit(cache=True, nogil=True)
def _add(records, each, bits, cell, mine, channels, sums):
    """A row to the sums of a cell, in each of the channels ``bits``."""
    at = np.uint64(cell)
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        sums[at, np.uint64(channel.rows), mine] += 1
        sums[at, np.uint64(channel.total), mine] += records[each, np.uint64(channel.word)]


@njit(cache=True, nogil=True)
def _add_end(records, each, bits, cell, mine, channels, ends):
    """A row to the greatest and the least of a cell, in each of the channels ``bits``."""
    at = np.uint64(cell)
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        own, value = np.uint64(channel.ends), records[each, np.uint64(channel.word)]
        ends[at, own, 0, mine] = max(ends[at, own, 0, mine], value)
        ends[at, own, 1, mine] = min(ends[at, own, 1, mine], value)


@njit(cache=True, nogil=True)
def _add_moment(records, each, bits, date, mine, channels, moments):
    """A row to the moments of a date, in each of the channels ``bits``."""
    at, moment = np.uint64(date), records[each, 0]
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        own, value = np.uint64(channel.moments), records[each, np.uint64(channel.word)]
        last = moments[at, own, 1, mine]
        if moment > last or (moment == last and value > moments[at, own, 2, mine]):
            moments[at, own, 1, mine], moments[at, own, 2, mine] = moment, value
        moments[at, own, 0, mine] = min(moments[at, own, 0, mine], moment)


@njit(cache=True, nogil=True)
def _add_people(records, starts, cuts, orders, cells, needs_recompute):
    """Everybody's rows to their cells; whether any date stands apart, which is marked."""
    any_apart = False
    for mine in range(len(starts) - 1):
        begin, end = starts[mine], starts[mine + 1]
        any_apart |= _add_rows(records, begin, end, mine, cuts, orders, cells, needs_recompute)
    return any_apart


@njit(cache=True, nogil=True)
def _add_rows(records, begin, end, mine, cuts, orders, cells, needs_recompute):
    sums, moments, ends, channels = cells.sums, cells.moments, cells.ends, orders.channels
    timed, ended, money, word = orders.timed, orders.ended, orders.money, np.uint64(orders.currency)
    told, several, any_apart, mine = np.int64(-1), False, False, np.uint64(mine)
    for each in range(np.uint64(begin), np.uint64(end)):
        what = records[each, 1]
        interval, bits = np.uint64((what >> 16) & 0xFFFF), what >> 32
        first, since, until = cuts.first_date[interval], what & 255, (what >> 8) & 255
        if first < since or until < len(cuts.dates):
            for date in range(first, len(cuts.dates)):
                needs_recompute[date, mine] |= not since <= date < until
            any_apart = True
        if money and records[each, word] >= 0:
            several |= told >= 0 and told != records[each, word]
            told = records[each, word]
        cell = interval + np.uint64(1)
        _add(records, each, bits, cell, mine, channels, sums)
        if ended:
            _add_end(records, each, bits & ended, cell, mine, channels, ends)
        _add_moment(records, each, bits & timed, first, mine, channels, moments)
    if several:
        needs_recompute[:, mine] = True
    return any_apart or several


@njit(cache=True, nogil=True)
def _prefix_sum(sums, moments):
    """Each cell becomes all up to it. (Not those of ends, which cannot be subtracted.)"""
    flat = sums.reshape(len(sums), sums.shape[1] * sums.shape[2])
    for cell in range(1, np.uint64(len(flat))):
        for own in range(np.uint64(flat.shape[1])):
            flat[cell, own] += flat[cell - 1, own]
    for date in range(1, len(moments)):
        for own in range(moments.shape[1]):
            for mine in range(moments.shape[3]):
                if moments[date, own, 1, mine] == _NEVER:
                    moments[date, own, 1, mine] = moments[date - 1, own, 1, mine]
                    moments[date, own, 2, mine] = moments[date - 1, own, 2, mine]
                first = moments[date - 1, own, 0, mine]
                moments[date, own, 0, mine] = min(moments[date, own, 0, mine], first)


@njit(cache=True, nogil=True)
def _window_extrema(until, before, mine, ends, seen):
    """The greatest and the least of each window, shortest first; last, of all that ever was."""
    for own in range(ends.shape[1]):
        cell, most, least = until, _NEVER, _EVER
        for step in range(1, len(before) + 1):
            window = step % len(before)
            while cell > before[window]:
                most = max(most, ends[cell, own, 0, mine])
                least = min(least, ends[cell, own, 1, mine])
                cell -= 1
            seen[window, own, 0, 0], seen[window, own, 1, 0] = most, least


@njit(cache=True, nogil=True)
def _recompute_date(records, begin, end, date, mine, cuts, orders, cells, seen):
    """What one date sees of somebody's rows, amounts in the last currency alone.

    Sums are told as of the date: cell n of them is what was before the window n, less all that
    happened before the date and more what of it the date does not see.
    """
    until, before, money = cuts.until[date], cuts.before[date], orders.money
    currency = _last_currency(records, begin, end, date, orders.currency) if money else 0
    _clear(seen)
    alone = np.uint64(0)
    for window in range(len(before)):
        for own in range(orders.sums):
            until_now = cells.sums[until, own, mine]
            seen.sums[window, own, 0] = cells.sums[before[window], own, mine] - until_now
    for each in range(np.uint64(begin), np.uint64(end)):
        what = records[each, 1]
        interval, unseen = (what >> 16) & 0xFFFF, what >> 32
        if interval >= until:
            continue
        if (what & 255) <= date < ((what >> 8) & 255):
            told = records[each, orders.currency] if money else -1
            unseen &= money if told >= 0 and told != currency else 0
        bits = (what >> 32) & ~unseen
        for window in range(np.uint64(len(before))):
            if interval >= before[window]:
                ended = bits & orders.ended
                _add(records, each, unseen, window, alone, orders.channels, seen.sums)
                _add_end(records, each, ended, window, alone, orders.channels, seen.ends)
        _add_moment(records, each, bits & orders.timed, 0, alone, orders.channels, seen.moments)


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
def _write_sums(until, before, who, where, orders, sums, told, out):
    """What is told by differences: counts, sums and means."""
    people = np.uint64(sums.shape[2])
    for column in range(np.uint64(orders.bounds[_MEAN])):
        what, empty = orders.columns[column], orders.empty[column]
        end, begin = np.uint64(until), np.uint64(before[what.window])
        own, total, scale = np.uint64(what.rows), np.uint64(what.place), what.scale
        if what.op == _COUNT:
            for mine in range(people):
                rows = sums[end, own, mine] - sums[begin, own, mine]
                told[mine] = np.float64(rows) + (empty if rows == 0 else 0.0)
        elif what.op == _SUM:
            for mine in range(people):
                rows = sums[end, own, mine] - sums[begin, own, mine]
                added = sums[end, total, mine] - sums[begin, total, mine]
                told[mine] = added / scale + (empty if rows == 0 else 0.0)
        else:
            for mine in range(people):
                rows = sums[end, own, mine] - sums[begin, own, mine]
                added = sums[end, total, mine] - sums[begin, total, mine]
                told[mine] = added / scale / max(rows, 1) + (empty if rows == 0 else 0.0)
        for each in range(np.uint64(len(who))):
            out[column, where[each]] = told[who[each]]


@njit(cache=True, nogil=True)
def _number(value, scale):
    """An integer, or the float (no ``scale``) whose bits it was ordered by."""
    if scale:
        return np.float64(value)
    return np.int64(value ^ ((value >> 63) & _EVER)).view(np.float64)


@njit(cache=True, nogil=True)
def _write_ends(row, orders, ends, out):
    """The greatest and the least."""
    for column in range(orders.bounds[_MEAN], orders.bounds[_MIN]):
        what = orders.columns[column]
        most, least = ends[what.window, what.place, 0, 0], ends[what.window, what.place, 1, 0]
        value = _number(most if what.op == _MAX else least, what.scale)
        out[column, row] = value if most >= least else orders.empty[column]


@njit(cache=True, nogil=True)
def _write_moments(now, at, who, where, orders, moments, out):
    """Days since the first and the last, and the latest values."""
    for column in range(orders.bounds[_MIN], orders.bounds[_LATEST]):
        what, empty = orders.columns[column], orders.empty[column]
        own = np.uint64(what.place)
        which = 2 if what.op == _LATEST else 0 if what.op == _FIRST else 1
        for each in range(np.uint64(len(who))):
            mine, value = who[each], empty
            if moments[at, own, 1, mine] != _NEVER:
                if which == 2:
                    value = _number(moments[at, own, 2, mine], what.scale)
                else:
                    value = (now - (moments[at, own, which, mine] >> _TIE_BITS)) / _DAY
            out[column, where[each]] = value


@njit(cache=True, nogil=True)
def _write(cuts, orders, cells, asked, seen, told, out):
    """Every column where a date asks, as if it saw all that happened before it."""
    for date in range(len(asked.many)):
        if not asked.many[date]:
            continue
        until, before = cuts.until[date], cuts.before[date]
        who, where = asked.who[date, : asked.many[date]], asked.where[date, : asked.many[date]]
        _write_sums(until, before, who, where, orders, cells.sums, told, out)
        _write_moments(cuts.dates[date], date, who, where, orders, cells.moments, out)
        if orders.ends:
            for each in range(len(who)):
                _window_extrema(until, before, who[each], cells.ends, seen.ends)
                _write_ends(where[each], orders, seen.ends, out)


@njit(cache=True, nogil=True)
def _write_apart(records, starts, cuts, orders, cells, asked, seen, told, out):
    """Every column once more where a date sees less."""
    needs_recompute, many, everybody = asked.needs_recompute, asked.many, asked.who
    windows, alone = cuts.before.shape[1], np.zeros(1, np.int64)
    before = np.arange(windows)
    for date in range(len(many)):
        for each in range(many[date]):
            mine = everybody[date, each]
            if needs_recompute[date, mine]:
                begin, end = starts[mine], starts[mine + 1]
                where = asked.where[date, each : each + 1]
                _recompute_date(records, begin, end, date, mine, cuts, orders, cells, seen)
                _write_sums(windows, before, alone, where, orders, seen.sums, told, out)
                _write_moments(cuts.dates[date], 0, alone, where, orders, seen.moments, out)
                _write_ends(where[0], orders, seen.ends, out)


@njit(cache=True, nogil=True)
def measure(records, starts, low, high, spine_starts, spine_rows, spine_date, cuts, orders, out):
    """Write every column but balances of the people ``[low, high)`` where their spine rows are.

    ``records`` are of these people, each one's from ``starts[person - low]``.
    """
    dates, windows = cuts.before.shape
    intervals = len(cuts.first_date)
    people = max(1, min(_TOGETHER, _CACHED // (8 * intervals * orders.sums)))
    cells, asked = _cells(intervals + 1, dates + 1, people, orders), _asked(dates, people)
    seen, told = _cells(windows + 1, 1, 1, orders), np.empty(people)
    for some in range(low, high, people):
        own = starts[some - low : min(some + people, high) - low + 1]
        _ask(some, len(own) - 1, spine_starts, spine_rows, spine_date, asked)
        _clear(cells)
        any_apart = _add_people(records, own, cuts, orders, cells, asked.needs_recompute)
        _prefix_sum(cells.sums, cells.moments)
        _write(cuts, orders, cells, asked, seen, told, out)
        if any_apart:
            _write_apart(records, own, cuts, orders, cells, asked, seen, told, out)


@njit(cache=True, nogil=True)
def known(column, bits):
    """How many values are not NaN; ``bits`` (Arrow's validity, zeroed) says which."""
    found = 0
    for row in range(len(column)):
        if column[row] == column[row]:
            bits[row >> 3] |= np.uint8(1 << (row & 7))
            found += 1
    return found
