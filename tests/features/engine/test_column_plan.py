"""What the kernel computes: channels and words that features share, and columns by operation."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.catalogue import WITH_CONTACTS
from perdura.features.definition import Balance, Feature, Latest, Over, Since
from perdura.features.engine.column_plan import MOST_CHANNELS, Field, Op, RowFilter, plans
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, USAGE
from tests.support.measured import a_feature


def feature(name: str, *definition: Any, **own: Any) -> Feature:
    return a_feature(*definition, name=name, **own)


def of(*features: Feature):
    (plan,) = plans(features)
    return plan


@pytest.mark.parametrize(
    ("measure", "table", "unit", "words"),
    [
        (Over("count"), PAYMENTS, "rows", []),
        (Over("sum", "amount"), PAYMENTS, "rows", [Field("amount", "number")]),
        (
            Over("sum", "amount"),
            PAYMENTS,
            "money",
            [Field("amount", "number"), Field("currency", "text")],
        ),
        (Over("sum", "hours"), TICKETS, "rows", [Field("hours", "millionths")]),
        (Over("mean", "hours"), TICKETS, "rows", [Field("hours", "millionths")]),
        (Over("max", "hours"), TICKETS, "rows", [Field("hours", "order")]),
        (Over("min", "amount"), PAYMENTS, "rows", [Field("amount", "number")]),
        (Latest("hours"), TICKETS, "hours", [Field("hours", "order")]),
        (Latest("amount"), PAYMENTS, "rows", [Field("amount", "number")]),
        (Latest("method"), PAYMENTS, "category", [Field("method", "text")]),
        (Since("last"), PAYMENTS, "days", []),
        (
            Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id"),
            TICKETS,
            "rows",
            [Field("ticket_id", "thing")],
        ),
    ],
)
def test_a_measure_reads_its_column_in_the_form_that_it_is_added_or_compared_in(
    measure, table, unit, words
):
    windows = (30,) if isinstance(measure, Over) else ()
    assert of(feature("x", table, measure, windows=windows, unit=unit)).words == words


def test_features_of_the_same_rows_share_a_channel_and_of_the_same_value_a_word():
    paid = "kind = 'paid'"
    plan = of(
        feature("n", PAYMENTS, Over("count"), paid, (30,)),
        feature("since", PAYMENTS, Since("last"), paid, unit="days"),
        feature("sum", PAYMENTS, Over("sum", "amount"), paid, (90,)),
        feature("max", PAYMENTS, Over("max", "amount"), paid, (7,)),
        feature("failed", PAYMENTS, Over("sum", "amount"), "kind = 'failed'", (7,)),
    )
    assert plan.words == [Field("amount", "number")]
    assert plan.channels == [
        RowFilter(paid, -1),
        RowFilter(paid, 0),  # rows with an amount
        RowFilter("kind = 'failed'", 0),
    ]
    assert plan.windows == [7, 30, 90]


def test_money_has_a_channel_of_its_own_and_one_for_each_row_that_names_a_currency():
    plan = of(
        feature("a", PAYMENTS, Over("sum", "amount"), "kind = 'paid'", (30,), unit="money"),
        feature("b", PAYMENTS, Over("sum", "amount"), "kind = 'paid'", (30,)),
    )
    assert plan.channels == [
        RowFilter("true", 1),
        RowFilter("kind = 'paid'", 0, is_money=True),
        RowFilter("kind = 'paid'", 0),
    ]
    assert plan.currency == 1
    assert of(feature("b", PAYMENTS, Over("sum", "amount"), windows=(30,))).currency == -1


def test_columns_stand_in_the_order_of_their_operations_and_name_their_window():
    plan = of(
        feature("latest", TICKETS, Latest("score")),
        feature("max", TICKETS, Over("max", "hours"), windows=(30, 7)),
        feature("n", TICKETS, Over("count"), windows=(90,)),
        feature("open", TICKETS, Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id")),
        feature("first", TICKETS, Since("first")),
    )
    assert [(column.column.name, column.op, column.window) for column in plan.columns] == [
        ("n_90d", Op.COUNT, 2),
        ("max_30d", Op.MAX, 1),
        ("max_7d", Op.MAX, 0),
        ("first", Op.FIRST, -1),
        ("latest", Op.LATEST, -1),
        ("open", Op.BALANCE, -1),
    ]


def test_a_balance_counts_in_two_channels_what_opens_and_what_closes():
    plan = of(
        feature(
            "open",
            TICKETS,
            Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id"),
            "topic = 'billing'",
        )
    )
    (column,) = plan.columns
    wheres = [plan.channels[number].where for number in (column.channel, column.other)]
    assert wheres == [
        "(kind = 'opened') AND (topic = 'billing')",
        "(kind = 'resolved') AND (topic = 'billing')",
    ]


@pytest.mark.parametrize(
    ("features", "reads_previous", "reads_order"),
    [
        ([feature("n", SUBSCRIPTIONS, Over("count"), windows=(30,))], False, False),
        ([feature("m", SUBSCRIPTIONS, Latest("mrr"))], False, True),
        (
            [feature("n", SUBSCRIPTIONS, Over("count"), "mrr > mrr_before", (30,))],
            True,
            True,
        ),
        (
            [feature("s", SUBSCRIPTIONS, Over("sum", "mrr"), windows=(9,), unit="money")],
            False,
            True,
        ),
        ([feature("m", PAYMENTS, Latest("method"), unit="category")], False, False),
    ],
)
def test_the_order_of_a_thing_s_rows_is_read_only_where_it_decides(
    features, reads_previous, reads_order
):
    plan = of(*features)
    assert (plan.reads_previous, plan.reads_order) == (reads_previous, reads_order)


def test_texts_are_those_of_the_table_in_order_without_null_and_each_once():
    plan = of(
        feature("m", PAYMENTS, Latest("method"), unit="category"),
        feature("a", PAYMENTS, Over("sum", "amount"), windows=(30,)),
    )
    rows = pl.LazyFrame({"method": ["b", None, "é", "a", "b", ""], "amount": [1] * 6})
    assert {name: found.to_list() for name, found in plan.texts_in(rows).items()} == {
        "method": ["", "a", "b", "é"]
    }
    assert {name: len(found) for name, found in plan.texts_in(rows.limit(0)).items()} == {
        "method": 0
    }
    assert of(feature("n", PAYMENTS, Over("count"), windows=(9,))).texts_in(rows) == {}
    assert [plan.as_text(column) for column in plan.columns] == [None, "method"]


@given(st.lists(st.integers(0, 90), min_size=1, max_size=90, unique=True))
def test_more_filters_than_bits_are_spread_over_several_plans(numbers):
    features = [feature(f"f{n}", PAYMENTS, Over("count"), f"amount = {n}", (30,)) for n in numbers]
    done = plans(features)
    assert all(len(plan.channels) <= MOST_CHANNELS for plan in done)
    assert [column.column.name for plan in done for column in plan.columns] == [
        f"f{n}_30d" for n in numbers
    ]
    assert len(done) == -(-len(numbers) // (MOST_CHANNELS - 1))


def test_each_table_has_a_plan_of_its_own_and_its_windows_alone():
    done = plans(
        [
            feature("a", PAYMENTS, Over("count"), windows=(30, 7)),
            feature("b", USAGE, Over("sum", "quantity"), windows=(365,)),
            feature("c", PAYMENTS, Over("count"), "kind = 'paid'", windows=(90,)),
        ]
    )
    assert [(plan.table.name, plan.windows) for plan in done] == [
        ("payments", [7, 30, 90]),
        ("usage", [365]),
    ]


def test_the_catalogue_is_measured_in_one_pass_of_each_table():
    features = [one for one in WITH_CONTACTS if isinstance(one, Feature)]
    done = plans(features)
    assert len({plan.table.name for plan in done}) == len(done)
    columns = [column.column.name for plan in done for column in plan.columns]
    assert sorted(columns) == sorted(c.name for one in features for c in one.columns)
