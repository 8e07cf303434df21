"""The compiled loops that measure features: exact, in any order of rows, on as many cores as given.

A row of an event table becomes a record of integers. Its first word is ``happened_at``, its second
packs what else is asked of every row, and the others are values::

    bits  0- 7  the first date that sees the row: everything known before it, not at it
    bits  8-15  the first date that no longer does (accounts are merged, and live on as others)
    bits 16-31  in which elementary interval between all edges of all windows it happened
    bits 32-62  which channels it counts in

So a date sees a row by two comparisons, a table tells the shortest window that holds it, and no
loop looks at a clock.
"""

import numpy as np
from numba import njit

#: More dates than this are measured in blocks: a record has eight bits for a date.
MOST_DATES = 250

_DAY = 86_400_000_000
_NOBODY = -1
_NEVER = np.iinfo(np.int64).min
_EVER = np.iinfo(np.int64).max

# Operations, as in ``features.plan.Op``.
_COUNT, _SUM, _MEAN, _MAX, _MIN, _FIRST, _LAST, _LATEST, _BALANCE = range(9)

# What is gathered, by window (how many, their sum, the greatest, the least) and over all time
# (when the first and the last were, and what the last said).
_ROWS, _TOTAL, _MOST, _LEAST = range(4)
_BEGAN, _ENDED, _SAID = range(3)

#: What a channel is asked besides how many rows it has: of their values, of their moments.
NEEDS_VALUE, NEEDS_MOMENT = 1, 2

# The place of a lone bit, found by multiplying it with a de Bruijn sequence (Leiserson, Prokop and
# Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998).
_DE_BRUIJN = 0x077CB531
_PLACE = np.zeros(32, np.int64)
for _bit in range(32):
    _PLACE[(_DE_BRUIJN << _bit & 0xFFFFFFFF) >> 27] = _bit


@njit(cache=True, nogil=True)
def _find(first, second, slots_first, slots_second, slots):
    """The slot of an id by its two hashes: where it is, or where it would be."""
    mask = np.uint64(len(slots) - 1)
    at = first & mask
    while slots[at] != _NOBODY and (slots_first[at] != first or slots_second[at] != second):
        at = (at + np.uint64(1)) & mask
    return at


@njit(cache=True, nogil=True)
def enrol(first, second, slots_first, slots_second, slots, found):
    """How many ids there are; gives each a number in order of appearance, and rows theirs."""
    people = 0
    for row in range(len(first)):
        at = _find(first[row], second[row], slots_first, slots_second, slots)
        if slots[at] == _NOBODY:
            slots_first[at], slots_second[at], slots[at] = first[row], second[row], people
            people += 1
        found[row] = slots[at]
    return people


@njit(cache=True, nogil=True)
def divert(first, second, slots_first, slots_second, slots, values):
    """Make ids lead to ``values`` instead, whether they were enrolled or not."""
    for row in range(len(first)):
        at = _find(first[row], second[row], slots_first, slots_second, slots)
        slots_first[at], slots_second[at], slots[at] = first[row], second[row], values[row]


@njit(cache=True, nogil=True)
def look_up(first, second, slots_first, slots_second, slots, found):
    """What each id leads to; -1 if to nobody."""
    for row in range(len(first)):
        found[row] = slots[_find(first[row], second[row], slots_first, slots_second, slots)]


@njit(cache=True, nogil=True)
def by_person(person, people, date):
    """Rows of the spine grouped by person: where each begins, and the rows; -1 - row of a twin."""
    starts = np.zeros(people + 1, np.int64)
    for row in range(len(person)):
        starts[person[row] + 1] += 1
    for each in range(people):
        starts[each + 1] += starts[each]
    rows, next_at = np.empty(len(person), np.int64), starts[:-1].copy()
    for row in range(len(person)):
        rows[next_at[person[row]]] = row
        next_at[person[row]] += 1
    seen = np.full(256, -1, np.int64)
    for each in range(people):
        for place in range(starts[each], starts[each + 1]):
            if seen[date[rows[place]]] == each:
                return starts, rows, rows[place]
            seen[date[rows[place]]] = each
    return starts, rows, -1


