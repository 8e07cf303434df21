"""The measures of the plain builder, beside loops over one subscriber's rows."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.definition import Balance, Latest, Over, Since
from perdura.features.engine.measures import (
    MOST_TIES,
    adds_money,
    aggregates,
    balanced,
    in_days,
    latest,
    moments,
    with_last_currency,
)
from perdura.sources.events import MOMENT, PAYMENTS, TICKETS
from tests.support.measured import a_feature
from tests.support.tables import at

AS_OF = at("2024-03-30")
DAY = timedelta(days=1)

#: Days and microseconds from ``AS_OF`` back: at the edges of windows of 7 and 30 days, or near.
WHEN = st.tuples(st.sampled_from([0, 1, 7, 30, 31]), st.sampled_from([-1, 0, 1])).map(
    lambda drawn: AS_OF - drawn[0] * DAY + timedelta(microseconds=drawn[1])
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["paid", "failed"]),
            "happened_at": WHEN,
            "amount": st.sampled_from([None, 0, 5, -3, 2**40]),
            "currency": st.sampled_from([None, "EUR", "USD"]),
            "tie": st.integers(0, 3),
        }
    ),
    max_size=10,
)


def frame(rows):
    schema = {
        "subscriber_id": pl.String,
        "kind": pl.String,
        "happened_at": MOMENT,
        "amount": pl.Int64,
        "currency": pl.String,
        "tie": pl.Int64,
    }
    return pl.LazyFrame([{"subscriber_id": "ann"} | row for row in rows], schema=schema)


def inside(row, days):
    return AS_OF - days * DAY <= row["happened_at"] < AS_OF


SLOW = {
    "count": len,
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "max": max,
    "min": min,
}


@given(ROWS, st.sampled_from([*SLOW]), st.sampled_from(["kind = 'paid'", "true"]))
def test_an_aggregate_is_of_the_values_in_the_window_and_of_nothing_unknown(rows, how, where):
    feature = a_feature(PAYMENTS, Over(how, "amount"), where, (7, 30))
    found = frame(rows).select(aggregates(feature, AS_OF)).collect().row(0)
    for value, days in zip(found, (7, 30), strict=True):
        values = [
            row["amount"]
            for row in rows
            if inside(row, days)
            and row["amount"] is not None
            and (where == "true" or row["kind"] == "paid")
        ]
        assert value == (pytest.approx(SLOW[how](values), rel=1e-12) if values else None)


@given(ROWS)
def test_a_count_of_rows_counts_those_in_the_window(rows):
    feature = a_feature(PAYMENTS, Over("count"), "kind = 'paid'", (7, 30))
    found = frame(rows).select(aggregates(feature, AS_OF)).collect().row(0)
    for value, days in zip(found, (7, 30), strict=True):
        count = sum(row["kind"] == "paid" and inside(row, days) for row in rows)
        assert value == (count or None)


@given(ROWS, st.sampled_from(["first", "last"]))
def test_time_since_is_from_the_first_or_the_last_row_that_counts(rows, which):
    feature = a_feature(PAYMENTS, Since(which), "kind = 'paid'", unit="days")
    (found,) = frame(rows).select(aggregates(feature, AS_OF)).collect().row(0)
    times = [row["happened_at"] for row in rows if row["kind"] == "paid"]
    wanted = (min if which == "first" else max)(times, default=None)
    assert found == (None if wanted is None else (AS_OF - wanted) // timedelta(microseconds=1))


@given(ROWS)
def test_the_latest_value_is_of_the_last_row_that_has_one_and_of_equals_the_greatest(rows):
    feature = a_feature(PAYMENTS, Latest("currency"), unit="category")
    (found,) = frame(rows).select(aggregates(feature, AS_OF)).collect().row(0)
    values = [(row["happened_at"], row["tie"], row["currency"]) for row in rows if row["currency"]]
    assert found == (max(values)[2] if values else None)


def test_a_balance_is_no_aggregate_of_rows():
    opens = a_feature(TICKETS, Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id"))
    with pytest.raises(TypeError, match="'x' is a balance: it is of things, not of rows"):
        aggregates(opens, AS_OF)


@given(ROWS)
def test_amounts_in_the_last_currency_are_those_that_name_it_or_none(rows):
    marked = with_last_currency(frame(rows)).select("in_last_currency").collect().to_series()
    known = [(row["happened_at"], row["tie"], row["currency"]) for row in rows if row["currency"]]
    last = max(known)[2] if known else None
    assert marked.to_list() == [
        last is None or row["currency"] is None or row["currency"] == last for row in rows
    ]


def test_the_last_currency_is_each_subscriber_s_own():
    rows = [("ann", 1, "EUR"), ("bob", 2, "USD"), ("ann", 3, "CHF"), ("bob", 4, None)]
    table = pl.LazyFrame(
        {
            "subscriber_id": [name for name, _, _ in rows],
            "happened_at": [AS_OF + day * DAY for _, day, _ in rows],
            "currency": [currency for _, _, currency in rows],
            "tie": [0] * len(rows),
        },
        schema_overrides={"happened_at": MOMENT},
    )
    marked = with_last_currency(table).collect().sort("happened_at")
    assert marked["in_last_currency"].to_list() == [False, True, True, True]


@pytest.mark.parametrize(
    ("measure", "unit", "adds"),
    [
        (Over("sum", "amount"), "money", True),
        (Over("max", "amount"), "money", True),
        (Over("sum", "amount"), "points", False),
        (Latest("amount"), "money", False),
    ],
)
def test_only_an_aggregate_of_money_keeps_to_one_currency(measure, unit, adds):
    windows = (30,) if isinstance(measure, Over) else ()
    assert adds_money(a_feature(PAYMENTS, measure, windows=windows, unit=unit)) == adds


def test_a_moment_is_ordered_by_time_and_then_by_the_place_among_ties():
    when = [AS_OF, AS_OF, AS_OF, AS_OF, AS_OF + timedelta(microseconds=1)]
    ties = pl.DataFrame(
        {"happened_at": when, "tie": [0, 1, MOST_TIES - 1, MOST_TIES + 5, 0]},
        schema={"happened_at": MOMENT, "tie": pl.Int64},
    )
    found = ties.select(moments()).to_series().to_list()
    assert found[0] < found[1] < found[2] == found[3] < found[4]
    assert found[4] - found[0] == MOST_TIES


def test_the_latest_of_no_rows_is_null():
    rows = frame([{"kind": "paid", "happened_at": AS_OF, "tie": 0}])
    value = latest(pl.col("amount"), pl.col("kind") == "failed")
    assert rows.select(value).collect().item() is None


@given(st.lists(st.none() | st.integers(-(10**15), 10**15), max_size=10))
def test_days_are_microseconds_by_a_day_s_to_the_last_bit(values):
    found = in_days(pl.Series("d", values, dtype=pl.Int64))
    assert found.to_list() == [None if one is None else one / 86_400_000_000 for one in values]
    assert found.name == "d"


TICKET_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["1", "2", None]),
        st.sampled_from(["opened", "resolved", "replied"]),
        st.integers(0, 4),
    ),
    max_size=12,
)


@given(TICKET_ROWS)
def test_a_thing_is_open_when_it_was_opened_after_it_was_last_closed(rows):
    balance = Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id")
    table = pl.LazyFrame(
        [(name, thing, kind, AS_OF + day * DAY) for name, thing, kind, day in rows],
        {"subscriber_id": pl.String, "ticket_id": pl.String, "kind": pl.String,
         "happened_at": MOMENT},
        orient="row",
    )  # fmt: skip
    found = balanced(table, a_feature(TICKETS, balance), balance).collect()
    counted = {}
    for name, thing, kind, _ in rows:
        if thing is None or kind == "replied":
            continue
        times = {
            wanted: [day for n, t, k, day in rows if (n, t, k) == (name, thing, wanted)]
            for wanted in ("opened", "resolved")
        }
        is_open = bool(times["opened"]) and (
            not times["resolved"] or max(times["opened"]) > max(times["resolved"])
        )
        counted.setdefault(name, {})[thing] = is_open
    assert dict(found.rows()) == {name: sum(of.values()) for name, of in counted.items()}
