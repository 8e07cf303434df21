"""Compiled loops that bring the rows of an event table to the people they are of.

A row becomes a record of integers. Its first word is its moment (``happened_at`` times 16, and its
place among the rows of its thing at that time), its second packs what else is asked of every row,
and the others are values::

    bits  0- 7  the first date that sees the row: everything known before it, not at it
    bits  8-15  the first date that no longer does (accounts are merged, and live on as others)
    bits 16-31  in which elementary interval between all edges of all windows it happened
    bits 32-62  which channels it counts in

So a date sees a row by two comparisons, and no later loop looks at a clock.
"""

# pyright: standard
# numba types the loops, by the arrays that they are given.

from typing import NamedTuple

import numpy as np
from numba import njit

#: More dates than this are measured in blocks: a record has eight bits for a date.
MOST_DATES = 250

_DAY = 86_400_000_000
_NOBODY = -1
_LEAD = np.uint64(0xFFFFFFFF)  # the bits of a slot that say what an id leads to
_AHEAD = 256  # ids looked up at once
_TIE_BITS = 4  # of a moment, below ``happened_at``


class Runs(NamedTuple):
    """The owner of the rows of merged accounts, by dates: ``owner`` has ``[since, until)``.

    The n-th merged account has the runs from ``starts[n]`` to ``starts[n + 1]``.
    """

    starts: np.ndarray
    owner: np.ndarray
    since: np.ndarray
    until: np.ndarray


@njit(cache=True, nogil=True)
def _find(first, second, slots):
    """The slot of an id by its two hashes: where it is, or where it would be.

    A slot is one look into memory: the second hash, and the upper half of the first beside what the
    id leads to (32 bits, with their sign).
    """
    mask = np.uint64(len(slots) - 1)
    slot = first & mask
    while (slots[slot, 1] & _LEAD) != _LEAD and (
        slots[slot, 0] != second or (slots[slot, 1] ^ first) > _LEAD
    ):
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def _lead_of(slot):
    return np.int64(slot[1] << np.uint64(32)) >> 32


@njit(cache=True, nogil=True)
def _fill_slot(slot, first, second, lead):
    slot[0], slot[1] = second, (first & ~_LEAD) | (np.uint64(lead) & _LEAD)


@njit(cache=True, nogil=True)
def assign_ids(
    first: np.ndarray, second: np.ndarray, slots: np.ndarray, people: int, found: np.ndarray
) -> int:
    """How many ids there are, ``people`` of them before; gives new ones the next numbers.

    ``found`` gets every row's. -1 as soon as half of the slots are taken: there are too few then.
    """
    for start in range(0, len(first), _AHEAD):
        if 2 * (people + _AHEAD) > len(slots):
            return _NOBODY
        _fetch(first[start : start + _AHEAD], slots)
        for row in range(start, min(start + _AHEAD, len(first))):
            slot = slots[_find(first[row], second[row], slots)]
            if _lead_of(slot) == _NOBODY:
                _fill_slot(slot, first[row], second[row], people)
                people += 1
            found[row] = _lead_of(slot)
    return people


@njit(cache=True, nogil=True)
def redirect_merged(
    first: np.ndarray, second: np.ndarray, slots: np.ndarray, values: np.ndarray
) -> None:
    """Make ids lead to ``values`` instead, whether they were enrolled or not."""
    for row in range(len(first)):
        slot = slots[_find(first[row], second[row], slots)]
        _fill_slot(slot, first[row], second[row], values[row])


@njit(cache=True, nogil=True)
def look_up(first: np.ndarray, second: np.ndarray, slots: np.ndarray, found: np.ndarray) -> None:
    """What each id leads to; -1 if it is unknown."""
    for start in range(0, len(first), _AHEAD):
        _fetch(first[start : start + _AHEAD], slots)
        for row in range(start, min(start + _AHEAD, len(first))):
            found[row] = _lead_of(slots[_find(first[row], second[row], slots)])


@njit(cache=True, nogil=True)
def _fetch(first, slots):
    """Have slots in the cache before they are asked for: nothing waits for another here."""
    mask, seen = np.uint64(len(slots) - 1), np.uint64(0)
    for hashed in first:
        seen |= slots[hashed & mask, 1]
    return seen


