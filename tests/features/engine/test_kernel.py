"""The compiled loops beside the plain builder: many subscribers side by side, every operation."""

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perdura.features.build import build_features
from perdura.features.definition import Latest, Over, Since
from perdura.features.engine import kernel, reference
from perdura.features.engine.column_plan import Op
from perdura.features.engine.kernel import known
from perdura.sources.events import MOMENT, PAYMENTS, TICKETS
from tests.support.measured import a_feature
from tests.support.tables import at, events

START = at("2026-03-01")
PAID, RATED = "kind = 'paid'", "kind = 'rated'"
FEATURES = [
    *(
        a_feature(PAYMENTS, Over(how, "amount"), PAID, (7, 30), name=f"money_{how}", unit="money")
        for how in ("sum", "mean", "max", "min", "count")
    ),
    a_feature(PAYMENTS, Over("count"), windows=(7,), name="rows", when_empty=0),
    a_feature(PAYMENTS, Since("first"), PAID, name="first", unit="days"),
    a_feature(PAYMENTS, Since("last"), PAID, name="last", unit="days"),
    a_feature(PAYMENTS, Latest("amount"), name="amount"),
    a_feature(PAYMENTS, Latest("method"), name="method", unit="category"),
    a_feature(TICKETS, Over("max", "score"), RATED, (30,), name="best"),
    a_feature(TICKETS, Over("min", "hours"), windows=(30,), name="fastest"),
    a_feature(TICKETS, Over("sum", "hours"), windows=(7,), name="hours"),
    a_feature(TICKETS, Latest("hours"), name="latest_hours"),
]


def company(seed: int, subscribers: int, rows: int):
    """Events of subscribers around two months of dates: late, in two currencies, without values."""
    random = np.random.default_rng(seed)

    def table(kinds, own):
        hours, lags = random.integers(-900, 1_500, rows), random.choice([0, 0, 0, 2, 500], rows)
        return [
            {
                "subscriber_id": f"s{random.integers(subscribers)}",
                "kind": str(random.choice(kinds)),
                "happened_at": moment(hour),
                "known_at": moment(hour + lag),
                **{name: value if random.random() < 0.8 else None for name, value in own().items()},
            }
            for hour, lag in zip(hours.tolist(), lags.tolist(), strict=True)
        ]

    payments = table(
        ["paid", "failed"],
        lambda: {
            "amount": int(random.integers(-5, 2**40)),
            "currency": str(random.choice(["EUR", "EUR", "USD"])),
            "method": str(random.choice(["card", "é", ""])),
        },
    )
    tickets = table(
        ["rated", "replied"],
        lambda: {"score": float(random.integers(1, 6)), "hours": float(random.normal())},
    )
    for number, ticket in enumerate(tickets):
        ticket["ticket_id"] = str(number)
    return events(payments=payments, tickets=tickets)


def moment(hours):
    return f"{START + timedelta(hours=hours):%Y-%m-%d %H:%M}"


def every_pair(subscribers, random):
    pairs = [
        (f"s{number}", START + timedelta(days=day))
        for number in range(subscribers)
        for day in (0, 1, 7, 31, 60)
    ]
    random.shuffle(pairs)
    return pl.DataFrame(pairs, {"subscriber_id": pl.String, "as_of": MOMENT}, orient="row")


@settings(max_examples=8)
@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 31, 32, 33, 70]),  # 32 lie side by side
    st.randoms(use_true_random=False),
)
def test_every_operation_is_as_the_plain_builder_computes_it(seed, subscribers, random):
    table, pairs = company(seed, subscribers, 12 * subscribers), every_pair(subscribers, random)
    fast, plain = (
        build(table, FEATURES, pairs) for build in (build_features, reference.build_features)
    )
    assert_frame_equal(fast, plain, rel_tol=1e-12, abs_tol=0)


@pytest.mark.parametrize(
    "values",
    [
        [1e308, 1e308],
        [5e-324, 0.0],
        [-1e308, 1e308],
        [-0.0, 0.0],
        [math.inf, 1.0],
        [-math.inf, math.inf],
    ],
)
def test_the_greatest_the_least_and_the_latest_are_to_the_last_bit(values):
    rows = [
        {"kind": "replied", "happened_at": moment(-hour), "hours": value, "ticket_id": str(hour)}
        for hour, value in enumerate(values, start=1)
    ]
    features = [
        a_feature(TICKETS, Over("max", "hours"), windows=(7,), name="most"),
        a_feature(TICKETS, Over("min", "hours"), windows=(7,), name="least"),
        a_feature(TICKETS, Latest("hours"), name="latest"),
    ]
    asked = pl.DataFrame({"subscriber_id": ["ann"], "as_of": [START]})
    found = build_features(events(tickets=rows), features, asked)
    assert found.select("most_7d", "least_7d", "latest").row(0) == (
        max(values),
        min(values),
        values[0],
    )


def test_sums_of_whole_numbers_are_exact_beyond_what_a_float_holds():
    rows = [
        {"kind": "paid", "happened_at": moment(-hour), "amount": amount}
        for hour, amount in enumerate([2**62, -(2**62), 3], start=1)
    ]
    total = a_feature(PAYMENTS, Over("sum", "amount"), windows=(7,))
    asked = pl.DataFrame({"subscriber_id": ["ann"], "as_of": [START]})
    assert build_features(events(payments=rows), [total], asked)["x_7d"].to_list() == [3]


def test_operations_are_numbered_as_in_the_plan():
    names = [op.name for op in Op if op != Op.BALANCE]
    assert [getattr(kernel, f"_{name}") for name in names] == [Op[name] for name in names]


@given(st.lists(st.sampled_from([math.nan, 0.0, -1.0, math.inf]), max_size=40))
def test_known_values_are_the_bits_of_arrow_s_validity(values):
    column = np.array(values, np.float64)
    bits = np.zeros((len(values) + 7) // 8, np.uint8)
    count = known(column, bits)
    assert count == sum(not math.isnan(value) for value in values)
    expected = np.packbits(~np.isnan(column), bitorder="little")
    assert bits.tolist() == expected.tolist()
