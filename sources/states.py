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
_SAID = ("state", *_DESCRIBED)
_SETTLED = ("paid", "written_off")
_PAYING = ("active", "leaving")


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
        known = as_known(_ever_failed(events, as_of), PAYMENTS.name, as_of)
        rows = _subscribers(_subscriptions(as_known(events, SUBSCRIPTIONS.name, as_of)))
        owed = pl.col("failed_at") >= pl.col("started_at")
        unpaid = _past_due(known)
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
    dates = [*dates]
    if churn == "contract" and dates:
        events = _read_once(events, max(dates))
    return pl.concat(
        states_at(events, as_of, churn=churn, active_within_days=active_within_days).filter(
            pl.col("state").is_in(SCORED)
        )
        for as_of in dates
    )


def _read_once(events: Events, until: datetime) -> Events:
    """The rows that states are read from, in memory: those of many dates are of the same rows."""
    at = ("subscriber_id", "happened_at", "known_at", "kind")
    subscriptions = events[SUBSCRIPTIONS.name].select(*at, "subscription_id", *_DESCRIBED)
    payments = _ever_failed(events, until)[PAYMENTS.name].select(*at, "invoice_id")
    read = {SUBSCRIPTIONS.name: subscriptions, PAYMENTS.name: payments}
    collected = pl.collect_all(
        [table.filter(pl.col("known_at") < until) for table in read.values()], engine="streaming"
    )
    return {**events, **{name: rows.lazy() for name, rows in zip(read, collected, strict=True)}}


def _ever_failed(events: Events, until: datetime) -> Events:
    """The events, of which payments only of invoices that a try to pay failed of: few of them.

    And of no invoice: joining all of these to each other would tell nothing and take long.
    """
    kind, invoice = pl.col("kind"), pl.col("invoice_id")
    payments = events[PAYMENTS.name].filter(kind.is_in(["failed", *_SETTLED]))
    failed = (kind == "failed") & (pl.col("known_at") < until) & invoice.is_not_null()
    invoices = payments.filter(failed).select("invoice_id").unique().collect(engine="streaming")
    if invoices.is_empty():
        told = payments.filter(invoice.is_null())
    else:
        told = payments.filter(invoice.is_null() | invoice.is_in(invoices["invoice_id"].implode()))
    return {**events, PAYMENTS.name: told}


def _subscriptions(known: pl.LazyFrame) -> pl.DataFrame:
    """One row per subscription: its state, and what it was last described as.

    Of events at the same moment the later in the contract's order of kinds decides.
    """
    rows = _told(known)
    order = rows["place"].arg_sort()
    rows = rows.with_columns(row=order.arg_sort())
    kind = pl.col("kind")
    # Which row is the last that says something, rather than what it says: a maximum of whole
    # numbers is far quicker than the last of a group, and what stands there is looked up at once.
    places = (
        rows.lazy()
        .group_by("subscriber_id", "subscription_id")
        .agg(
            *(pl.when(pl.col(c).is_not_null()).then("row").max().alias(c) for c in _SAID),
            pl.when(kind == "trial_started").then("row").max().alias("tried"),
            pl.when(kind == "started").then("happened_at").max().alias("started_at"),
        )
        .collect(engine="streaming")
    )
    said = (rows[name].gather(order.gather(places[name])) for name in _SAID)
    # A trial that goes on after a pause or a withdrawn cancellation has not become more.
    trial = (
        pl.col("tried").is_not_null()
        & pl.col("started_at").is_null()
        & (pl.col("state") == "active")
    )
    return places.with_columns(said).with_columns(
        state=pl.when(trial).then(pl.lit("trial")).otherwise("state")
    )


def _told(known: pl.LazyFrame) -> pl.DataFrame:
    """The rows of subscriptions, each with its place in time.

    Rows of one subscription, moment and kind are one: of each column the greatest value.
    """
    order = pl.col("kind").replace_strict(
        {kind: place for place, kind in enumerate(SUBSCRIPTIONS.kinds)}, return_dtype=pl.Int64
    )
    state = pl.col("kind").replace_strict(_AFTER, default=None, return_dtype=pl.String)
    place = pl.col("happened_at").dt.timestamp("us") * len(SUBSCRIPTIONS.kinds) + order
    own = ("subscriber_id", "subscription_id", "happened_at", "kind")
    rows = known.select(*own, *_DESCRIBED, state=state, place=place).collect(engine="streaming")
    # Asked of the whole numbers first: mostly that says it all, and texts cost more.
    twice = rows["place"].is_duplicated()
    if twice.any():
        suspects = rows.filter(twice).select("subscriber_id", "subscription_id", "place")
        twice = twice.scatter(twice.arg_true(), suspects.is_duplicated())
    if not twice.any():
        return rows
    keys = [*own, "place"]
    once = rows.filter(twice).group_by(keys).agg(pl.exclude(keys).max())
    return pl.concat([rows.filter(~twice), once.select(rows.columns)])


def _subscribers(subscriptions: pl.DataFrame) -> pl.LazyFrame:
    """One row per subscriber: the best state; the money of what is paid for; the main plan."""
    told = subscriptions.filter(pl.col("state").is_not_null())
    several = told["subscriber_id"].is_duplicated()
    paying = pl.col("state").is_in(_PAYING)
    priced = pl.col("mrr").is_not_null() & pl.col("currency").is_not_null()
    money = pl.when(~paying).then(0).when(priced).then("mrr")
    one = told.filter(~several).with_columns(mrr=money)
    many = _of_several(told.filter(several).lazy()).collect()
    return pl.concat([one.select(many.columns), many]).lazy()


def _of_several(subscriptions: pl.LazyFrame) -> pl.LazyFrame:
    """As ``_subscribers``, of those with several subscriptions (and right for the others)."""
    main = pl.struct("weight", "subscription_id")
    paying = pl.col("state").is_in(_PAYING)
    rank = pl.col("state").replace_strict(
        {state: place for place, state in enumerate(STATES)}, return_dtype=pl.Int64
    )
    ranked = subscriptions.with_columns(
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
    settled = pl.col("kind").is_in(_SETTLED)
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
