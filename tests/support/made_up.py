"""A made-up company as feature rows: quick to fit, with known reasons for leaving."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl

from perdura.features.definition import Balance, Column, Feature, Latest, Over, Phrases, Since
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.training.result import Trained
from perdura.models.training.train import train
from perdura.sources.events import MOMENT, PAYMENTS, SUBSCRIPTIONS, TICKETS

FIRST = datetime(2025, 1, 1, tzinfo=UTC)

FAILED = Feature(
    name="payments_failed",
    events=PAYMENTS,
    measure=Over("count"),
    where="kind = 'failed'",
    windows=(30, 90),
    when_empty=0,
    unit="payments",
    signal="payment_failures",
    en=Phrases("no payment failed", "1 payment failed", "{n} payments failed"),
    es=Phrases("ningún pago falló", "1 pago falló", "{n} pagos fallaron"),
    rises=True,
)
SINCE_PAID = Feature(
    name="days_since_paid",
    events=PAYMENTS,
    measure=Since("last"),
    where="kind = 'paid'",
    unit="days",
    signal="payment_activity",
    en=Phrases("nothing was ever paid", "", "the last payment was {n} ago"),
    es=Phrases("nunca se pagó nada", "", "el último pago fue hace {n}"),
)
OPEN = Feature(
    name="tickets_open",
    events=TICKETS,
    measure=Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id"),
    when_empty=0,
    unit="tickets",
    signal="open_tickets",
    en=Phrases("no ticket is open", "1 ticket is open", "{n} tickets are open"),
    es=Phrases("ningún ticket abierto", "1 ticket abierto", "{n} tickets abiertos"),
)
CSAT = Feature(
    name="csat",
    events=TICKETS,
    measure=Latest("score"),
    where="kind = 'rated'",
    unit="stars",
    signal="low_satisfaction",
    en=Phrases("never rated", "last rated 1 of 5", "last rated {n} of 5"),
    es=Phrases("sin valoraciones", "última valoración: 1 de 5", "última valoración: {n} de 5"),
)
PLAN = Feature(
    name="plan",
    events=SUBSCRIPTIONS,
    measure=Latest("plan"),
    unit="category",
    signal="plan",
    en=Phrases("the plan is unknown", "", "is on the {n} plan"),
    es=Phrases("no se conoce el plan", "", "tiene el plan {n}"),
)
COLUMNS: tuple[Column, ...] = tuple(
    column for feature in (FAILED, SINCE_PAID, OPEN, CSAT, PLAN) for column in feature.columns
)
NAMES = [column.name for column in COLUMNS]
PARAMS = TrainingParams(
    calls=50,
    calibrate_dates=2,
    judge_dates=2,
    booster=BoosterParams(rounds=80, learning_rate=0.1, min_data_in_leaf=40, threads=1),
)


def training_set(people: int = 900, dates: int = 14, seed: int = 0, signal: float = 1.0):
    """A row per person and month start; ``signal`` 0: nothing that is known matters."""
    rng = np.random.default_rng(seed)
    n = people * dates
    month = np.repeat(np.arange(dates), people)
    as_of = [FIRST + timedelta(days=30 * int(m)) for m in range(dates)]
    failed = rng.poisson(0.3, n)
    known = {
        "payments_failed_30d": failed.astype(float),
        "payments_failed_90d": (failed + rng.poisson(0.5, n)).astype(float),
        "days_since_paid": np.where(rng.random(n) < 0.05, np.nan, rng.uniform(0, 60, n)),
        "tickets_open": rng.poisson(0.5, n).astype(float),
        "csat": np.where(rng.random(n) < 0.4, np.nan, rng.integers(1, 6, n)),
    }
    plan = rng.choice(["basic", "plus", "pro"], n)
    by_payment = signal * 1.2 * failed - 3.4
    # Of the basic plan, those leave who have not been made happy: no line tells that.
    unhappy = (plan == "basic") & ~(known["csat"] > 2)
    by_choice = signal * (0.8 * known["tickets_open"] + 1.7 * unhappy) - 3.4
    leaves_unpaid, leaves = (rng.random(n) < 1 / (1 + np.exp(-x)) for x in (by_payment, by_choice))
    churned = leaves_unpaid | leaves
    cause = np.where(leaves_unpaid, "payment", "voluntary")
    who = np.tile([f"s{i:05}" for i in range(people)], dates)
    pairs = pl.DataFrame(
        {"subscriber_id": who, "as_of": pl.Series([as_of[m] for m in month], dtype=MOMENT)}
    )
    rows = pairs.with_columns(
        *(pl.Series(name, values).fill_nan(None) for name, values in known.items()),
        plan=pl.Series(plan),
        churned=pl.Series(churned),
        cause=pl.when(pl.Series(churned)).then(pl.Series(cause)),
    )
    about = pairs.with_columns(
        plan=pl.Series(plan),
        currency=pl.Series(rng.choice(["EUR", "JPY"], n, p=[0.8, 0.2])),
        mrr=pl.Series(rng.integers(500, 9000, n)),
    )
    wants = (plan == "plus") * 1.5 + (known["csat"] > 4) * 2.0 - 4.0
    expanded = ~churned & (rng.random(n) < 1 / (1 + np.exp(-signal * wants)))
    rows = rows.with_columns(expanded=pl.Series(expanded))
    return TrainingSet(rows=rows, about=about, columns=COLUMNS, known_until=as_of[-1])


@cache
def trained() -> Trained:
    """The model that most tests look at, fitted once."""
    return train(training_set(), PARAMS)
