"""The journal answers as a slow look at each row does; vectors, prices and lengths by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.simulator.journal import Journal
from perdura.sources.simulator.prices import (
    BASE,
    CURRENCIES,
    PLANS,
    list_price,
    monthly_price,
    rising,
    seats,
)
from perdura.sources.simulator.vectors import DAY, NEVER, Month, days, start_of

PEOPLE = 4
#: Person, day it happened, day it was known, hours.
row = st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, 9), st.integers(0, 9), st.floats(0, 100))


def journal_of(batches: list[list[tuple]]) -> Journal:
    journal = Journal(PEOPLE)
    for batch in batches:
        person, happened, known, hours = (np.array([one[n] for one in batch]) for n in range(4))
        times = happened.astype(np.int64) * DAY, known.astype(np.int64) * DAY
        journal.write("replied", person.astype(np.int64), *times, hours=hours)
    return journal


@given(
    batches=st.lists(st.lists(row, max_size=6), max_size=3),
    as_of=st.integers(0, 11),
    window=st.none() | st.integers(1, 10),
)
def test_counts_and_sums_are_of_what_happened_in_the_window_and_was_known(batches, as_of, window):
    journal = journal_of(batches)
    since = 0 if window is None else as_of - window
    counted, summed = [0.0] * PEOPLE, [0.0] * PEOPLE
    for person, happened, known, hours in (one for batch in batches for one in batch):
        if since <= happened < as_of and known < as_of:
            counted[person] += 1
            summed[person] += hours
    assert journal.count("replied", as_of * DAY, window).tolist() == counted
    assert journal.sum("replied", "hours", as_of * DAY, window) == pytest.approx(summed)
    assert journal.count("opened", as_of * DAY).tolist() == [0.0] * PEOPLE


def test_one_value_holds_for_all_rows_and_no_rows_are_no_stream():
    journal, persons = Journal(2), np.array([0, 1, 1])
    journal.write("rated", persons, persons * DAY, persons * DAY, low=1)
    assert journal.sum("rated", "low", 9 * DAY).tolist() == [1.0, 2.0]
    journal.write("opened", persons[:0], persons[:0], persons[:0])
    assert [*journal.streams] == ["rated"]


@given(st.lists(st.tuples(st.sampled_from(["invoice", "ticket"]), st.integers(0, 5)), max_size=8))
def test_numbers_of_a_kind_are_given_once_each_in_order(asked):
    journal, given_out = Journal(1), {"invoice": [], "ticket": []}
    for kind, count in asked:
        given_out[kind] += journal.numbers(kind, count).tolist()
    for kind, found in given_out.items():
        assert found == [*range(sum(count for asked_kind, count in asked if asked_kind == kind))]


@pytest.mark.parametrize(
    ("year", "month"), [(1970, 1), (1999, 12), (2000, 2), (2024, 2), (2026, 11), (2069, 12)]
)
def test_a_month_lasts_from_its_first_moment_to_the_next_ones(year: int, month: int):
    found = Month((year - 1970) * 12 + month - 1)
    after = (year, month + 1) if month < 12 else (year + 1, 1)
    start, end = (
        int(datetime(*first, 1, tzinfo=UTC).timestamp()) * 10**6 for first in ((year, month), after)
    )
    assert (found.start, found.end, found.of_year) == (start, end, month - 1)
    assert start_of(np.array([found.count, found.count + 1])).tolist() == [start, end]


@given(low=st.floats(0, 30), longer=st.floats(0, 30), chance=st.floats(0, 1, exclude_max=True))
def test_a_length_lies_between_its_bounds(low, longer, chance):
    (found,) = days(low, low + longer, np.array([chance])).tolist()
    assert low * DAY - 1 <= found <= (low + longer) * DAY


def test_never_is_safe_to_add_years_to():
    assert NEVER + 100 * 365 * DAY < 2**63
    assert Month(12 * 200).start < NEVER


class TestPrices:
    def price(
        self, plan: str, currency: str, month: int = 0, count: int = 1, *, annual: bool
    ) -> int:
        codes = np.array([PLANS.index(plan)]), np.array([CURRENCIES.index(currency)])
        found = monthly_price(*codes, np.array([count]), np.array([annual]), np.array([month]))
        return int(found[0])

    def test_before_the_first_list_the_base_holds_and_a_year_costs_less(self):
        assert self.price("basic", "EUR", annual=False) == 900
        assert self.price("basic", "EUR", annual=True) == 720
        assert self.price("team", "JPY", count=3, annual=False) == 5700

    @pytest.mark.parametrize("plan", range(4))
    def test_the_list_rises_once_a_year_in_the_month_of_the_plan_and_never_falls(self, plan: int):
        months = np.arange(900)
        codes = np.full(900, plan)
        prices = list_price(codes, np.zeros(900, int), months)
        rises = np.flatnonzero(np.diff(prices) > 0) + 1
        assert (np.diff(prices) >= 0).all()
        assert prices[0] == BASE[plan, 0]
        assert all(rising(codes[:1], Month(int(month)))[0] for month in rises)
        assert (np.diff(rises) == 12).all()
        assert len(rises) > 20

    def test_seats_are_counted_by_the_larger_plans_alone(self):
        assert seats(np.arange(4), np.full(4, 7)).tolist() == [1, 1, 7, 7]
