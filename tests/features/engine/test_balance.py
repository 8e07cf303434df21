"""The compiled balance beside the plain one: few things and many, at every order of events."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.build import build_features
from perdura.features.definition import Balance
from perdura.features.engine import reference
from perdura.sources.events import TICKETS
from tests.support.measured import a_feature
from tests.support.tables import at, events, spine

START = at("2026-03-01")
OPEN = a_feature(
    TICKETS, Balance("kind IN ('opened', 'reopened')", "kind = 'resolved'", "ticket_id")
)
OPEN_OR_ZERO = a_feature(TICKETS, OPEN.measure, name="y", when_empty=0)

#: Tickets of few and of many subscribers: more than 32 rows of one are sorted another way.
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.integers(0, 25).map(str),
        st.sampled_from(["opened", "reopened", "resolved", "replied"]),
        st.integers(0, 70),
        st.sampled_from([0, 0, 3, 40]),
    ),
    max_size=90,
)
PAIRS = spine(
    *((name, day) for name in ("ann", "bob", "zoe") for day in ("2026-03-02", "2026-03-04"))
)


def tickets(rows):
    hours = timedelta(hours=1)
    return events(
        tickets=[
            {"subscriber_id": name, "ticket_id": ticket, "kind": kind,
             "happened_at": f"{START + hour * hours:%Y-%m-%d %H:%M}",
             "known_at": f"{START + (hour + lag) * hours:%Y-%m-%d %H:%M}"}
            for name, ticket, kind, hour, lag in rows
        ]
    )  # fmt: skip


@given(ROWS)
def test_it_is_what_the_plain_builder_counts(rows):
    table = tickets(rows)
    fast, plain = (
        build(table, [OPEN, OPEN_OR_ZERO], PAIRS)
        for build in (build_features, reference.build_features)
    )
    assert fast.equals(plain)


@pytest.mark.parametrize("count", [1, 31, 32, 33, 34, 100])
def test_things_are_apart_however_many_there_are(count):
    rows = [("ann", str(n), "opened", 2 * n % 7, 0) for n in range(count)]
    rows += [("ann", str(n), "resolved", 8, 0) for n in range(0, count, 2)]
    found = build_features(tickets(rows), [OPEN], spine(("ann", "2026-03-04")))
    assert found["x"].to_list() == [count // 2]


def test_a_date_that_sees_no_event_of_any_thing_has_the_empty_value():
    table = tickets([("ann", "1", "opened", 30, 0), ("bob", "1", "replied", 1, 0)])
    found = build_features(table, [OPEN, OPEN_OR_ZERO], PAIRS)
    assert found["x"].to_list() == [None, 1, None, None, None, None]
    assert found["y"].to_list() == [0, 1, 0, 0, 0, 0]


def test_only_things_that_were_closed_are_zero_and_not_unknown():
    table = tickets([("ann", "1", "resolved", 1, 0)])
    assert build_features(table, [OPEN], PAIRS)["x"].to_list() == [0, 0, None, None, None, None]


def test_a_thing_of_a_merged_account_is_one_with_that_of_its_owner():
    merged = {"subscriber_id": "old", "merged_into": "ann", "kind": "merged"}
    merges = events(merges=[merged | {"happened_at": "2026-03-03"}])["merges"]
    table = tickets([("old", "1", "opened", 1, 0), ("ann", "1", "resolved", 2, 0)])
    asked = spine(("old", "2026-03-02"), ("ann", "2026-03-02"), ("ann", "2026-03-04"))
    for build in (build_features, reference.build_features):
        found = build({**table, "merges": merges}, [OPEN], asked)
        assert found["x"].to_list() == [1, 0, 0]
