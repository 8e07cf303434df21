"""Subscription features, each on a few events and an answer reckoned by hand."""

from datetime import timedelta

import pytest

from perdura.features.topics.subscription import (
    CURRENCY,
    ENDED,
    INTERVAL,
    INVOICED,
    MRR,
    PLAN,
    QUANTITY,
    RENEWAL_FEATURES,
    SINCE_INVOICED,
    SINCE_START,
    SUBSCRIPTION_FEATURES,
    TENURE,
    WITHDRAWN,
)
from tests.support.measured import (
    EVENT,
    TICK,
    after,
    as_it_becomes_known,
    at_window_ends,
    changed_by,
    measured,
    row,
)
from tests.support.tables import events

ALL = (*SUBSCRIPTION_FEATURES, *RENEWAL_FEATURES)
HELD = [
    (PLAN, "plan", "basic", "pro"),
    (INTERVAL, "interval_months", 1.0, 12.0),
    (QUANTITY, "quantity", 3, 2),
    (MRR, "mrr", 900, 0),
    (CURRENCY, "currency", "EUR", "CHF"),
]


@pytest.mark.parametrize(
    ("feature", "kind", "windows"),
    [
        (ENDED, "ended", (365, 1095)),
        (WITHDRAWN, "cancel_withdrawn", (90, 365)),
        (INVOICED, "invoiced", (90,)),
    ],
)
def test_an_event_counts_from_just_after_it_until_its_window_has_passed(feature, kind, windows):
    assert at_window_ends(feature, row(kind)) == {
        f"{feature.name}_{days}d": [0, 1, 1, 0] for days in windows
    }
    assert as_it_becomes_known(feature, row(kind)) == [0, 1]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("trial_started", set()),
        ("started", {"days_since_first_start", "days_since_last_start"}),
        ("plan_changed", set()),
        ("paused", set()),
        ("resumed", set()),
        ("cancel_scheduled", set()),
        ("cancel_withdrawn", {"cancellations_withdrawn"}),
        ("ended", {"subscriptions_ended"}),
    ],
)
def test_each_kind_of_event_moves_its_own_features_and_all_but_an_end_say_what_is_held(kind, names):
    held = {column: value for _, column, value, _ in HELD}
    changed = changed_by(ALL, subscriptions=[row(kind, **held)])
    assert changed == names | (set() if kind == "ended" else {*held})


@pytest.mark.parametrize(("feature", "column", "first", "second"), HELD)
class TestHeld:
    def test_changes_just_after_each_event_and_then_stays(self, feature, column, first, second):
        rows = [row("started") | {column: first}, row("plan_changed", 9) | {column: second}]
        change = EVENT + timedelta(days=9)
        moments = [EVENT, EVENT + TICK, change, change + TICK, EVENT + timedelta(days=5_000)]
        frame = measured([feature], events(subscriptions=rows), moments)
        assert frame[feature.name].to_list() == [None, first, first, second, second]

    def test_is_what_the_last_known_event_that_says_it_says(self, feature, column, first, second):
        rows = [
            row("plan_changed", 4, known=9) | {column: second},
            row("started", 0) | {column: first},
            row("paused", 6),
        ]
        values = [after([feature], day, subscriptions=rows)[feature.name] for day in (7, 9, 9.5)]
        assert values == [first, first, second]

    def test_is_not_what_ended(self, feature, column, first, second):
        rows = [row("started", 0) | {column: first}, row("ended", 1) | {column: second}]
        assert after([feature], 7, subscriptions=rows) == {feature.name: first}
        assert after([feature], 7, subscriptions=rows[1:]) == {feature.name: None}

    def test_at_one_moment_is_what_the_change_after_the_start_says(
        self, feature, column, first, second
    ):
        rows = [row("started") | {column: first}, row("plan_changed") | {column: second}]
        for order in (rows, rows[::-1]):
            assert after([feature], 7, subscriptions=order) == {feature.name: second}


class TestStarts:
    def test_the_first_and_the_last_start_are_counted_in_days(self):
        rows = [row("started", 0), row("started", 400), row("trial_started", -30)]
        rows += [row("resumed", 410), row("ended", 380)]
        found = after([TENURE, SINCE_START], 500.25, subscriptions=rows)
        assert found == {"days_since_first_start": 500.25, "days_since_last_start": 100.25}

    def test_a_trial_alone_is_no_tenure(self):
        found = after([TENURE, SINCE_START], 9, subscriptions=[row("trial_started")])
        assert found == {"days_since_first_start": None, "days_since_last_start": None}

    def test_a_start_known_late_is_counted_from_when_it_happened(self):
        rows = [row("started", 0, known=20)]
        assert after([TENURE], 20, subscriptions=rows) == {"days_since_first_start": None}
        assert after([TENURE], 21, subscriptions=rows) == {"days_since_first_start": 21}

    def test_a_merged_account_brings_its_tenure_once_the_merge_is_known(self):
        tables = {
            "subscriptions": [row("started", 0, subscriber_id="old"), row("started", 90)],
            "merges": [row("merged", 95, subscriber_id="old", merged_into="ann")],
        }
        values = [after([TENURE], day, **tables)["days_since_first_start"] for day in (95, 100)]
        assert values == [5, 100]


class TestRenewal:
    def renewal(self, days, started, invoices, interval):
        return after(
            ALL,
            days,
            subscriptions=[row("started", started, interval_months=interval)],
            payments=[row("invoiced", day) for day in invoices],
        )["days_to_renewal"]

    @pytest.mark.parametrize(
        ("days", "interval", "invoices", "left"),
        [
            (10, 1.0, [0], 30.4375 - 10),
            (30.4375, 1.0, [0], 0),
            (45, 1.0, [0], 0),  # overdue is due
            (100, 12.0, [0], 365.25 - 100),
            (400, 12.0, [0, 365.25], 365.25 - 34.75),
            (2, 7 / 30.4375, [0], 5),
            (10, 1.0, [], None),
            (10, None, [0], None),
        ],
    )
    def test_is_a_term_after_the_last_invoice(self, days, interval, invoices, left):
        found = self.renewal(days, 0, invoices, interval)
        assert found == (None if left is None else pytest.approx(left, abs=1e-9))

    def test_with_more_invoices_than_terms_is_counted_from_the_start(self):
        """A yearly plan with a bill for usage each month renews on the day that it started."""
        monthly = [100, 110, 120]
        assert self.renewal(130, 0, monthly, 12.0) == pytest.approx(365.25 - 130)
        assert self.renewal(400, 0, [370, 380, 390], 12.0) == pytest.approx(2 * 365.25 - 400)
        # One invoice more than terms of 90 days is not enough: the first may have been a day late.
        assert self.renewal(120, 0, [100], 12.0) == pytest.approx(365.25 - 20)

    def test_days_since_the_last_invoice_are_unknown_without_one(self):
        payments = [row("invoiced", 0), row("paid", 4), row("invoiced", 2, known=6)]
        assert after([SINCE_INVOICED], 0, payments=payments) == {"days_since_invoiced": None}
        assert after([SINCE_INVOICED], 6, payments=payments) == {"days_since_invoiced": 6}
        assert after([SINCE_INVOICED], 7, payments=payments) == {"days_since_invoiced": 5}
