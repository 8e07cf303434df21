"""The state each subscriber was in at a moment, and what they paid, by what was known then."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from sources.events import PAYMENTS, SUBSCRIPTIONS
from sources.merges import Events, as_known

#: How a business loses people: a contract is cancelled, or somebody just stops buying.
Churn = Literal["contract", "silence"]

#: From the state that counts most, where somebody has several subscriptions, to the least.
STATES = ("past_due", "active", "paused", "trial", "leaving", "gone")

#: Only these are scored: the others have left, are leaving, or pay nothing yet.
SCORED = ("active", "past_due")

_AFTER = {
    "trial_started": "trial",
    "started": "active",
    "paused": "paused",
    "resumed": "active",
    "cancel_scheduled": "leaving",
    "cancel_withdrawn": "active",
    "ended": "gone",
}
_DESCRIBED = ("plan", "interval_months", "currency", "country", "mrr")


def states_at(
    events: Events, as_of: datetime, *, churn: Churn = "contract", active_within_days: int = 365
) -> pl.DataFrame:
    """Everyone known before ``as_of``, and how they stood then.

    Args:
        events: The event tables by name.
        as_of: Only rows with ``known_at < as_of`` are read.
        churn: With ``contract``, subscription events decide. With ``silence``, whoever paid in
            ``[as_of - active_within_days, as_of)`` is active and the others are gone.
        active_within_days: See ``churn``.

    Returns:
        One row per subscriber, sorted: ``subscriber_id``, ``as_of``, ``state`` (one of
        ``STATES``), ``plan``, ``interval_months``, ``currency``, ``country``, ``mrr`` (minor
        units a month). With ``silence``, mrr is a twelfth of what was paid in 365 days.
    """
    if churn == "silence":
        rows = _buyers(as_known(events, PAYMENTS.name, as_of), as_of, active_within_days)
    else:
        known = as_known(events, SUBSCRIPTIONS.name, as_of)
        rows = _subscribers(_subscriptions(known))
        owed = pl.col("failed_at") >= pl.col("started_at")
        unpaid = _past_due(as_known(events, PAYMENTS.name, as_of))
        rows = rows.join(unpaid, on="subscriber_id", how="left").with_columns(
            # What an earlier subscription left unpaid is not owed by the present one.
            state=pl.when(
                pl.col("state") == "active",
                pl.col("failed_at").is_not_null() & owed.fill_null(value=True),
            )
            .then(pl.lit("past_due"))
            .otherwise("state")
        )
    moment = pl.lit(as_of).dt.cast_time_unit("us").alias("as_of")
    return (
        rows.select("subscriber_id", moment, "state", *_DESCRIBED)
        .sort("subscriber_id")
        .collect(engine="streaming")
    )


def scored_spine(
    events: Events,
    dates: Iterable[datetime],
    *,
    churn: Churn = "contract",
    active_within_days: int = 365,
) -> pl.DataFrame:
    """Those to be scored at each date (``SCORED``), with the columns of ``states_at``."""
    return pl.concat(
        states_at(events, as_of, churn=churn, active_within_days=active_within_days).filter(
            pl.col("state").is_in(SCORED)
        )
        for as_of in dates
    )


def _subscriptions(known: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subscription: its state, and what it was last described as.

    Of events at the same moment the later in the contract's order of kinds decides.
    """
    order = pl.col("kind").replace_strict(
        {kind: place for place, kind in enumerate(SUBSCRIPTIONS.kinds)}, return_dtype=pl.Int64
    )
    place = pl.col("happened_at").dt.timestamp("us") * len(SUBSCRIPTIONS.kinds) + order
    after = pl.col("kind").replace_strict(_AFTER, default=None, return_dtype=pl.String)
    happened = pl.col("kind").is_in
    return (
        known.with_columns(place=place, after=after)
        .group_by("subscriber_id", "subscription_id")
        .agg(
            _last("after").alias("state"),
            *(_last(column) for column in _DESCRIBED),
            (happened(["trial_started"]).any() & ~happened(["started"]).any()).alias("on_trial"),
            pl.when(happened(["started"])).then(pl.col("happened_at")).max().alias("started_at"),
        )
        # A trial that goes on after a pause or a withdrawn cancellation has not become more.
        .with_columns(
            state=pl.when(pl.col("on_trial") & (pl.col("state") == "active"))
            .then(pl.lit("trial"))
            .otherwise("state")
        )
    )