@njit(cache=True, nogil=True)
def by_person(
    person: np.ndarray, people: int, date: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows of the spine grouped by person: where each begins, and the rows; -1 - row of a twin."""
    starts = np.zeros(people + 1, np.int64)
    for row in range(len(person)):
        starts[person[row] + 1] += 1
    for number in range(people):
        starts[number + 1] += starts[number]
    rows, next_at = np.empty(len(person), np.int64), starts[:-1].copy()
    for row in range(len(person)):
        rows[next_at[person[row]]] = row
        next_at[person[row]] += 1
    seen = np.full(256, -1, np.int64)
    for number in range(people):
        for index in range(starts[number], starts[number + 1]):
            if seen[date[rows[index]]] == number:
                return starts, rows, rows[index]
            seen[date[rows[index]]] = number
    return starts, rows, -1


@njit(cache=True, nogil=True)
def _passed(moment, edges, by_day):
    """How many edges are at ``moment`` or before it; the last edge is never passed.

    Without a branch that could go either way: ``by_day`` begins a day before the first edge, and
    whatever lies outside it is taken for its first or last day.
    """
    since = min(max(moment - edges[0] + _DAY, 0), (len(by_day) - 1) * _DAY)
    passed = by_day[np.uint64(since) // np.uint64(_DAY)]
    while edges[passed] <= moment:
        passed += 1
    return passed


@njit(cache=True, nogil=True)
def filter_known(
    moments: np.ndarray, known: np.ndarray, channels: np.ndarray, leads: np.ndarray, runs: Runs,
    dates: np.ndarray, by_day: np.ndarray, shift: int, sees: np.ndarray, counts: np.ndarray,
) -> None:  # fmt: skip
    """Say which date sees each row first, and count the records of range n in ``counts[n + 1]``.

    Every row leads to a person, or (merged accounts) to runs of dates that each have their owner.
    Rows that no date sees lead to -1 from here on.
    """
    for row in range(len(leads)):
        sees[row] = _passed(max(known[row], moments[row] >> _TIE_BITS), dates, by_day)
        if sees[row] == len(dates) - 1 or channels[row] == 0:
            leads[row] = _NOBODY
        lead = leads[row]
        if lead >= 0:
            counts[(lead >> shift) + 1] += 1
        elif lead < _NOBODY:
            for run in range(runs.starts[-lead - 2], runs.starts[-lead - 1]):
                if runs.until[run] > sees[row]:
                    counts[(runs.owner[run] >> shift) + 1] += 1


@njit(cache=True, nogil=True)
def record(
    moments: np.ndarray, channels: np.ndarray, values: np.ndarray, leads: np.ndarray,
    sees: np.ndarray, runs: Runs, last_date: int, edges: np.ndarray, by_day: np.ndarray,
    shift: int, next_at: np.ndarray, records: np.ndarray, owners: np.ndarray,
) -> None:  # fmt: skip
    """Write the records of admitted rows, each range's from where ``next_at`` says."""
    for row in range(len(leads)):
        lead = np.int64(leads[row])
        if lead == _NOBODY:
            continue
        what = np.int64(_passed(moments[row] >> _TIE_BITS, edges, by_day)) << 16
        what |= np.int64(channels[row]) << 32
        begin, end = (0, 1) if lead >= 0 else (runs.starts[-lead - 2], runs.starts[-lead - 1])
        for run in range(begin, end):
            owner, since, until = lead, np.int64(sees[row]), np.int64(last_date)
            if lead < 0:
                owner, until = runs.owner[run], runs.until[run]
                since = max(since, runs.since[run])
                if until <= sees[row]:
                    continue
            index = next_at[owner >> shift]
            next_at[owner >> shift] += 1
            owners[index] = owner
            records[index, 0] = moments[row]
            records[index, 1] = what | since | (until << 8)
            for word in range(len(values)):
                records[index, 2 + word] = values[word, row]


@njit(cache=True, nogil=True)
def count_rows(owners: np.ndarray, low: int, counts: np.ndarray) -> None:
    """Add to ``counts`` how many records each person of a range has."""
    for owner in owners:
        counts[owner - low + 1] += 1


@njit(cache=True, nogil=True)
def scatter(
    records: np.ndarray, owners: np.ndarray, low: int, next_at: np.ndarray, grouped: np.ndarray
) -> None:
    """Put records behind those that their people have already."""
    for index in range(len(owners)):
        target = next_at[owners[index] - low]
        next_at[owners[index] - low] += 1
        for word in range(records.shape[1]):
            grouped[target, word] = records[index, word]
