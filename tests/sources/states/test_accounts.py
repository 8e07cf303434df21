"""The account of each subscriber, by what was known: the last value counts, as a loop finds it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.states.accounts import accounts_at
from tests.support.tables import at, events

AS_OF = at("2026-03-01")
#: Subscriber, day in February it is true from, day it was known, value.
told = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(1, 5),
        st.integers(0, 40),
        st.sampled_from(["acme", "zeta", None]),
    ),
    max_size=6,
    unique_by=lambda one: (one[0], one[1]),
)


def accounts(*rows: dict) -> dict[str, str]:
    filled = [{"name": "account", "kind": "set", "happened_at": "2026-02-01"} | row for row in rows]
    return dict(accounts_at(events(subscribers=filled), AS_OF).rows())


@given(told)
def test_the_value_that_became_true_last_counts_if_it_was_known(rows):
    found = accounts(
        *(
            {
                "subscriber_id": who,
                "happened_at": f"2026-02-{day:02}",
                "known_at": f"{at(f'2026-02-{day:02}') + timedelta(days=late):%Y-%m-%d}",
                "value": value,
            }
            for who, day, late, value in rows
        )
    )
    expected = {
        who: value
        for who, day, late, value in sorted(rows, key=lambda one: one[1])
        if at(f"2026-02-{day:02}") + timedelta(days=late) < AS_OF and value is not None
    }
    assert found == expected


def test_other_attributes_are_no_accounts():
    assert accounts({"name": "segment", "value": "large"}) == {}


def test_of_two_values_at_one_moment_the_one_known_last_counts_else_the_greatest():
    both = {"value": "zeta", "known_at": "2026-02-02"}, {"value": "acme", "known_at": "2026-02-03"}
    assert accounts(*both) == {"ann": "acme"}
    assert accounts({"value": "acme"}, {"value": "zeta"}) == {"ann": "zeta"}


@pytest.mark.parametrize("known", ["2026-03-01", "2026-03-02"])
def test_what_is_known_from_then_on_is_not_known(known: str):
    assert accounts({"value": "acme", "known_at": known}) == {}


def test_an_account_of_before_a_merge_is_that_of_the_owner():
    tables = events(
        subscribers=[{"subscriber_id": "old", "name": "account", "value": "acme", "kind": "set",
                      "happened_at": "2026-02-01"}],
        merges=[{"subscriber_id": "old", "merged_into": "new", "kind": "merged",
                 "happened_at": "2026-02-02"}],
    )  # fmt: skip
    assert accounts_at(tables, AS_OF).rows() == [("new", "acme")]
