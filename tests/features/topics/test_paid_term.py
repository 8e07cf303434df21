"""While a paid term runs, the days since a payment tell when it renews, and are no arrears."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import polars as pl
import pytest

from perdura.features.catalogue import COLUMNS
from perdura.features.topics.paid_term import days_here, in_term, term_days, with_renewal
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.scoring.score import score
from perdura.models.training.result import Trained
from perdura.models.training.train import train
from perdura.sources.events import MOMENT
from tests.support.made_up import PARAMS

NAMES = [
    "payments_paid_90d",
    "payments_paid_365d",
    "days_since_paid",
    "days_since_first_paid",
    "amount_paid_90d",
    "invoices_unpaid",
    "tickets_open",
    "days_since_first_start",
    "plan",
    "interval_months",
    "payment_currency",
    "days_since_invoiced",
    "days_to_renewal",
]
MEANT = tuple(COLUMNS[name] for name in NAMES)


def company(subscribers: int = 2_400, dates: int = 14) -> TrainingSet:
    """Half pay by the year and leave before it renews, half by the month and leave over tickets."""
    random, n = np.random.default_rng(0), subscribers * dates
    yearly = np.tile(np.arange(subscribers) % 2 == 0, dates)
    term = np.where(yearly, 365.25, 30.4375)
    unpaid = random.random(n) < 0.03
    paid = np.where(unpaid, random.uniform(0, 60, n) + term, random.uniform(0, term))
    invoiced = np.where(unpaid, paid - term, paid)
    here = paid + random.integers(0, 4, n) * term
    tickets = random.poisson(0.4, n)
    odds = -4.0 + 3.5 * (yearly & (term - invoiced < 31)) + 1.2 * tickets + 3.0 * unpaid
    churned = random.random(n) < 1 / (1 + np.exp(-odds))
    as_of = [datetime(2024 + m // 12, m % 12 + 1, 1, tzinfo=UTC) for m in range(dates)]
    each = np.repeat(np.arange(dates), subscribers)
    first = {
        "subscriber_id": np.tile([f"s{i:05}" for i in range(subscribers)], dates),
        "as_of": pl.Series([as_of[m] for m in each], dtype=MOMENT),
    }
    known = {
        "payments_paid_90d": in_window(90, paid, here, term),
        "payments_paid_365d": in_window(365, paid, here, term),
        "days_since_paid": paid,
        "days_since_first_paid": here,
        "amount_paid_90d": 3_000 * in_window(90, paid, here, term),
        "invoices_unpaid": unpaid.astype(float),
        "tickets_open": tickets.astype(float),
        "days_since_first_start": here,
        "plan": np.where(random.random(n) < 0.5, "basic", "pro"),
        "interval_months": np.where(yearly, 12.0, 1.0),
        "payment_currency": np.full(n, "EUR"),
        "days_since_invoiced": invoiced,
        "days_to_renewal": np.maximum(term - invoiced, 0),
    }
    rows = pl.DataFrame(first | known).with_columns(
        churned=churned,
        cause=pl.when(pl.Series(churned)).then(pl.lit("voluntary")),
        expanded=pl.lit(value=False),
    )
    about = rows.select("subscriber_id", "as_of", "plan").with_columns(currency=pl.lit("EUR"))
    return TrainingSet(rows=rows, about=about, columns=MEANT, known_until=as_of[-1])


def in_window(days: int, last: np.ndarray, first: np.ndarray, term: np.ndarray) -> np.ndarray:
    """How many payments, one each term, lie in the window."""
    until = np.minimum(days, first)
    return np.where(last < until, np.floor((until - last) / term) + 1, 0.0)


@cache
def trained() -> Trained:
    return train(company(), PARAMS)


def one(**other: float | str | None) -> pl.DataFrame:
    """A yearly payer of three years who paid 352 days ago and owes nothing, or another."""
    usual = {
        "payments_paid_90d": 0.0,
        "payments_paid_365d": 1.0,
        "days_since_paid": 352.0,
        "days_since_first_paid": 1082.0,
        "amount_paid_90d": 0.0,
        "invoices_unpaid": 0.0,
        "tickets_open": 0.0,
        "days_since_first_start": 1082.0,
        "plan": "basic",
        "interval_months": 12.0,
        "payment_currency": "EUR",
        "days_since_invoiced": 352.0,
        "days_to_renewal": 13.25,
    }
    texts = ("plan", "payment_currency")
    schema = {name: pl.String if name in texts else pl.Float64 for name in NAMES}
    row = pl.DataFrame([usual | other], schema=schema)
    return row.with_columns(
        subscriber_id=pl.lit("anna"), as_of=pl.lit(datetime(2026, 1, 1, tzinfo=UTC), MOMENT)
    )


def reasons(row: pl.DataFrame, **how) -> list[tuple[str, str]]:
    """Signal and words, the strongest first."""
    found = score(trained().model, row, MEANT, **how)["reasons"][0]
    return [(reason["signal"], reason["text"]) for reason in found]


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "the plan renews in 13 days"), ("es", "el plan se renueva en 13 días")],
)
def test_a_yearly_payer_who_owes_nothing_reads_of_the_renewal_and_not_of_the_payment(
    language, text
):
    found = reasons(one(), language=language)
    assert found[0] == ("renewal", text)
    assert not {"payment_activity", "money"} & {signal for signal, _ in found}
    chosen = score(trained().model, one(), MEANT, language=language)
    assert chosen["action"].to_list() == ["talk_before_renewal"]


def test_where_invoices_are_not_known_the_term_runs_from_the_payment():
    row = one(days_since_invoiced=None, days_to_renewal=None)
    assert reasons(row)[0] == ("renewal", "the plan renews in 13 days")


@pytest.mark.parametrize(
    "arrears",
    [
        {"invoices_unpaid": 1.0, "days_since_invoiced": 4.0, "days_to_renewal": 361.0},
        {"days_since_paid": 420.0, "days_since_invoiced": 420.0, "days_to_renewal": 0.0},
        {"interval_months": None, "days_to_renewal": None},
    ],
    ids=["owes an invoice", "the term is over", "the term is unknown"],
)
def test_outside_a_paid_term_the_days_since_a_payment_are_what_they_are(arrears):
    row = one(days_since_paid=370.0).with_columns(
        **{name: pl.lit(value, pl.Float64) for name, value in arrears.items()}
    )
    assert "renewal" not in {
        signal for signal, text in reasons(row) if "payment" in text or "paid" in text
    }
    assert any("payment" in text or "paid" in text for _, text in reasons(row))


def test_a_renewal_far_away_is_no_reason():
    row = one(
        tickets_open=2.0, days_since_paid=170.0, days_since_invoiced=170.0, days_to_renewal=195.25
    )
    assert [signal for signal, _ in reasons(row)] == ["open_tickets"]


def test_a_monthly_payer_does_not_read_that_the_month_is_nearly_over():
    row = one(
        interval_months=1.0,
        tickets_open=2.0,
        days_since_paid=25.0,
        days_since_invoiced=25.0,
        days_to_renewal=5.4,
        payments_paid_90d=3.0,
        payments_paid_365d=12.0,
        amount_paid_90d=9_000.0,
    )
    assert [signal for signal, _ in reasons(row)] == ["open_tickets"]


def test_whoever_has_just_joined_and_paid_nothing_yet_is_new_and_not_in_arrears():
    new = {
        "payments_paid_90d": 0.0,
        "payments_paid_365d": 0.0,
        "days_since_paid": None,
        "days_since_first_paid": None,
        "days_since_first_start": 3.0,
        "days_since_invoiced": None,
        "days_to_renewal": None,
        "interval_months": 1.0,
    }
    row = one(**new)
    term, here = term_days(row), days_here(row)
    for name in ("days_since_paid", "payments_paid_90d", "payments_paid_365d", "amount_paid_90d"):
        given = {signal for signal, rows in in_term(COLUMNS[name], term, here).items() if rows[0]}
        assert given == {"tenure"}, name
    assert not {"nothing was ever paid", "payment_activity"} & {*sum(reasons(row), ())}


@pytest.mark.parametrize(
    ("known", "days"),
    [
        ({"interval_months": 1.0, "days_since_paid": 31.0}, 31),
        ({"interval_months": 1.0, "days_since_paid": 31.01}, 0),
        ({"interval_months": 12.0, "days_since_paid": 0.0}, 372),
        ({"interval_months": 12.0, "days_since_paid": 372.0}, 372),
        ({"interval_months": 12.0, "days_since_paid": 373.0}, 0),
        ({"interval_months": None, "days_since_paid": 3.0}, 0),
        ({"interval_months": 1.0, "days_since_paid": 3.0, "invoices_unpaid": 1.0}, 0),
        ({"interval_months": 1.0, "days_since_paid": 3.0, "invoices_unpaid": None}, 31),
        ({"interval_months": 1.0, "days_since_paid": None, "days_since_first_start": 31.0}, 31),
        ({"interval_months": 1.0, "days_since_paid": None, "days_since_first_start": 32.0}, 0),
        ({"interval_months": 1.0, "days_since_paid": None, "days_since_first_start": None}, 0),
        ({"interval_months": 1.0, "days_since_paid": 40.0, "days_since_first_start": 3.0}, 0),
        ({"interval_months": 0.0, "days_since_paid": 0.0}, 0),
    ],
)
def test_a_term_runs_for_the_months_billed_after_the_last_payment(known, days):
    row = one(**{"days_since_first_start": 900.0} | known)
    assert term_days(row).tolist() == [days]


@pytest.mark.parametrize("name", ["interval_months", "days_since_paid", "days_to_renewal"])
def test_without_the_columns_that_say_it_no_term_runs(name):
    row = one(days_since_paid=3.0).drop(name)
    assert term_days(row).tolist() == [0]
    assert with_renewal(row).equals(row)


def test_days_here_are_those_since_the_first_payment_or_long_ago():
    assert days_here(one(days_since_first_paid=12.5)).tolist() == [12.5]
    assert np.isnan(days_here(one(days_since_first_paid=None))).tolist() == [True]
    assert days_here(one().drop("days_since_first_paid")).tolist() == [np.inf]


@pytest.mark.parametrize(
    ("column", "term", "here", "signals"),
    [
        ("payments_paid_90d", 372, 800, {"renewal"}),  # shorter than the term
        ("payments_paid_90d", 372, 30, {"renewal"}),
        ("payments_paid_90d", 31, 800, set()),  # several terms long: it says what it says
        ("payments_paid_90d", 31, 60, {"tenure"}),  # begins before the first payment
        ("payments_paid_90d", 31, 90, set()),
        ("payments_paid_365d", 372, 800, {"renewal"}),
        ("payments_paid_365d", 31, 300, {"tenure"}),
        ("days_since_paid", 31, 800, {"renewal"}),
        ("days_since_paid", 372, np.nan, {"tenure"}),  # has never paid
        ("payments_paid_90d", 31, np.nan, {"tenure"}),
        ("payments_paid_90d", 0, 30, set()),  # no term runs
        ("days_since_paid", 0, np.nan, set()),
        ("payments_paid_90d", 31, np.inf, set()),
    ],
)
def test_a_billed_column_is_a_sign_of_the_renewal_or_of_the_tenure(column, term, here, signals):
    found = in_term(COLUMNS[column], np.array([float(term)]), np.array([float(here)]))
    assert {signal for signal, rows in found.items() if rows[0]} == signals


@pytest.mark.parametrize(
    ("known", "days"),
    [
        ({"days_to_renewal": 7.0}, 7),  # an invoice tells
        ({"days_since_paid": 100.0}, 365.25 - 100),
        ({"days_since_paid": 370.0}, 0),  # in the last days of a leap year's term
        ({"days_since_paid": 373.0}, None),
        ({"invoices_unpaid": 2.0, "days_since_paid": 100.0}, None),
        ({"interval_months": None, "days_since_paid": 100.0}, None),
        ({"interval_months": 1.0, "days_since_paid": 10.0}, 20.4375),
    ],
)
def test_the_renewal_is_a_term_after_the_last_payment_where_no_invoice_tells(known, days):
    row = one(**{"days_to_renewal": None} | known)
    assert with_renewal(row)["days_to_renewal"].to_list() == [days]


@pytest.mark.parametrize(
    ("payments", "since_start", "days"),
    [(1.0, 400.0, 265.25), (2.0, 400.0, 330.5), (2.0, 365.25, 365.25), (None, 400.0, 265.25)],
)
def test_with_more_payments_than_terms_it_runs_from_the_start(payments, since_start, days):
    row = one(days_to_renewal=None, days_since_paid=100.0, payments_paid_90d=payments)
    row = row.with_columns(days_since_last_start=pl.lit(since_start))
    assert with_renewal(row)["days_to_renewal"].to_list() == [pytest.approx(days)]


def test_rows_are_each_judged_by_themselves():
    rows = pl.concat([one(days_since_paid=3.0), one(days_since_paid=None), one()])
    assert term_days(rows).tolist() == [372, 0, 372]
    assert term_days(rows.clear()).tolist() == []
