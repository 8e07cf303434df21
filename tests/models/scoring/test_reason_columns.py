"""Which values are a reason to leave, and how being new is said."""

import numpy as np
import polars as pl
import pytest

from perdura.features.build import build_features
from perdura.features.catalogue import COLUMNS, FEATURES
from perdura.features.topics.paid_term import with_renewal
from perdura.features.topics.phrases import say
from perdura.models.predictor.typical_values import EncodedTypical
from perdura.models.scoring.comparison import Comparison
from perdura.models.scoring.reason_columns import UnknownName, no_reason, reason_columns
from tests.support.tables import events, spine


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payments_refunded_90d", 0.0),
        ("payments_disputed_90d", 0.0),
        ("tickets_opened_30d", 0.0),
        ("price_rises_90d", 0.0),
        ("payments_failed_90d", None),
        ("days_since_payment_failed", None),
        ("days_since_first_start", 700.0),
        ("days_since_first_start", None),
        ("days_since_first_paid", 400.0),
        ("rating_mean_90d", 5.0),
    ],
)
def test_nothing_bad_and_a_long_tenure_are_no_reason_to_leave(name, value):
    assert no_reason(COLUMNS[name], pl.DataFrame({name: [value]}, {name: pl.Float64})).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payments_refunded_90d", 1.0),
        ("days_since_payment_failed", 0.0),
        ("days_since_first_start", 23.0),
        ("rating_mean_90d", 2.5),
        ("payments_paid_90d", 0.0),
        ("usage_30d", 0.0),
        ("days_since_paid", None),
    ],
)
def test_what_went_wrong_and_what_stopped_may_be_one(name, value):
    assert not no_reason(COLUMNS[name], pl.DataFrame({name: [value]}, {name: pl.Float64})).any()


@pytest.mark.parametrize(
    ("name", "value", "counts", "plausible"),
    [
        ("tickets_trend", 3.0, {"tickets_opened_30d": 1.0}, False),
        ("tickets_trend", 1.5, {"tickets_opened_30d": 2.0}, False),
        ("tickets_trend", 1.5, {"tickets_opened_30d": 3.0}, True),
        ("tickets_trend", 1.0, {"tickets_opened_30d": 3.0}, False),  # the usual pace
        ("usage_trend", 0.3, {"usage_90d": 2.0}, False),
        ("usage_trend", 0.3, {"usage_90d": 90.0}, True),
        ("usage_trend", 1.2, {"usage_90d": 90.0}, False),
        ("payments_failed_share_365d", 1.0, {"payments_tried_365d": 1.0}, False),
        ("payments_failed_share_365d", 0.4, {"payments_tried_365d": 5.0}, True),
        ("amount_paid_trend", 0.4, {"payments_paid_365d": 2.0}, False),
        ("amount_paid_trend", 0.4, {"payments_paid_365d": 9.0}, True),
        ("amount_paid_trend", 0.4, {"payments_paid_365d": None}, False),
        ("amount_paid_trend", 0.4, {}, False),
    ],
)
def test_a_share_or_a_pace_that_rests_on_one_or_two_is_no_reason(name, value, counts, plausible):
    row = {name: value} | counts
    frame = pl.DataFrame([row], dict.fromkeys(row, pl.Float64))
    assert no_reason(COLUMNS[name], frame).tolist() == [not plausible]


@pytest.mark.parametrize(
    ("days", "en", "es"),
    [
        (9, "joined 9 days ago", "se suscribió hace 9 días"),
        (23, "joined 3 weeks ago", "se suscribió hace 3 semanas"),
        (150, "joined 5 months ago", "se suscribió hace 5 meses"),
        (800, "joined 2 years ago", "se suscribió hace 2 años"),
    ],
)
def test_being_new_is_said_as_one_speaks_of_it(days, en, es):
    tenure = COLUMNS["days_since_first_start"]
    assert (say(tenure, days, "en", None), say(tenure, days, "es", None)) == (en, es)


