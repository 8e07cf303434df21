"""What a thing was before each event, beside loops over its events in order."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.engine.previous import befores, in_order, with_late_events, with_previous
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS
from tests.support.tables import at

START = at("2024-02-28")
HOUR = timedelta(hours=1)

ROW = st.fixed_dictionaries(
    {
        "subscriber_id": st.sampled_from(["ann", "bob"]),
        "subscription_id": st.sampled_from(["1", "2"]),
        "hour": st.integers(0, 6),
        "lag": st.sampled_from([0, 0, 1, 5, 30]),
        "plan": st.sampled_from([None, "basic", "pro"]),
        "mrr": st.sampled_from([None, 0, 900]),
        "kind": st.sampled_from(["started", "plan_changed", "paused"]),
    }
)


def apart(rows):
    """One row per thing and moment: so their order is that of time alone."""
    found = {(r["subscriber_id"], r["subscription_id"], r["hour"]): r for r in rows}
    return list(found.values())


ROWS = st.lists(ROW, max_size=14)


def frame(rows):
    return pl.LazyFrame(
        [
            {name: value for name, value in row.items() if name not in {"hour", "lag"}}
            | {
                "happened_at": START + row["hour"] * HOUR,
                "known_at": START + (row["hour"] + row["lag"]) * HOUR,
            }
            for row in rows
        ],
        schema=SUBSCRIPTIONS.schema,
    )


def thing(row):
    return row["subscriber_id"], row["subscription_id"]


@given(ROWS.map(apart), st.randoms(use_true_random=False))
def test_before_each_event_a_thing_was_what_its_last_event_that_says_it_says(rows, random):
    shuffled = random.sample(rows, len(rows))
    found = with_previous(frame(shuffled), SUBSCRIPTIONS).collect()
    assert found.height == len(rows)
    for row in found.iter_rows(named=True):
        for column in ("plan", "mrr"):
            said = [
                (other["hour"], other[column])
                for other in rows
                if thing(other) == thing(row)
                and START + other["hour"] * HOUR < row["happened_at"]
                and other[column] is not None
            ]
            wanted = max(said, key=lambda one: one[0])[1] if said else None
            assert row[f"{column}_before"] == wanted
        assert row["tie"] == 0


@given(ROWS)
def test_rows_of_one_thing_lie_together_in_order_of_time(rows):
    found = in_order(frame(rows), SUBSCRIPTIONS)
    assert found["row"].to_list() == list(range(len(rows)))
    ends = {}
    for row in found.iter_rows(named=True):
        ends.setdefault(thing(row), []).append((row["row"], row["start"], row["happened_at"]))
    for own in ends.values():
        numbers, starts, times = zip(*own, strict=True)
        assert numbers == tuple(range(numbers[0], numbers[0] + len(own)))
        assert {*starts} == {numbers[0]}
        assert list(times) == sorted(times)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_files_decides_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    there, back = (in_order(frame(each), SUBSCRIPTIONS) for each in (rows, shuffled))
    assert there.equals(back)


@given(ROWS)
def test_ties_count_the_rows_of_a_thing_at_one_moment_from_zero(rows):
    found = in_order(frame(rows), SUBSCRIPTIONS)
    seen = {}
    for row in found.iter_rows(named=True):
        moment = (*thing(row), row["happened_at"])
        assert row["tie"] == seen.get(moment, 0)
        seen[moment] = row["tie"] + 1


@given(ROWS, st.lists(st.integers(-1, 40), min_size=1, max_size=4, unique=True).map(sorted))
def test_a_subscriber_is_late_where_a_date_knew_a_later_event_and_not_an_earlier(rows, hours):
    """Of two events of one thing: in order, with the first known at a later date of the spine."""
    dates = [START + hour * HOUR for hour in hours]
    found = with_late_events(in_order(frame(rows), SUBSCRIPTIONS), dates)
    ordered = in_order(frame(rows), SUBSCRIPTIONS).to_dicts()
    late = set()
    for number, first in enumerate(ordered):
        for second in ordered[number + 1 :]:
            if thing(first) != thing(second):
                continue
            if any(second["known_at"] < date <= first["known_at"] for date in dates):
                late.add(first["subscriber_id"])
    assert found.to_list() == sorted(late)


def test_a_table_without_things_has_no_order_but_a_tie_of_zero():
    rows = pl.LazyFrame([{"subscriber_id": "ann", "kind": "paid"}], schema=PAYMENTS.schema)
    found = with_previous(rows, PAYMENTS).collect()
    assert found.columns == [*PAYMENTS.schema, "tie"]
    assert found["tie"].to_list() == [0]


def test_an_empty_table_has_the_columns_of_before():
    found = befores(in_order(frame([]), SUBSCRIPTIONS), SUBSCRIPTIONS)
    assert found.height == 0
    assert {f"{name}_before" for name in SUBSCRIPTIONS.previous} <= {*found.columns}


@pytest.mark.parametrize("column", SUBSCRIPTIONS.previous)
def test_each_column_of_before_has_the_type_of_its_own(column):
    found = with_previous(frame([]), SUBSCRIPTIONS).collect_schema()
    assert found[f"{column}_before"] == found[column]
