"""Which values are a reason to leave, and how being new is said."""

import polars as pl
import pytest

from perdura.features.build import build_features
from perdura.features.catalogue import COLUMNS, FEATURES
from perdura.features.topics.paid_term import with_renewal
from perdura.features.topics.phrases import say
from perdura.models.scoring.reason_columns import no_reason
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
    ("days", "en", "es"),
    [
        (9, "joined 9 days ago", "se suscribió hace 9 días"),
        (23, "joined 3 weeks ago", "se suscribió hace 3 semanas"),
        (150, "joined 4 months ago", "se suscribió hace 4 meses"),
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
