"""Every row that was read is counted once, where it is of most interest, however it is cut up."""

from collections import Counter
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.ranges import ORIGIN
from perdura.sources.mapping.report.row_counts import (
    FATE,
    HAD_BEFORE,
    LANDED,
    LATER,
    REJECTED,
    RowCounts,
    count_rows,
    fates,
    summed,
)

FATES = (HAD_BEFORE, LATER, LANDED, REJECTED)
#: File, row and fate of events; a row holds several.
events = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 6), st.sampled_from(FATES)), max_size=25
)


def frame(rows: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={ORIGIN: pl.UInt32, ROW: pl.UInt32}, orient="row")


def fates_of(rows: list[tuple[int, int, int]]) -> pl.DataFrame:
    """In any order: what is of most interest counts, not what is told last."""
    groups = [(frame([(o, r) for o, r, f in rows if f == fate]), fate) for fate in FATES[::-1]]
    return fates(*groups)


def highest(rows: list[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for origin, row, fate in rows:
        found[origin, row] = max(fate, found.get((origin, row), 0))
    return found


@given(events)
def test_of_several_events_of_a_row_the_highest_fate_counts(rows):
    found = {(origin, row): fate for origin, row, fate in fates_of(rows).rows()}
    assert found == highest(rows)


@given(rows=events, cut=st.lists(st.integers(0, 25), max_size=3))
def test_cut_into_ranges_a_row_of_several_subscribers_counts_once(rows, cut):
    bounds = [0, *sorted(min(one, len(rows)) for one in cut), len(rows)]
    parts = [rows[start:end] for start, end in pairwise(bounds)]
    found = summed([fates_of(part) for part in parts], spread=True)
    assert found == Counter(highest(rows).values())


@given(events)
def test_rows_of_one_subscriber_each_lie_in_one_range_and_are_added_up(rows):
    parts = [[one for one in rows if one[1] % 2 == half] for half in (0, 1)]
    assert summed([fates_of(part) for part in parts], spread=False) == Counter(
        highest(rows).values()
    )


def test_where_nothing_was_found_there_is_no_fate():
    nothing = fates((frame([]), LANDED))
    assert nothing.is_empty()
    assert nothing.schema == {ORIGIN: pl.UInt32, ROW: pl.UInt32, FATE: pl.UInt8}
    assert summed([nothing, nothing], spread=True) == {}


def test_what_was_read_is_the_sum_of_what_became_of_it():
    many = {LANDED: 4, HAD_BEFORE: 3, LATER: 2, REJECTED: 1}
    counts = count_rows(read=20, lines=5, kept=10, many=many)
    assert counts == RowCounts(read=20, landed=4, had_before=3, later=2, dropped=5, rejected=6)


@pytest.mark.parametrize(
    ("read", "lines", "kept", "many"),
    [
        (10, 0, 10, {LANDED: 9}),  # a row that is nowhere
        (10, 0, 10, {LANDED: 11}),
        (10, 2, 9, {LANDED: 9}),  # more kept than there are
    ],
)
def test_a_row_that_is_lost_is_a_fault_of_ours_and_said_at_once(read, lines, kept, many):
    with pytest.raises(AssertionError, match="rows were lost on the way, a fault of ours"):
        count_rows(read, lines, kept, many)