def _last(column: str) -> pl.Expr:
    filled = pl.when(pl.col(column).is_not_null()).then(pl.col("place"))
    return pl.col(column).filter(filled == filled.max()).max()


def _subscribers(subscriptions: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subscriber: the best state; the money of what is paid for; the main plan."""
    main = pl.struct("weight", "subscription_id")
    paying = pl.col("state").is_in(["active", "leaving"])
    rank = pl.col("state").replace_strict(
        {state: place for place, state in enumerate(STATES)}, return_dtype=pl.Int64
    )
    ranked = subscriptions.filter(pl.col("state").is_not_null()).with_columns(
        rank=rank, weight=pl.when(paying).then(pl.col("mrr")).otherwise(-1).fill_null(0)
    )
    mine = pl.col("currency") == pl.col("currency").sort_by(main).last()
    described = (pl.col(c).sort_by(main).last() for c in _DESCRIBED if c != "mrr")
    # Amounts of several currencies are never added: the main plan's alone counts. What is paid
    # for at an unknown price, or in an unknown currency, is unknown and not nothing.
    known = paying & mine & pl.col("mrr").is_not_null()
    money = pl.when(known.any() | ~paying.any()).then(pl.when(known).then(pl.col("mrr")).sum())
    return ranked.group_by("subscriber_id").agg(
        pl.col("state").sort_by("rank", "subscription_id").first(),
        money.alias("mrr"),
        pl.col("started_at").max(),
        *described,
    )


def _past_due(payments: pl.LazyFrame) -> pl.LazyFrame:
    """Who has an invoice whose last try to pay failed, not settled since, and when it failed.

    Payments that name no invoice are taken for one.
    """
    settled = pl.col("kind").is_in(["paid", "written_off"])
    at = pl.col("happened_at")
    failed_at = pl.when(pl.col("kind") == "failed").then(at).max()
    settled_at = pl.when(settled).then(at).max()
    return (
        payments.group_by("subscriber_id", "invoice_id")
        .agg(failed_at.alias("failed_at"), settled_at.alias("settled_at"))
        .filter(pl.col("settled_at").is_null() | (pl.col("failed_at") > pl.col("settled_at")))
        .group_by("subscriber_id")
        .agg(pl.col("failed_at").max())
    )


def _buyers(payments: pl.LazyFrame, as_of: datetime, active_within_days: int) -> pl.LazyFrame:
    at, paid = pl.col("happened_at"), pl.col("kind") == "paid"
    recent = at.max() >= as_of - timedelta(days=active_within_days)
    told_at = pl.when(pl.col("currency").is_not_null()).then(at)
    currency = pl.col("currency").filter(told_at == told_at.max()).max()
    year = (at >= as_of - timedelta(days=365)) & (pl.col("currency") == currency).fill_null(
        value=True
    )
    return (
        payments.filter(paid)
        .group_by("subscriber_id")
        .agg(
            pl.when(recent).then(pl.lit("active")).otherwise(pl.lit("gone")).alias("state"),
            pl.when(currency.is_not_null())
            .then(pl.when(year).then(pl.col("amount")).sum() // 12)
            .alias("mrr"),
            currency.alias("currency"),
        )
        .with_columns(
            plan=pl.lit(None, pl.String),
            interval_months=pl.lit(None, pl.Int32),
            country=pl.lit(None, pl.String),
        )
    )
