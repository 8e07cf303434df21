"""Payment features, each on a table of a few payments and an answer reckoned by hand."""

from datetime import timedelta

import pytest

from perdura.features.topics.payments import (
    AMOUNT_PAID,
    CURRENCY,
    DISPUTED,
    FAILED,
    METHOD,
    PAID,
    PAYMENT_FEATURES,
    REFUNDED,
    SINCE_FAILED,
    SINCE_FIRST_PAID,
    SINCE_PAID,
    TRIED,
    UNPAID,
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

COUNTS = [
    (FAILED, "failed", (7, 30, 90, 180, 365)),
    (TRIED, "paid", (90, 365)),
    (TRIED, "failed", (90, 365)),
    (PAID, "paid", (30, 90, 180, 365)),
    (REFUNDED, "refunded", (30, 90, 365)),
    (DISPUTED, "disputed", (90, 365)),
]


@pytest.mark.parametrize(("feature", "kind", "windows"), COUNTS)
def test_a_payment_counts_from_just_after_it_until_its_window_has_passed(feature, kind, windows):
    assert at_window_ends(feature, row(kind)) == {
        f"{feature.name}_{days}d": [0, 1, 1, 0] for days in windows
    }


@pytest.mark.parametrize(("feature", "kind", "windows"), COUNTS)
def test_a_payment_known_late_counts_only_from_then_on(feature, kind, windows):
    assert as_it_becomes_known(feature, row(kind)) == [0, 1]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("invoiced", {"invoices_unpaid"}),
        (
            "paid",
            {
                "payments_tried",
                "payments_failed_share_365d",
                "payments_paid",
                "days_since_paid",
                "days_since_first_paid",
                "amount_paid",
                "amount_paid_trend",
            },
        ),
        (
            "failed",
            {
                "payments_failed",
                "days_since_payment_failed",
                "payments_tried",
                "payments_failed_share_365d",
            },
        ),
        ("refunded", {"payments_refunded"}),
        ("disputed", {"payments_disputed"}),
        ("written_off", set()),
    ],
)
def test_each_kind_of_payment_moves_its_own_features_and_no_others(kind, names):
    payment = row(kind, amount=900, invoice_id="i1")
    assert changed_by(PAYMENT_FEATURES, payments=[payment]) == names


class TestAmountPaid:
    def test_has_the_payment_from_just_after_it_until_its_window_has_passed(self):
        assert at_window_ends(AMOUNT_PAID, row("paid", amount=250)) == {
            f"amount_paid_{days}d": [0, 250, 250, 0] for days in (30, 90, 365)
        }
        assert as_it_becomes_known(AMOUNT_PAID, row("paid", amount=250)) == [0, 250]

    def test_adds_up_what_was_paid_and_not_what_was_invoiced_refunded_or_failed(self):
        kinds = ["paid", "invoiced", "refunded", "failed", "disputed", "written_off", "paid"]
        payments = [row(kind, day, amount=10**day) for day, kind in enumerate(kinds)]
        assert after([AMOUNT_PAID], 20, payments=payments)["amount_paid_30d"] == 1_000_001

    def test_a_payment_without_an_amount_adds_nothing(self):
        payments = [row("paid"), row("paid", 1, amount=30)]
        assert after([AMOUNT_PAID], 20, payments=payments)["amount_paid_30d"] == 30
        assert after([AMOUNT_PAID], 20, payments=payments[:1])["amount_paid_30d"] == 0

    def test_the_currency_of_any_last_payment_decides_which_amounts_are_added(self):
        payments = [
            row("paid", 0, amount=1, currency="EUR"),
            row("paid", 1, amount=20, currency="USD"),
            row("paid", 2, amount=300),  # names none: it is taken to be of the same
            row("failed", 3, amount=4000, currency="EUR"),
        ]
        assert after([AMOUNT_PAID], 4, payments=payments)["amount_paid_30d"] == 301
        assert after([AMOUNT_PAID], 3, payments=payments)["amount_paid_30d"] == 320

    def test_a_currency_known_late_decides_only_then(self):
        payments = [
            row("paid", 0, amount=1, currency="EUR"),
            row("paid", 1, amount=20, currency="USD", known=5),
        ]
        assert after([AMOUNT_PAID], 5, payments=payments)["amount_paid_30d"] == 1
        assert after([AMOUNT_PAID], 6, payments=payments)["amount_paid_30d"] == 20


class TestSince:
    @pytest.mark.parametrize(
        ("feature", "kind"),
        [(SINCE_FAILED, "failed"), (SINCE_PAID, "paid"), (SINCE_FIRST_PAID, "paid")],
    )
    def test_is_unknown_as_of_the_payment_and_then_in_days(self, feature, kind):
        moments = [EVENT, EVENT + TICK, EVENT + timedelta(days=10.5)]
        frame = measured([feature], events(payments=[row(kind)]), moments)
        assert frame[feature.name].to_list() == [None, 1 / 86_400_000_000, 10.5]

    @pytest.mark.parametrize(
        ("feature", "kind", "days"),
        [
            (SINCE_FAILED, "failed", 10),
            (SINCE_PAID, "paid", 10),
            (SINCE_FIRST_PAID, "paid", 800),
        ],
    )
    def test_of_two_payments_the_last_or_the_first(self, feature, kind, days):
        payments = [row(kind, 790), row(kind, 0), row("invoiced", 795), row("refunded", -5)]
        assert after([feature], 800, payments=payments) == {feature.name: days}

    def test_a_first_payment_known_late_makes_the_tenure_longer_only_then(self):
        payments = [row("paid", 0, known=20), row("paid", 10)]
        assert after([SINCE_FIRST_PAID], 20, payments=payments) == {"days_since_first_paid": 10}
        assert after([SINCE_FIRST_PAID], 21, payments=payments) == {"days_since_first_paid": 21}


