"""The state each subscriber was in at a moment, and what they paid, by what was known then."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS
from perdura.sources.merges import Events, as_known
from perdura.sources.rates import DatedRates
from perdura.sources.states.arrears import ever_failed, past_due
from perdura.sources.states.contracts import DESCRIBED, STATES, subscribers_of, subscriptions_of
from perdura.sources.versions import may_have_versions, newest

__all__ = ["SCORED", "STATES", "Churn", "scored_spine", "states_at"]

#: How a business loses subscribers: a contract is cancelled, or they just stop buying.
Churn = Literal["contract", "silence"]

#: Only these are scored: the others have left, are leaving, or pay nothing yet.
SCORED = ("active", "past_due")


def states_at(
    events: Events,
    as_of: datetime,
    *,
    churn: Churn = "contract",
    active_within_days: int = 365,
    rates: DatedRates | None = None,
) -> pl.DataFrame:
    """Everyone known before ``as_of``, and how they stood then.

    Args:
        events: The event tables by name.
        as_of: Only rows with ``known_at < as_of`` are read.
        churn: With ``contract``, subscription events decide. With ``silence``, those that paid in
            ``[as_of - active_within_days, as_of)`` is active and the others are gone.
        active_within_days: See ``churn``.
        rates: By which the main plan is found of who pays in several currencies.

    Returns:
        One row per subscriber, sorted: ``subscriber_id``, ``as_of``, ``state`` (one of
        ``STATES``), ``plan``, ``interval_months``, ``currency``, ``country``, ``mrr`` (minor
        units a month). With ``silence``, mrr is a twelfth of what was paid in 365 days.
    """
    if churn == "silence":
        paid = as_known(events, PAYMENTS.name, as_of).filter(pl.col("kind") == "paid")
        if may_have_versions(events, PAYMENTS):
            paid = newest(paid.collect(engine="streaming"), PAYMENTS).lazy()
        rows = _buyers(paid, as_of, active_within_days)
    else:
        rows = _holders(events, as_of, rates and rates.factors(as_of))
    moment = pl.lit(as_of).dt.cast_time_unit("us").alias("as_of")
    return (
        rows.select("subscriber_id", moment, "state", *DESCRIBED)
        .sort("subscriber_id")
        .collect(engine="streaming")
    )


def scored_spine(
    events: Events,
    dates: Iterable[datetime],
    *,
    churn: Churn = "contract",
    active_within_days: int = 365,
    rates: DatedRates | None = None,
) -> pl.DataFrame:
    """Those to be scored at each date (``SCORED``), with the columns of ``states_at``."""
    dates = [*dates]
    if churn == "contract" and dates:
        events = _read_once(events, max(dates))
    return pl.concat(
        states_at(
            events, as_of, churn=churn, active_within_days=active_within_days, rates=rates
        ).filter(pl.col("state").is_in(SCORED))
        for as_of in dates
    )


def _read_once(events: Events, until: datetime) -> Events:
    """The rows that states are read from, in memory: those of many dates are of the same rows."""
    common = ("subscriber_id", "happened_at", "known_at", "kind")
    subscriptions = events[SUBSCRIPTIONS.name].select(
        *common, "subscription_id", "reason", *DESCRIBED
    )
    payments = ever_failed(events, until)[PAYMENTS.name].select(*common, "invoice_id")
    read = {SUBSCRIPTIONS.name: subscriptions, PAYMENTS.name: payments}
    collected = pl.collect_all(
        [table.filter(pl.col("known_at") < until) for table in read.values()], engine="streaming"
    )
    return {**events, **{name: rows.lazy() for name, rows in zip(read, collected, strict=True)}}


def _holders(events: Events, as_of: datetime, factors: Mapping[str, float] | None) -> pl.LazyFrame:
    """Subscribers by their subscriptions; ``past_due`` where the present one is not paid for."""
    known = subscriptions_of(as_known(events, SUBSCRIPTIONS.name, as_of))
    unpaid = past_due(as_known(ever_failed(events, as_of), PAYMENTS.name, as_of))
    rows = subscribers_of(known, factors).join(unpaid, on="subscriber_id", how="left")
    # What an earlier subscription left unpaid is not owed by the present one.
    owed = (pl.col("failed_at") >= pl.col("started_at")).fill_null(value=True)
    late = (pl.col("state") == "active") & pl.col("failed_at").is_not_null() & owed
    return rows.with_columns(state=pl.when(late).then(pl.lit("past_due")).otherwise("state"))


def _buyers(paid: pl.LazyFrame, as_of: datetime, active_within_days: int) -> pl.LazyFrame:
    happened_at = pl.col("happened_at")
    recent = happened_at.max() >= as_of - timedelta(days=active_within_days)
    told_at = pl.when(pl.col("currency").is_not_null()).then(happened_at)
    currency = pl.col("currency").filter(told_at == told_at.max()).max()
    year = (happened_at >= as_of - timedelta(days=365)) & (
        pl.col("currency") == currency
    ).fill_null(value=True)
    return (
        paid.group_by("subscriber_id")
        .agg(
            pl.when(recent).then(pl.lit("active")).otherwise(pl.lit("gone")).alias("state"),
            pl.when(currency.is_not_null())
            .then(pl.when(year).then(pl.col("amount")).sum() // 12)
            .alias("mrr"),
            currency.alias("currency"),
        )
        .with_columns(
            plan=pl.lit(None, pl.String),
            interval_months=pl.lit(None, pl.Float64),
            country=pl.lit(None, pl.String),
        )
    )
