"""A feature as a value: its columns by window, and definitions that make no sense refused."""

from dataclasses import replace

import pytest

from perdura.features.conditions import BadFeature
from perdura.features.definition import Balance, Column, Derived, Latest, Over, Phrases, Since
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, USAGE
from tests.support.measured import a_feature

WORDS = Phrases("", "", "")
OPEN = Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id")


def test_a_feature_over_windows_has_a_column_for_each_in_their_order():
    feature = a_feature(PAYMENTS, Over("count"), windows=(90, 7), name="payments")
    assert feature.columns == (
        Column("payments_90d", feature, 90),
        Column("payments_7d", feature, 7),
    )


@pytest.mark.parametrize(
    ("table", "measure", "unit"),
    [
        (PAYMENTS, Since("last"), "days"),
        (TICKETS, OPEN, "tickets"),
        (PAYMENTS, Latest("amount"), "x"),
    ],
)
def test_other_features_have_one_column_of_their_name(table, measure, unit):
    feature = a_feature(table, measure, unit=unit)
    assert feature.columns == (Column("x", feature, None),)
    assert not feature.columns[0].is_category


def test_a_derived_column_is_its_own():
    derived = Derived(name="d", sql="a / b", unit="share", signal="s", en=WORDS, es=WORDS)
    assert derived.columns == (Column("d", derived, None),)


def test_a_category_is_a_column_of_texts():
    assert a_feature(PAYMENTS, Latest("method"), unit="category").columns[0].is_category


@pytest.mark.parametrize("windows", [(), (0,), (30, 0), (-7,)])
def test_an_aggregate_needs_windows_of_a_day_or_more(windows):
    with pytest.raises(ValueError, match="give an Over one or more windows of at least a day"):
        a_feature(PAYMENTS, Over("count"), windows=windows)


@pytest.mark.parametrize("measure", [Since("first"), Latest("amount")])
def test_what_goes_back_for_ever_has_no_windows(measure):
    with pytest.raises(ValueError, match=r"over windows \(30,\)"):
        a_feature(PAYMENTS, measure, windows=(30,))


def test_a_feature_that_says_what_is_typical_says_on_which_side_of_it_it_is_bad():
    with pytest.raises(ValueError, match="give it worse = 'less', 'more' or 'other'"):
        replace(a_feature(PAYMENTS, Over("count"), windows=(7,)), says_typical=True)


@pytest.mark.parametrize(("unit", "currency"), [("money", None), ("points", "currency")])
def test_money_and_nothing_else_names_the_column_of_its_currency(unit, currency):
    with pytest.raises(ValueError, match="name the column that holds its currency for money"):
        a_feature(PAYMENTS, Latest("amount"), unit=unit, currency=currency)


@pytest.mark.parametrize(
    ("table", "measure", "message"),
    [
        (PAYMENTS, Over("sum"), "feature 'x' takes the sum of no column; name one"),
        (
            PAYMENTS,
            Over("mean", "method"),
            "'method' of payments, which holds String and no numbers",
        ),
        (PAYMENTS, Over("count", "amout"), "'amout' of payments, .* did you mean 'amount'"),
        (PAYMENTS, Latest("method"), "holds String and no numbers; count rows, or take its latest"),
        (
            USAGE,
            Over("max", "zzz"),
            "there are subscriber_id, happened_at, known_at, kind, quantity",
        ),
        (
            TICKETS,
            Balance("kind = 'open'", "kind = 'resolved'", "ticket_id"),
            "did you mean 'opened'",
        ),
        (TICKETS, Balance("kind = 'opened'", "kind", "ticket_id"), "neither true nor false"),
        (TICKETS, Balance("kind = 'opened'", "true", "tickets"), "did you mean 'ticket_id'"),
    ],
)
def test_what_a_table_cannot_answer_is_refused_with_the_nearest_word(table, measure, message):
    windows = (30,) if isinstance(measure, Over) else ()
    with pytest.raises(BadFeature, match=message):
        a_feature(table, measure, windows=windows)


def test_a_count_may_be_of_a_column_of_texts_and_a_sum_of_true_and_false():
    a_feature(PAYMENTS, Over("count", "method"), windows=(30,))
    a_feature(SUBSCRIPTIONS, Over("max", "mrr_before"), windows=(30,))
    a_feature(SUBSCRIPTIONS, Latest("plan_before"), unit="category")