@njit(cache=True, nogil=True)
def _passed(moment, edges, by_day):
    """How many edges are at ``moment`` or before it."""
    if moment < edges[0]:
        return 0
    if moment >= edges[-1]:
        return len(edges)
    passed = by_day[(moment - edges[0]) // _DAY]
    while edges[passed] <= moment:
        passed += 1
    return passed


@njit(cache=True, nogil=True)
def admit(
    first, second, happened, known, channels, values,
    slots_first, slots_second, slots, run_starts, run_owner, run_from, run_until,
    dates, dates_by_day, edges, edges_by_day, shift, ranges,
):  # fmt: skip
    """Records of the rows that some date sees, ordered by range of people: where each range ends.

    Every row leads to a person, or (merged accounts) to runs of dates that each have their owner.
    """
    leads, sees = np.empty(len(first), np.int32), np.empty(len(first), np.uint8)
    ends = np.zeros(ranges + 1, np.int64)
    for row in range(len(first)):
        leads[row] = _NOBODY
        if channels[row] == 0:
            continue
        moment = max(known[row], happened[row])
        sees[row] = _passed(moment, dates, dates_by_day)
        if sees[row] == len(dates):
            continue
        lead = slots[_find(first[row], second[row], slots_first, slots_second, slots)]
        leads[row] = lead
        if lead >= 0:
            ends[(lead >> shift) + 1] += 1
        elif lead < _NOBODY:
            for run in range(run_starts[-lead - 2], run_starts[-lead - 1]):
                if run_until[run] > sees[row]:
                    ends[(run_owner[run] >> shift) + 1] += 1
    for each in range(ranges):
        ends[each + 1] += ends[each]
    width = 2 + len(values)
    records, owners = np.empty((ends[-1], width), np.int64), np.empty(ends[-1], np.int32)
    next_at, last_date = ends[:-1].copy(), np.int64(len(dates))
    for row in range(len(first)):
        lead = leads[row]
        if lead == _NOBODY:
            continue
        what = np.int64(_passed(happened[row], edges, edges_by_day)) << 16
        what |= np.int64(channels[row]) << 32
        begin, end = (0, 1) if lead >= 0 else (run_starts[-lead - 2], run_starts[-lead - 1])
        for run in range(begin, end):
            owner, since, until = np.int64(lead), np.int64(sees[row]), last_date
            if lead < 0:
                owner, until = run_owner[run], run_until[run]
                since = max(since, run_from[run])
                if until <= sees[row]:
                    continue
            place = next_at[owner >> shift]
            next_at[owner >> shift] += 1
            owners[place] = owner
            records[place, 0] = happened[row]
            records[place, 1] = what | since | (until << 8)
            for word in range(len(values)):
                records[place, 2 + word] = values[word, row]
    return records, owners, ends


@njit(cache=True, nogil=True)
def tally(owners, low, counts):
    """Add to ``counts`` how many records each person of a range has."""
    for each in owners:
        counts[each - low + 1] += 1


@njit(cache=True, nogil=True)
def deal(records, owners, low, next_at, dealt):
    """Put records behind those that their people have already."""
    for each in range(len(owners)):
        place = next_at[owners[each] - low]
        next_at[owners[each] - low] += 1
        for word in range(records.shape[1]):
            dealt[place, word] = records[each, word]


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
def _clear(channels, windowed, whole):
    """Forget what was gathered for the channels of these bits."""
    while channels:
        channel = _lowest(channels)
        channels &= channels - 1
        for window in range(windowed.shape[1]):
            windowed[channel, window, _ROWS] = 0
            windowed[channel, window, _TOTAL] = 0
            windowed[channel, window, _MOST] = _NEVER
            windowed[channel, window, _LEAST] = _EVER
        whole[channel, _BEGAN], whole[channel, _ENDED] = _EVER, _NEVER


@njit(cache=True, nogil=True)
def _gather(records, begin, end, date, window_of, needs, word_of, money, currency, windowed, whole):
    """Which channels had a row that ``date`` sees; what it says is added to what was gathered."""
    mine = _last_currency(records, begin, end, date, currency) if money else np.int64(-1)
    touched = np.int64(0)
    for each in range(begin, end):
        what = records[each, 1]
        if not (what & 255) <= date < ((what >> 8) & 255):
            continue
        moment, window, bits = records[each, 0], window_of[date, (what >> 16) & 0xFFFF], what >> 32
        if money and records[each, currency] >= 0 and records[each, currency] != mine:
            bits &= ~money
        touched |= bits
        while bits:
            channel = _lowest(bits)
            bits &= bits - 1
            gathered = windowed[channel, window]
            gathered[_ROWS] += 1
            need = needs[channel]
            if need & NEEDS_VALUE:
                value = records[each, word_of[channel]]
                gathered[_TOTAL] += value
                gathered[_MOST] = max(gathered[_MOST], value)
                gathered[_LEAST] = min(gathered[_LEAST], value)
            if need & NEEDS_MOMENT:
                known, value = whole[channel], records[each, word_of[channel]]
                if moment > known[_ENDED] or (moment == known[_ENDED] and value > known[_SAID]):
                    known[_ENDED], known[_SAID] = moment, value
                known[_BEGAN] = min(known[_BEGAN], moment)
    return touched


@njit(cache=True, nogil=True)
def _within(gathered, window):
    """What was gathered in the windows up to one: how many, sum, greatest, least."""
    rows, total, most, least = np.int64(0), np.int64(0), _NEVER, _EVER
    for each in range(window + 1):
        rows += gathered[each, _ROWS]
        total += gathered[each, _TOTAL]
        most = max(most, gathered[each, _MOST])
        least = min(least, gathered[each, _LEAST])
    return rows, total, most, least


@njit(cache=True, nogil=True)
def measure(
    records, starts, low, high, spine_starts, spine_rows, spine_date, as_of, window_of, windows,
    needs, word_of, money, currency, told, scale, empty, out, out_bits,
):  # fmt: skip
    """Write every column but balances of the people ``[low, high)`` where their spine rows are.

    ``records`` are of these people, each one's from ``starts[person - low]``. What nobody tells
    is ``empty``. Floats are written as bits: ``out_bits`` is the memory of ``out``.
    """
    windowed = np.zeros((len(needs), windows + 1, 4), np.int64)
    whole = np.zeros((len(needs), 3), np.int64)
    _clear((np.int64(1) << len(needs)) - 1, windowed, whole)
    for person in range(low, high):
        begin, end = starts[person - low], starts[person - low + 1]
        for place in range(spine_starts[person], spine_starts[person + 1]):
            row, date = spine_rows[place], np.int64(spine_date[spine_rows[place]])
            touched = _gather(
                records, begin, end, date, window_of, needs, word_of, money, currency,
                windowed, whole,
            )  # fmt: skip
            for column in range(len(told)):
                op, channel = told[column, 0], told[column, 1]
                out[column, row] = empty[column]
                if op == _BALANCE or not touched & (np.int64(1) << channel):
                    continue
                if op == _FIRST:
                    out[column, row] = (as_of[date] - whole[channel, _BEGAN]) / _DAY
                elif op == _LAST:
                    out[column, row] = (as_of[date] - whole[channel, _ENDED]) / _DAY
                else:
                    rows, total, most, least = _within(windowed[channel], told[column, 3])
                    if op == _LATEST:
                        rows, most = 1, whole[channel, _SAID]
                    elif op == _MIN:
                        most = least
                    if rows == 0:
                        continue
                    if op == _COUNT:
                        out[column, row] = rows
                    elif op == _SUM:
                        out[column, row] = total / scale[column]
                    elif op == _MEAN:
                        out[column, row] = total / scale[column] / rows
                    elif scale[column]:
                        out[column, row] = most
                    else:
                        out_bits[column, row] = most ^ ((most >> 63) & _EVER)
            _clear(touched, windowed, whole)


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
