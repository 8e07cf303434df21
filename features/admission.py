"""Compiled loops that bring the rows of an event table to the people they are of.

A row becomes a record of integers. Its first word is ``happened_at``, its second packs what else is
asked of every row, and the others are values::

    bits  0- 7  the first date that sees the row: everything known before it, not at it
    bits  8-15  the first date that no longer does (accounts are merged, and live on as others)
    bits 16-31  in which elementary interval between all edges of all windows it happened
    bits 32-62  which channels it counts in

So a date sees a row by two comparisons, and no later loop looks at a clock.
"""

import numpy as np
from numba import njit

#: More dates than this are measured in blocks: a record has eight bits for a date.
MOST_DATES = 250

_DAY = 86_400_000_000
_NOBODY = -1


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
    passed = by_day[np.uint64(moment - edges[0]) // np.uint64(_DAY)]
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