class TestUnpaidInvoices:
    @pytest.mark.parametrize(
        ("payments", "unpaid"),
        [
            ([row("invoiced", 0, invoice_id="a")], 1),
            ([row("invoiced", 0, invoice_id="a"), row("invoiced", 1, invoice_id="b")], 2),
            ([row("invoiced", 0, invoice_id="a"), row("invoiced", 1, invoice_id="a")], 1),
            ([row("invoiced", 0, invoice_id="a"), row("paid", 1, invoice_id="a")], 0),
            ([row("invoiced", 0, invoice_id="a"), row("written_off", 1, invoice_id="a")], 0),
            ([row("invoiced", 0, invoice_id="a"), row("failed", 1, invoice_id="a")], 1),
            ([row("invoiced", 0, invoice_id="a"), row("paid", 1, invoice_id="b")], 1),
            ([row("invoiced", 0, invoice_id="a"), row("paid", 0, invoice_id="a")], 0),
            ([row("invoiced", 1, invoice_id="a"), row("paid", 0, invoice_id="a")], 1),
            ([row("invoiced", 0), row("invoiced", 1)], 0),  # names no invoice
            ([row("paid", 0, invoice_id="a")], 0),
        ],
    )
    def test_are_those_invoiced_after_they_were_last_paid_or_written_off(self, payments, unpaid):
        assert after([UNPAID], 5, payments=payments) == {"invoices_unpaid": unpaid}

    def test_a_payment_known_late_leaves_the_invoice_unpaid_until_then(self):
        payments = [row("invoiced", 0, invoice_id="a"), row("paid", 1, invoice_id="a", known=4)]
        assert after([UNPAID], 4, payments=payments) == {"invoices_unpaid": 1}
        assert after([UNPAID], 4.5, payments=payments) == {"invoices_unpaid": 0}

    def test_stay_unpaid_however_old(self):
        assert after([UNPAID], 4_000, payments=[row("invoiced", invoice_id="a")]) == {
            "invoices_unpaid": 1
        }


class TestShares:
    @pytest.mark.parametrize(
        ("kinds", "share"),
        [
            (["failed", "paid", "paid", "paid"], 0.25),
            (["failed", "failed"], 1),
            (["paid"], 0),
            (["invoiced", "refunded", "disputed"], None),
            ([], None),
        ],
    )
    def test_failed_of_tried_in_a_year(self, kinds, share):
        payments = [row(kind, number) for number, kind in enumerate(kinds)]
        found = after(PAYMENT_FEATURES, 30, payments=payments)
        assert found["payments_failed_share_365d"] == share

    def test_failures_of_more_than_a_year_ago_are_in_no_share(self):
        payments = [row("failed", -1), row("paid", 1)]
        assert after(PAYMENT_FEATURES, 364, payments=payments)["payments_failed_share_365d"] == 0.5
        assert after(PAYMENT_FEATURES, 365, payments=payments)["payments_failed_share_365d"] == 0

    @pytest.mark.parametrize(
        ("payments", "trend"),
        [
            ([row("paid", -day, amount=100) for day in (1, 101, 201, 301)], 1),
            ([row("paid", -day, amount=100) for day in (101, 201, 301)], 0),
            ([row("paid", -1, amount=100)], 4),
            ([row("paid", -1, amount=300), row("paid", -200, amount=100)], 3),
            ([row("paid", -1, amount=0)], None),
            ([row("paid", -400, amount=100)], None),
        ],
    )
    def test_the_trend_is_the_last_90_days_beside_a_quarter_of_the_year(self, payments, trend):
        assert after(PAYMENT_FEATURES, 0, payments=payments)["amount_paid_trend"] == trend


class TestMethodAndCurrency:
    @pytest.mark.parametrize(
        ("feature", "column"), [(METHOD, "method"), (CURRENCY, "currency")], ids=str
    )
    def test_are_those_of_the_last_payment_of_any_kind_that_names_one(self, feature, column):
        payments = [
            row("paid", 0) | {column: "AAA"},
            row("refunded", 2) | {column: "BBB"},
            row("invoiced", 3),
            row("paid", 1) | {column: "CCC"},
            row("failed", 2.5, known=9) | {column: "DDD"},
        ]
        assert after([feature], 4, payments=payments) == {feature.name: "BBB"}
        assert after([feature], 9, payments=payments) == {feature.name: "BBB"}
        assert after([feature], 9.5, payments=payments) == {feature.name: "DDD"}
        assert after([feature], 0, payments=payments) == {feature.name: None}

    def test_of_two_at_one_moment_the_greater_text(self):
        payments = [row("paid", method=method, payment_id=method) for method in ("card", "é", "b")]
        for order in (payments, payments[::-1]):
            assert after([METHOD], 1, payments=order) == {"payment_method": "é"}
