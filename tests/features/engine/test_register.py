"""Ids as numbers: as a dictionary would give them, however many there are."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.engine.register import Hashed, Register, assigned_numbers, fixed

#: Ids that differ in a blank, a case, a leading zero, or not at all to the eye.
IDS = st.sampled_from(["", " ", "a", "A", "a ", "1", "01", "1.0", "é", "é", "ann\n", "日本"])
IDS |= st.integers(0, 10**9).map(str)


def reference(ids: list[str]) -> list[int]:
    """The number of each id: in the order in which they first come."""
    known: dict[str, int] = {}
    return [known.setdefault(one, len(known)) for one in ids]


@given(st.lists(IDS, min_size=1, max_size=80), st.data())
def test_ids_are_numbered_in_the_order_in_which_they_first_come(ids, data):
    dates = np.array([data.draw(st.integers(0, 3)) for _ in ids], np.uint8)
    person, people, register = assigned_numbers(pl.Series(ids), dates, 0)
    assert person.tolist() == reference(ids)
    assert people == len(set(ids))
    assert register.numbers(Hashed.from_ids(pl.Series(ids))).tolist() == reference(ids)


@given(st.lists(IDS, min_size=1, max_size=30), st.lists(IDS, min_size=1, max_size=30))
def test_an_id_that_was_never_numbered_leads_nowhere(ids, others):
    _, _, register = assigned_numbers(pl.Series(ids), np.zeros(len(ids), np.uint8), 0)
    found = register.numbers(Hashed.from_ids(pl.Series(others))).tolist()
    numbers = dict(zip(ids, reference(ids), strict=True))
    assert found == [numbers.get(one, -1) for one in others]


def test_far_more_ids_than_at_the_busiest_date_are_all_numbered():
    """The register grows until half of it is free."""
    ids = pl.Series([f"s{number}" for number in range(3_000)])
    person, people, register = assigned_numbers(ids, (np.arange(3_000) % 250).astype(np.uint8), 0)
    assert person.tolist() == list(range(3_000))
    assert people == 3_000
    assert len(register.slots) >= 2 * people


def test_no_ids_are_numbered_nothing():
    empty = pl.Series([], dtype=pl.String)
    person, people, register = assigned_numbers(empty, np.empty(0, np.uint8), 0)
    assert (len(person), people) == (0, 0)
    assert register.numbers(Hashed.from_ids(pl.Series(["ann"]))).tolist() == [-1]


@pytest.mark.parametrize("ids", [0, 1, 4, 5, 1_000, 2**17 + 1])
def test_an_empty_register_has_four_slots_and_more_for_each_id(ids):
    slots = len(Register.for_at_most(ids).slots)
    assert slots >= max(16, 4 * ids)
    assert slots & (slots - 1) == 0, "a power of two: places are taken by its bits"


def test_hashes_of_a_column_are_those_of_the_ids():
    ids = pl.Series("customer", ["ann", "bob", "ann"])
    hashed = Hashed.from_ids(ids)
    by_column = Hashed.from_columns(ids.to_frame().select(Hashed.columns("customer")))
    assert hashed.first.tolist() == by_column.first.tolist()
    assert hashed.second.tolist() == by_column.second.tolist()
    assert hashed.first[0] == hashed.first[2] != hashed.first[1]
    assert not (hashed.first == hashed.second).any()


def test_values_are_read_only_for_the_loops():
    for column in (pl.Series([1, 2, 3]), pl.Series([True, False])):
        assert not fixed(column).flags.writeable
