"""The spine as numbers: its rows by subscriber, its dates in order, each pair once."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.engine.assignment import MOST_DATES
from perdura.features.engine.spine import RepeatedPair, blocks, numbered
from perdura.sources.events import MOMENT
from tests.support.tables import at, events, spine

START = at("2024-02-28")


def pairs_frame(pairs):
    rows = [(name, START + timedelta(days=days)) for name, days in pairs]
    return pl.DataFrame(rows, {"subscriber_id": pl.String, "as_of": MOMENT}, orient="row")


PAIRS = st.lists(
    st.tuples(st.sampled_from(["ann", "bob", "", "é"]), st.integers(0, 5)), unique=True, min_size=1
)


@given(PAIRS)
def test_rows_lie_by_subscriber_and_dates_are_in_order(pairs):
    frame = pairs_frame(pairs)
    found = numbered(frame, events())
    assert found.people == len({name for name, _ in pairs})
    assert found.moments == sorted({START + timedelta(days=days) for _, days in pairs})
    assert [found.moments[index] for index in found.date] == frame["as_of"].to_list()
    numbers: dict[str, int] = {}
    for name, _ in pairs:
        numbers.setdefault(name, len(numbers))
    for name, number in numbers.items():
        rows = found.rows[found.starts[number] : found.starts[number + 1]].tolist()
        assert rows == [index for index, (other, _) in enumerate(pairs) if other == name]
    assert found.numbers_of(pl.Series([*numbers])).tolist() == list(numbers.values())
    assert found.numbers_of(pl.Series(["nemo", pairs[0][0], "ANN"])).tolist() == [0]


@given(PAIRS, st.data())
def test_a_pair_that_is_there_twice_is_refused_and_shown(pairs, data):
    twin = data.draw(st.sampled_from(pairs))
    frame = pairs_frame(data.draw(st.permutations([*pairs, twin])))
    with pytest.raises(RepeatedPair, match="2 rows that repeat") as refused:
        numbered(frame, events())
    assert repr(twin[0]) in str(refused.value)
    assert "give each pair once" in str(refused.value)


def test_the_same_moment_of_two_subscribers_is_no_pair_twice():
    found = numbered(spine(("ann", "2026-03-01"), ("bob", "2026-03-01")), events())
    assert (found.people, found.rows.tolist(), found.merged.tolist()) == (2, [0, 1], [])


def test_dates_are_kept_to_the_microsecond():
    frame = pairs_frame([("ann", 0)])
    later = frame.with_columns(pl.col("as_of") + pl.duration(microseconds=1))
    found = numbered(pl.concat([later, frame]), events())
    assert found.date.tolist() == [1, 0]
    assert found.dates[1] - found.dates[0] == 1


def test_an_empty_spine_has_no_subscribers_and_no_dates():
    found = numbered(pairs_frame([]), events())
    assert (found.people, found.moments, found.starts.tolist()) == (0, [], [0])


@pytest.mark.parametrize("dates", [1, MOST_DATES, MOST_DATES + 1, 2 * MOST_DATES + 3])
def test_blocks_hold_every_row_once_and_at_most_so_many_dates(dates):
    first = date(2024, 1, 1)
    days = [first + timedelta(days=(7 * n) % dates) for n in range(dates)]
    frame = pl.DataFrame({"subscriber_id": ["ann"] * dates, "as_of": days})
    places = []
    for rows, where in blocks(frame):
        assert rows["as_of"].n_unique() <= MOST_DATES
        assert rows.equals(frame[where])
        places += where.tolist()
    assert sorted(places) == list(range(dates))
    assert len(list(blocks(frame))) == -(-frame["as_of"].n_unique() // MOST_DATES)
