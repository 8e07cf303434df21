"""How somebody stood at a moment, and what they paid, by what was known then."""

from datetime import date

import polars as pl
import pytest

from perdura.sources.rates import DAILY, DatedRates
from perdura.sources.states.states import scored_spine, states_at
from tests.support.tables import at, events

MARCH = at("2026-03-01")


def sub(kind, happened_at, subscription_id="1", **more):
    return {
        "kind": kind,
        "happened_at": happened_at,
        "subscription_id": subscription_id,
        "mrr": 1000,
        "currency": "EUR",
        "plan": "basic",
    } | more


def state(*subscriptions, payments=(), as_of=MARCH, **rule):
    tables = events(subscriptions=list(subscriptions), payments=list(payments))
    return states_at(tables, as_of, **rule)["state"].to_list()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["trial_started"], "trial"),
        (["trial_started", "started"], "active"),
        (["started", "plan_changed"], "active"),
        (["started", "paused"], "paused"),
        (["started", "paused", "plan_changed"], "paused"),
        (["started", "paused", "resumed"], "active"),
        (["started", "cancel_scheduled"], "leaving"),
        (["started", "cancel_scheduled", "cancel_withdrawn"], "active"),
        (["started", "cancel_scheduled", "ended"], "gone"),
        (["started", "ended", "started"], "active"),
        (["trial_started", "cancel_scheduled", "cancel_withdrawn"], "trial"),
        (["trial_started", "paused", "resumed"], "trial"),
    ],
)
def test_the_last_event_that_changes_it_decides(kinds, expected):
    rows = [sub(kind, f"2026-01-{day:02}") for day, kind in enumerate(kinds, start=1)]
    assert state(*rows) == [expected]


def test_at_one_moment_the_later_kind_in_the_contract_decides():
    assert state(sub("started", "2026-01-01"), sub("ended", "2026-01-01")) == ["gone"]


def test_what_happens_at_as_of_is_not_yet_so():
    assert state(sub("started", "2026-01-01"), sub("ended", "2026-03-01")) == ["active"]


def test_a_cancellation_not_yet_known_is_not_yet_so():
    late = sub("ended", "2026-02-01", known_at="2026-03-05")
    assert state(sub("started", "2026-01-01"), late) == ["active"]


def test_with_two_subscriptions_the_better_state_counts():
    rows = [sub("started", "2026-01-01", "a"), sub("started", "2026-01-01", "b")]
    assert state(*rows, sub("ended", "2026-02-01", "a")) == ["active"]


class TestPastDue:
    started = sub("started", "2026-01-01")

    @pytest.mark.parametrize(
        ("kinds", "expected"),
        [
            (["failed"], "past_due"),
            (["failed", "paid"], "active"),
            (["paid", "failed"], "past_due"),
            (["failed", "written_off"], "active"),
        ],
    )
    def test_is_a_failure_with_nothing_paid_since(self, kinds, expected):
        payments = [
            {"kind": kind, "happened_at": f"2026-02-{day:02}"}
            for day, kind in enumerate(kinds, start=1)
        ]
        assert state(self.started, payments=payments) == [expected]

    def test_is_said_of_each_invoice(self):
        payments = [
            {"kind": "failed", "happened_at": "2026-02-01", "invoice_id": "a"},
            {"kind": "paid", "happened_at": "2026-02-10", "invoice_id": "b"},
        ]
        assert state(self.started, payments=payments) == ["past_due"]

    def test_what_an_earlier_subscription_left_unpaid_is_not_owed_now(self):
        rows = [
            sub("started", "2025-01-01", "a"),
            sub("ended", "2025-03-01", "a", reason="payment"),
            sub("started", "2026-01-01", "b"),
        ]
        failed = [{"kind": "failed", "happened_at": "2025-02-01"}]
        assert state(*rows, payments=failed) == ["active"]

    def test_is_said_of_the_active_alone(self):
        failed = [{"kind": "failed", "happened_at": "2026-02-01"}]
        assert state(self.started, sub("ended", "2026-02-02"), payments=failed) == ["gone"]


