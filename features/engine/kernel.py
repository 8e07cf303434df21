"""Compiled loops that measure people's records: exact, in any order of rows, by many threads.

Every row is added once, to the cell of its elementary interval, and the cells run on: what a window
``[as_of - d, as_of)`` holds is the difference of two of them. So it is told as if each date saw all
that happened before it. Where one does not (a row is known late, or is of another account for a
while, or of another currency), that date is looked at again, for that person alone.

Some people are measured at once, and lie side by side in every cell: the same is done for each.

All in one file: what numba has compiled is taken for current until the file of the outermost loop
changes, and a loop of another file, which is built into it, could be an old one. To rename a class
of this file, move the loops below it by a line too: numba reads the index of an earlier loop of the
same name and line first, and that names the class.
"""

# pyright: standard
# numba types the loops, by the arrays that they are given.

from typing import NamedTuple

import numpy as np
from numba import njit

from perdura.features.engine.kernel_spec import KernelSpec, WindowEdges

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


class _Requests(NamedTuple):
    """The spine rows of each date, of the subscribers that are measured together.

    Attributes:
        counts: How many, by date.
        lanes: Which subscriber each is of, by date: its place among those measured together.
        rows: Which rows of the spine they are, by date.
        needs_recompute: By date and lane, whether it sees less than all that happened before it.
    """

    counts: np.ndarray
    lanes: np.ndarray
    rows: np.ndarray
    needs_recompute: np.ndarray


@njit(cache=True, nogil=True)
def _cells(cells, dates, people, spec):
    return _Cells(
        np.empty((cells, spec.sums, people), np.int64),
        np.empty((dates, spec.moments, 3, people), np.int64),
        np.empty((cells, spec.ends, 2, people), np.int64),
    )


