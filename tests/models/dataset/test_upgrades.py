"""Moments at which an account chose to pay more, by hand: whose choice, and by how much."""

from typing import Any

import pytest

from perdura.models.dataset.upgrades import chosen_rises
from perdura.sources.events import SUBSCRIPTIONS
from tests.models.dataset.test_labels import day, happened, tables

BASIC: dict[str, Any] = {"plan": "basic", "currency": "EUR", "quantity": 1}
STARTED = happened("started", 0, mrr=1000, **BASIC)


def rises(*rows: dict[str, Any]) -> list[tuple[str, float]]:
    table = tables(subscriptions=rows)[SUBSCRIPTIONS.name].collect()
    return [
        (owner, (moment - day(0)).total_seconds() / 86_400)
        for moment, owner in chosen_rises(table).rows()
    ]


def changed(days: float, mrr: int | None, **more: Any) -> dict[str, Any]:
    columns: dict[str, Any] = BASIC | {"reason": None} | more
    return happened("plan_changed", days, mrr=mrr, **columns)


@pytest.mark.parametrize(
    ("change", "rose"),
    [
        ({"mrr": 1001, "reason": "voluntary"}, True),
        ({"mrr": 1000, "reason": "voluntary"}, False),
        ({"mrr": 999, "plan": "pro", "reason": "voluntary"}, False),
        ({"mrr": 2000}, False),  # the price rose
        ({"mrr": 2000, "plan": "pro"}, True),
        ({"mrr": 2000, "quantity": 2}, True),
        ({"mrr": 2000, "plan": "pro", "reason": "unknown"}, True),
        ({"mrr": 2000, "plan": "pro", "reason": "payment"}, False),
        ({"mrr": None, "plan": "pro"}, False),
        # Without a plan or seats before or after, nothing says that they changed.
        ({"mrr": 2000, "plan": None}, False),
        ({"mrr": 2000, "quantity": None}, False),
    ],
)
def test_a_change_is_a_rise_where_it_was_chosen(change, rose):
    found = rises(STARTED, changed(5, **change))
    assert found == ([("ana", 5.0)] if rose else [])


def test_the_first_subscription_is_no_rise_and_a_second_one_is():
    second = happened("started", 7, what="s2", mrr=1, **BASIC)
    assert rises(STARTED) == []
    assert rises(STARTED, second) == [("ana", 7.0)]


def test_who_pays_nothing_yet_does_not_pay_more():
    trial = happened("trial_started", 0, mrr=1000, **BASIC)
    assert rises(trial, happened("started", 14, mrr=1000, **BASIC)) == []
    free = happened("started", 0, mrr=0, **BASIC)
    assert rises(free, changed(5, 2000, plan="pro")) == []


def test_changes_of_one_moment_count_together():
    second = happened("started", 5, what="s2", mrr=500, **BASIC)
    less, more = (happened("ended", 5), changed(5, 400, plan="mini"))
    assert rises(STARTED, less, second) == []  # 1000 less, 500 more
    assert rises(STARTED, less, second | {"mrr": 1500}) == [("ana", 5.0)]
    assert rises(STARTED, more, second | {"mrr": 601}) == [("ana", 5.0)]
    assert rises(STARTED, more, second | {"mrr": 600}) == []


def test_amounts_in_two_currencies_are_not_added():
    yen = happened("started", 5, what="s2", mrr=90_000, **(BASIC | {"currency": "JPY"}))
    assert rises(STARTED, yen) == [("ana", 5.0)]
    # In euros less is paid: whether 90,000 yen are more is not known.
    assert rises(STARTED, happened("ended", 5), yen) == []
    assert rises(STARTED, changed(5, 90_000, plan="pro", currency="JPY")) == []


def test_a_pause_and_going_on_are_no_rise():
    assert rises(STARTED, happened("paused", 5), happened("resumed", 9)) == []
    # What is changed while nothing is paid is no rise; what is changed afterwards is one.
    paused = [happened("paused", 5), changed(6, 2000, plan="pro"), happened("resumed", 9)]
    assert rises(STARTED, *paused) == []
    assert rises(STARTED, *paused, changed(12, 3000, plan="max")) == [("ana", 12.0)]


def test_an_amount_that_is_not_repeated_stays_as_it_was():
    assert rises(STARTED, changed(5, None), changed(9, 1500, plan="pro")) == [("ana", 9.0)]


def test_rises_come_in_order_of_time_and_each_account_for_itself():
    rows = [
        STARTED,
        happened("started", 0, "bea", "b1", mrr=100, **BASIC),
        changed(9, 2000, plan="pro"),
        happened("plan_changed", 4, "bea", "b1", mrr=200, plan="pro", reason=None),
    ]
    assert rises(*rows) == rises(*rows[::-1]) == [("bea", 4.0), ("ana", 9.0)]


def test_without_events_there_is_no_rise():
    assert rises() == []