def test_an_annual_plan_renews_on_its_day_though_usage_is_invoiced_every_month():
    starts = {"subscription_id": "1", "plan": "pro", "interval_months": 12}
    monthly = [
        {
            "subscriber_id": "ann",
            "happened_at": f"2026-{month:02}-05",
            "kind": kind,
            "invoice_id": f"{month}",
            "payment_id": f"{month}",
        }
        for month in range(1, 11)
        for kind in ("invoiced", "paid")
    ]
    told = events(
        subscriptions=[
            {"subscriber_id": "ann", "happened_at": "2026-01-01", "kind": "started"} | starts
        ],
        payments=monthly,
    )
    found = build_features(told, FEATURES, spine(("ann", "2026-11-01")))
    assert found["days_to_renewal"].to_list() == [pytest.approx(365.25 - 304)]
    unknown = found.with_columns(days_to_renewal=pl.lit(None, pl.Float64))
    assert with_renewal(unknown)["days_to_renewal"].to_list() == [pytest.approx(365.25 - 304)]


NAMES = ["payments_failed_90d", "tickets_open", "payments_paid_90d", "days_since_first_start"]
MEANT = [COLUMNS[name] for name in NAMES]


def test_signals_are_numbered_in_alphabetical_order():
    found = reason_columns(MEANT, ())
    assert found.signals == ["open_tickets", "payment_activity", "payment_failures", "tenure"]
    assert found.own.tolist() == [2, 0, 1, 3]
    assert not found.silent.any()
    assert not found.silent_signals.any()


@pytest.mark.parametrize(
    ("unnamed", "silent", "signals"),
    [
        (["tickets_open"], [False, True, False, False], [False] * 4),
        (["tenure"], [False] * 4, [False, False, False, True]),
        (
            ["open_tickets", "payments_failed_90d"],
            [True, False, False, False],
            [True, False, False, False],
        ),
    ],
)
def test_signals_and_columns_that_are_never_named_are_silent(unnamed, silent, signals):
    found = reason_columns(MEANT, unnamed)
    assert found.silent.tolist() == silent
    assert found.silent_signals.tolist() == signals
    by_model = reason_columns(MEANT, (), unstable=unnamed)
    assert by_model.silent_signals.tolist() == signals


def test_features_that_are_never_a_reason_are_silent():
    found = reason_columns([COLUMNS["contacts_30d"], COLUMNS["tickets_open"]], ())
    assert found.silent.tolist() == [True, False]


@pytest.mark.parametrize(
    ("unnamed", "message"),
    [
        (["tickets_opne"], "asked never to name 'tickets_opne' .* did you mean 'tickets_open'"),
        (["b", "a"], "asked never to name 'a', 'b' as a reason; there is no signal or column"),
        (["plan"], "'plan'"),  # a signal, but of no column of this model
    ],
)
def test_a_name_of_no_signal_and_no_column_is_refused(unnamed, message):
    with pytest.raises(UnknownName, match=message):
        reason_columns(MEANT, unnamed)
    with pytest.raises(UnknownName, match=message):
        reason_columns(MEANT, (), unstable=unnamed)


def test_a_billed_column_has_the_signal_of_the_renewal_or_tenure_in_rows_where_a_term_runs():
    names = ["payments_paid_90d", "interval_months", "days_since_paid", "days_to_renewal"]
    names += ["days_since_first_paid", "days_since_first_start"]
    found = reason_columns([COLUMNS[name] for name in names], ())
    rows = pl.DataFrame(
        [
            (1.0, 12.0, 100.0, 265.0, 800.0, 800.0),  # in a year's term
            (3.0, 1.0, 10.0, 20.0, 30.0, 30.0),  # in a month's, and new
            (3.0, 1.0, 50.0, 0.0, 800.0, 800.0),  # the term is over
        ],
        schema=dict.fromkeys(names, pl.Float64),
        orient="row",
    )
    typical = np.array([[4.0, *[np.nan] * 5]])
    beside = EncodedTypical(typical, typical, np.zeros((1, 6), bool), typical)
    matrix = rows.to_numpy()
    signs = found.in_rows(rows, Comparison(found.columns, matrix, beside, np.zeros(3, np.int64)))
    by_row = [[found.signals[number] for number in row] for row in signs.signal]
    assert [row[0] for row in by_row] == ["renewal", "tenure", "payment_activity"]
    assert [row[1] for row in by_row] == ["plan"] * 3
    assert signs.mute[:, 0].tolist() == [True, True, False]
    assert not signs.mute[:, 1].any()


@pytest.mark.parametrize(
    ("value", "plausible"),
    [(0.0, True), (182.9, True), (183.0, False), (-0.1, False), (None, False)],
)
def test_only_a_new_subscriber_s_tenure_is_a_reason(value, plausible):
    name = "days_since_first_start"
    rows = pl.DataFrame({name: [value]}, {name: pl.Float64})
    assert no_reason(COLUMNS[name], rows).tolist() == [not plausible]