@njit(cache=True, nogil=True)
def _empty_requests(dates, people):
    return _Requests(
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
def _group_by_date(first, people, spine_starts, spine_rows, spine_date, requests):
    """Put the spine's rows of some people under their dates."""
    requests.counts[:], requests.needs_recompute[:] = 0, False
    for lane in range(people):
        for place in range(spine_starts[first + lane], spine_starts[first + lane + 1]):
            row = spine_rows[place]
            date = np.uint64(spine_date[row])
            index = requests.counts[date]
            requests.lanes[date, index], requests.rows[date, index] = lane, row
            requests.counts[date] += 1


@njit(cache=True, nogil=True)
def _lowest(bits):
    return _PLACE[(((bits & -bits) * _DE_BRUIJN) & 0xFFFFFFFF) >> 27]


# In the loops below places are unsigned, so that none is looked at twice for being negative, and
# nothing is asked that could go either way: what is not wanted goes where no loop reads.


@njit(cache=True, nogil=True)
def _add(records, row, bits, cell, lane, channels, sums):
    """A row to the sums of a cell, in each of the channels ``bits``."""
    index = np.uint64(cell)
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        sums[index, np.uint64(channel.rows), lane] += 1
        sums[index, np.uint64(channel.total), lane] += records[row, np.uint64(channel.word)]


@njit(cache=True, nogil=True)
def _add_end(records, row, bits, cell, lane, channels, ends):
    """A row to the greatest and the least of a cell, in each of the channels ``bits``."""
    index = np.uint64(cell)
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        own, value = np.uint64(channel.ends), records[row, np.uint64(channel.word)]
        ends[index, own, 0, lane] = max(ends[index, own, 0, lane], value)
        ends[index, own, 1, lane] = min(ends[index, own, 1, lane], value)


@njit(cache=True, nogil=True)
def _add_moment(records, row, bits, date, lane, channels, moments):
    """A row to the moments of a date, in each of the channels ``bits``."""
    index, moment = np.uint64(date), records[row, 0]
    while bits:
        channel = channels[_lowest(bits)]
        bits &= bits - 1
        own, value = np.uint64(channel.moments), records[row, np.uint64(channel.word)]
        last = moments[index, own, 1, lane]
        if moment > last or (moment == last and value > moments[index, own, 2, lane]):
            moments[index, own, 1, lane], moments[index, own, 2, lane] = moment, value
        moments[index, own, 0, lane] = min(moments[index, own, 0, lane], moment)


@njit(cache=True, nogil=True)
def _add_lanes(records, starts, cuts, spec, cells, needs_recompute):
    """Add the rows of each lane to its cells; whether any date needs recomputing (marked)."""
    any_apart = False
    for lane in range(len(starts) - 1):
        begin, end = starts[lane], starts[lane + 1]
        any_apart |= _add_rows(records, begin, end, lane, cuts, spec, cells, needs_recompute)
    return any_apart


@njit(cache=True, nogil=True)
def _add_rows(records, begin, end, lane, cuts, spec, cells, needs_recompute):
    sums, moments, ends, channels = cells.sums, cells.moments, cells.ends, spec.channels
    timed, ended, money, word = spec.timed, spec.ended, spec.money, np.uint64(spec.currency)
    currency, several, any_apart, lane = np.int64(-1), False, False, np.uint64(lane)
    for row in range(np.uint64(begin), np.uint64(end)):
        what = records[row, 1]
        interval, bits = np.uint64((what >> 16) & 0xFFFF), what >> 32
        first, since, until = cuts.first_date[interval], what & 255, (what >> 8) & 255
        if first < since or until < len(cuts.dates):
            for date in range(first, len(cuts.dates)):
                needs_recompute[date, lane] |= not since <= date < until
            any_apart = True
        if money and records[row, word] >= 0:
            several |= currency >= 0 and currency != records[row, word]
            currency = records[row, word]
        cell = interval + np.uint64(1)
        _add(records, row, bits, cell, lane, channels, sums)
        if ended:
            _add_end(records, row, bits & ended, cell, lane, channels, ends)
        _add_moment(records, row, bits & timed, first, lane, channels, moments)
    if several:
        needs_recompute[:, lane] = True
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
            for lane in range(moments.shape[3]):
                if moments[date, own, 1, lane] == _NEVER:
                    moments[date, own, 1, lane] = moments[date - 1, own, 1, lane]
                    moments[date, own, 2, lane] = moments[date - 1, own, 2, lane]
                first = moments[date - 1, own, 0, lane]
                moments[date, own, 0, lane] = min(moments[date, own, 0, lane], first)


@njit(cache=True, nogil=True)
def _window_extrema(until, before, lane, ends, seen):
    """The greatest and the least of each window, shortest first; last, of all that ever was."""
    for own in range(ends.shape[1]):
        cell, most, least = until, _NEVER, _EVER
        for step in range(1, len(before) + 1):
            window = step % len(before)
            while cell > before[window]:
                most = max(most, ends[cell, own, 0, lane])
                least = min(least, ends[cell, own, 1, lane])
                cell -= 1
            seen[window, own, 0, 0], seen[window, own, 1, 0] = most, least


@njit(cache=True, nogil=True)
def _recompute_date(records, begin, end, date, lane, cuts, spec, cells, seen):
    """What one date sees of a subscriber's rows, amounts in the last currency alone.

    Sums are told as of the date: cell n of them is what was before the window n, less all that
    happened before the date and more what of it the date does not see.
    """
    until, before, money = cuts.until[date], cuts.before[date], spec.money
    currency = _last_currency(records, begin, end, date, spec.currency) if money else 0
    _clear(seen)
    alone = np.uint64(0)
    for window in range(len(before)):
        for own in range(spec.sums):
            until_now = cells.sums[until, own, lane]
            seen.sums[window, own, 0] = cells.sums[before[window], own, lane] - until_now
    for row in range(np.uint64(begin), np.uint64(end)):
        what = records[row, 1]
        interval, unseen = (what >> 16) & 0xFFFF, what >> 32
        if interval >= until:
            continue
        if (what & 255) <= date < ((what >> 8) & 255):
            row_currency = records[row, spec.currency] if money else -1
            unseen &= money if row_currency >= 0 and row_currency != currency else 0
        bits = (what >> 32) & ~unseen
        for window in range(np.uint64(len(before))):
            if interval >= before[window]:
                ended = bits & spec.ended
                _add(records, row, unseen, window, alone, spec.channels, seen.sums)
                _add_end(records, row, ended, window, alone, spec.channels, seen.ends)
        _add_moment(records, row, bits & spec.timed, 0, alone, spec.channels, seen.moments)


@njit(cache=True, nogil=True)
def _last_currency(records, begin, end, date, word):
    """The currency that the last row told, of several the greatest; -1 if none did."""
    latest, currency = _NEVER, np.int64(-1)
    for row in range(begin, end):
        what, row_currency = records[row, 1], records[row, word]
        if row_currency >= 0 and (what & 255) <= date < ((what >> 8) & 255):
            moment = records[row, 0]
            if moment > latest or (moment == latest and row_currency > currency):
                latest, currency = moment, row_currency
    return currency


@njit(cache=True, nogil=True, error_model="numpy")
def _write_sums(until, before, lanes, out_rows, spec, sums, values, out):
    """What is told by differences: counts, sums and means."""
    people = np.uint64(sums.shape[2])
    for column in range(np.uint64(spec.bounds[_MEAN])):
        what, empty = spec.columns[column], spec.empty[column]
        end, begin = np.uint64(until), np.uint64(before[what.window])
        own, total, scale = np.uint64(what.rows), np.uint64(what.place), what.scale
        if what.op == _COUNT:
            for lane in range(people):
                rows = sums[end, own, lane] - sums[begin, own, lane]
                values[lane] = np.float64(rows) + (empty if rows == 0 else 0.0)
        elif what.op == _SUM:
            for lane in range(people):
                rows = sums[end, own, lane] - sums[begin, own, lane]
                added = sums[end, total, lane] - sums[begin, total, lane]
                values[lane] = added / scale + (empty if rows == 0 else 0.0)
        else:
            for lane in range(people):
                rows = sums[end, own, lane] - sums[begin, own, lane]
                added = sums[end, total, lane] - sums[begin, total, lane]
                values[lane] = added / scale / max(rows, 1) + (empty if rows == 0 else 0.0)
        for index in range(np.uint64(len(lanes))):
            out[column, out_rows[index]] = values[lanes[index]]


@njit(cache=True, nogil=True)
def _number(value, scale):
    """An integer, or the float (no ``scale``) that its ordered bits stand for."""
    if scale:
        return np.float64(value)
    return np.int64(value ^ ((value >> 63) & _EVER)).view(np.float64)


@njit(cache=True, nogil=True)
def _write_ends(row, spec, ends, out):
    """The greatest and the least."""
    for column in range(spec.bounds[_MEAN], spec.bounds[_MIN]):
        what = spec.columns[column]
        most, least = ends[what.window, what.place, 0, 0], ends[what.window, what.place, 1, 0]
        value = _number(most if what.op == _MAX else least, what.scale)
        out[column, row] = value if most >= least else spec.empty[column]


@njit(cache=True, nogil=True)
def _write_moments(now, index, lanes, out_rows, spec, moments, out):
    """Days since the first and the last, and the latest values."""
    for column in range(spec.bounds[_MIN], spec.bounds[_LATEST]):
        what, empty = spec.columns[column], spec.empty[column]
        own = np.uint64(what.place)
        which = 2 if what.op == _LATEST else 0 if what.op == _FIRST else 1
        for number in range(np.uint64(len(lanes))):
            lane, value = lanes[number], empty
            if moments[index, own, 1, lane] != _NEVER:
                if which == 2:
                    value = _number(moments[index, own, 2, lane], what.scale)
                else:
                    value = (now - (moments[index, own, which, lane] >> _TIE_BITS)) / _DAY
            out[column, out_rows[number]] = value


@njit(cache=True, nogil=True)
def _write(cuts, spec, cells, requests, seen, values, out):
    """Every column where a date asks, as if it saw all that happened before it."""
    for date in range(len(requests.counts)):
        if not requests.counts[date]:
            continue
        until, before = cuts.until[date], cuts.before[date]
        count = requests.counts[date]
        lanes, out_rows = requests.lanes[date, :count], requests.rows[date, :count]
        _write_sums(until, before, lanes, out_rows, spec, cells.sums, values, out)
        _write_moments(cuts.dates[date], date, lanes, out_rows, spec, cells.moments, out)
        if spec.ends:
            for index in range(len(lanes)):
                _window_extrema(until, before, lanes[index], cells.ends, seen.ends)
                _write_ends(out_rows[index], spec, seen.ends, out)


@njit(cache=True, nogil=True)
def _rewrite_recomputed(records, starts, cuts, spec, cells, requests, seen, values, out):
    """Every column once more where a date sees less."""
    needs_recompute, counts, lanes = requests.needs_recompute, requests.counts, requests.lanes
    windows, alone = cuts.before.shape[1], np.zeros(1, np.int64)
    before = np.arange(windows)
    for date in range(len(counts)):
        for index in range(counts[date]):
            lane = lanes[date, index]
            if needs_recompute[date, lane]:
                begin, end = starts[lane], starts[lane + 1]
                out_rows = requests.rows[date, index : index + 1]
                _recompute_date(records, begin, end, date, lane, cuts, spec, cells, seen)
                _write_sums(windows, before, alone, out_rows, spec, seen.sums, values, out)
                _write_moments(cuts.dates[date], 0, alone, out_rows, spec, seen.moments, out)
                _write_ends(out_rows[0], spec, seen.ends, out)


@njit(cache=True, nogil=True)
def measure(
    records: np.ndarray, starts: np.ndarray, low: int, high: int, spine_starts: np.ndarray,
    spine_rows: np.ndarray, spine_date: np.ndarray, cuts: WindowEdges, spec: KernelSpec,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Write every column but balances of the people ``[low, high)`` where their spine rows are.

    ``records`` are of these people, each one's from ``starts[person - low]``.
    """
    dates, windows = cuts.before.shape
    intervals = len(cuts.first_date)
    people = max(1, min(_TOGETHER, _CACHED // (8 * intervals * spec.sums)))
    cells, requests = _cells(intervals + 1, dates + 1, people, spec), _empty_requests(dates, people)
    seen, values = _cells(windows + 1, 1, 1, spec), np.empty(people)
    for first in range(low, high, people):
        own = starts[first - low : min(first + people, high) - low + 1]
        _group_by_date(first, len(own) - 1, spine_starts, spine_rows, spine_date, requests)
        _clear(cells)
        any_apart = _add_lanes(records, own, cuts, spec, cells, requests.needs_recompute)
        _prefix_sum(cells.sums, cells.moments)
        _write(cuts, spec, cells, requests, seen, values, out)
        if any_apart:
            _rewrite_recomputed(records, own, cuts, spec, cells, requests, seen, values, out)


@njit(cache=True, nogil=True)
def known(column: np.ndarray, bits: np.ndarray) -> int:
    """How many values are not NaN; ``bits`` (Arrow's validity, zeroed) says which."""
    found = 0
    for row in range(len(column)):
        if column[row] == column[row]:
            bits[row >> 3] |= np.uint8(1 << (row & 7))
            found += 1
    return found