class TestMoney:
    def money(self, *rows):
        row = states_at(events(subscriptions=list(rows)), MARCH).row(0, named=True)
        return row["mrr"], row["currency"]

    def test_subscriptions_of_one_currency_add_up(self):
        rows = [sub("started", "2026-01-01", "a"), sub("started", "2026-01-01", "b", mrr=50)]
        assert self.money(*rows) == (1050, "EUR")

    def test_currencies_are_never_added(self):
        rows = [
            sub("started", "2026-01-01", "a"),
            sub("started", "2026-01-01", "b", mrr=50, currency="JPY"),
        ]
        assert self.money(*rows) == (1000, "EUR")

    @pytest.mark.parametrize(
        ("rates", "as_of", "expected"),
        [
            ([("USD", 0.9), ("JPY", 0.006)], "2026-03-01", (2000, "USD")),
            ([("USD", 0.9), ("JPY", 0.06)], "2026-03-01", (900, "JPY")),
            ([("USD", 0.9)], "2026-03-01", (2000, "USD")),  # what has no rate comes last
            ([], "2026-03-01", (1500, "EUR")),
            ([("USD", 0.9), ("JPY", 0.06)], "2026-02-10", (1500, "EUR")),  # no rate was known then
        ],
    )
    def test_of_several_currencies_the_main_plan_is_worth_most(self, rates, as_of, expected):
        rows = [
            sub("started", "2026-01-01", "a", mrr=1500, currency="EUR"),
            sub("started", "2026-01-01", "b", mrr=2000, currency="USD"),
            sub("started", "2026-01-01", "c", mrr=900, currency="JPY"),
        ]
        daily = [(date(2026, 2, 10), *rate) for rate in rates]
        told = DatedRates("EUR", pl.DataFrame(daily, DAILY, orient="row"))
        found = states_at(events(subscriptions=rows), at(as_of), rates=told)
        assert found.select("mrr", "currency").row(0) == expected

    def test_what_has_ended_pays_nothing(self):
        rows = [sub("started", "2026-01-01", "a"), sub("started", "2026-01-01", "b", mrr=50)]
        assert self.money(*rows, sub("ended", "2026-02-01", "b")) == (1000, "EUR")

    @pytest.mark.parametrize("unknown", [{"mrr": None}, {"currency": None}])
    def test_an_unknown_price_or_currency_is_unknown_and_not_nothing(self, unknown):
        assert self.money(sub("started", "2026-01-01", **unknown))[0] is None

    def test_the_last_known_price_counts(self):
        rows = [sub("started", "2026-01-01"), sub("plan_changed", "2026-02-01", mrr=1200)]
        assert self.money(*rows, sub("cancel_scheduled", "2026-02-02", mrr=None)) == (1200, "EUR")


class TestSilence:
    bought = ({"kind": "paid", "happened_at": "2026-02-01", "amount": 1200, "currency": "USD"},)

    def test_who_paid_lately_is_active(self):
        rule = {"churn": "silence", "active_within_days": 28}
        assert state(payments=self.bought, **rule) == ["active"]
        assert state(payments=self.bought, as_of=at("2026-03-02"), **rule) == ["gone"]

    def test_a_month_is_a_twelfth_of_the_year(self):
        rows = states_at(events(payments=list(self.bought)), MARCH, churn="silence")
        assert rows.row(0, named=True)["mrr"] == 100

    def test_who_paid_in_no_known_currency_pays_an_unknown_amount(self):
        bought = [dict(self.bought[0], currency=None)]
        rows = states_at(events(payments=bought), MARCH, churn="silence")
        assert rows.row(0, named=True)["mrr"] is None


def test_a_merged_account_is_one_subscriber():
    merged = {
        "subscriber_id": "old", "merged_into": "ann", "kind": "merged",
        "happened_at": "2026-02-01",
    }  # fmt: skip
    rows = [sub("started", "2026-01-01", subscriber_id="old")]
    tables = events(subscriptions=rows, merges=[merged])
    assert states_at(tables, MARCH)["subscriber_id"].to_list() == ["ann"]
    assert states_at(tables, at("2026-02-01"))["subscriber_id"].to_list() == ["old"]


def test_only_active_and_past_due_are_scored():
    rows = [
        sub("started", "2026-01-01", subscriber_id="active"),
        sub("trial_started", "2026-01-01", subscriber_id="trial"),
        sub("started", "2026-01-01", subscriber_id="leaving"),
        sub("cancel_scheduled", "2026-01-02", subscriber_id="leaving"),
    ]
    spine = scored_spine(events(subscriptions=rows), [at("2026-01-02"), MARCH])
    assert spine.select("subscriber_id", "as_of").rows() == [
        ("active", at("2026-01-02")),
        ("leaving", at("2026-01-02")),
        ("active", MARCH),
    ]


def test_of_two_rows_alike_in_moment_and_kind_the_greatest_of_each_column_counts():
    rows = [
        sub("started", "2026-01-01", plan="pro", mrr=100),
        sub("started", "2026-01-01", plan="basic", mrr=300),
        sub("started", "2026-01-01", "of another", subscriber_id="bea", plan="top", mrr=900),
    ]
    for order in (rows, rows[::-1]):
        told = states_at(events(subscriptions=order), MARCH).select("plan", "mrr").rows()
        assert told == [("pro", 300), ("top", 900)]
