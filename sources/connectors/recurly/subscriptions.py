"""Recurly's subscriptions: each state they were in, and what had happened when it was written.

A row of the history is known when it was written (``updated_at``), and so is all that it tells for
the first time. Of what came before the oldest row only times that the subscription itself carries
are known: it started and ended then. What it cost then that row does not know.
"""

from dataclasses import dataclass

import polars as pl

from perdura.sources.connectors.recurly.prices import months_between, with_months, with_mrr
from perdura.sources.connectors.recurly.row_events import PRICED, value_before, with_events
from perdura.sources.staged import FILE, ROW_IN_FILE

#: The states there are; rows with another are told, for the mapping to refuse.
STATES = ("active", "canceled", "expired", "failed", "future", "paused")
_ENDED = ("expired", "failed")
#: Events of a row; ``<event>_at`` is when each happened.
EVENTS = ("trial", "start", "cancel", "withdraw", "pause", "resume", "change", "end")
#: Those of which the subscription carries the time.
_CARRIED = ("trial", "start", "cancel", "end")
_AS_THEN = ("plan", "months", "quantity", "mrr", "currency")


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Subscriptions as read.

    Attributes:
        versions: One row per row of the history: ``at``, ``plan``, ``months``, ``mrr``, and the
            columns of ``EVENTS``; whether it ``tells`` anything.
        earlier: One row per subscription that was there before its oldest row: when it started,
            ended and so on, and not what it cost.
        discounts: One row per beginning or end of a coupon and subscription of its account: ``at``
            and ``mrr`` after it; those of accounts without one have no ``subscription_id``.
    """

    versions: pl.LazyFrame
    earlier: pl.LazyFrame
    discounts: pl.LazyFrame


def subscriptions(
    history: pl.LazyFrame, plans: pl.LazyFrame, redeemed: pl.LazyFrame, coupons: pl.LazyFrame
) -> Subscriptions:
    """Every state of every subscription, with what had changed.

    Args:
        history: ``subscription_history``.
        plans: ``plan_history``.
        redeemed: ``coupon_redemption_history``.
        coupons: As of ``prices.redemptions``.
    """
    rows = _with_gross(history, plans)
    spans = rows.group_by("id").agg(
        pl.col("account_id").first(), start=pl.col("begun").min(), end=pl.col("ended").max()
    )
    versions = rows.with_columns(source=pl.lit("version"))
    boundaries = _boundaries(redeemed, rows).with_columns(source=pl.lit("coupon"))
    points = with_mrr(pl.concat([versions, boundaries], how="diagonal"), coupons, spans.drop("id"))
    points = points.sort("id", "at", FILE, ROW_IN_FILE, nulls_last=True)
    before = points.with_columns(
        value_before(pl.col(name)).alias(f"{name}_before") for name in PRICED
    )
    told = with_events(before.filter(pl.col("source") == "version"))
    changes = _discounts(before.filter(pl.col("source") == "coupon"))
    return Subscriptions(_versions(told), _earlier(told), changes)


def _with_gross(history: pl.LazyFrame, plans: pl.LazyFrame) -> pl.LazyFrame:
    rows = with_months(history.with_columns(pl.col("updated_at").alias("at")), plans)
    period = months_between(pl.col("current_period_started_at"), pl.col("current_period_ends_at"))
    total = pl.coalesce(
        "subtotal",
        pl.col("unit_amount") * pl.col("quantity").fill_null(1)
        + pl.col("add_ons_total").fill_null(0),
    )
    start = pl.when(pl.col("trial_ends_at") > pl.col("trial_started_at")).then("trial_ends_at")
    ended = pl.col("state").is_in(_ENDED)
    end = pl.min_horizontal(pl.coalesce("expires_at", "at"), "at")
    return (
        rows.with_columns(pl.coalesce("months", period).alias("months"))
        .with_columns(
            gross=total / pl.col("months"),
            begun=start.otherwise(pl.coalesce("activated_at", "created_at")),
            ended=pl.when(ended).then(end),
        )
        .sort("id", "at", FILE, ROW_IN_FILE)
    )


def _boundaries(redeemed: pl.LazyFrame, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Where coupons begin or end to hold, for each subscription of the account as it was then."""
    ended = (pl.col("state") != "active") | pl.col("removed_at").is_not_null()
    ordered = redeemed.sort("id", "updated_at", FILE, ROW_IN_FILE)
    first = pl.int_range(pl.len()).over("id") == 0
    first_end = ended & (ended.cast(pl.Int32).cum_sum().over("id") == 1)
    moments = ordered.select(
        pl.when(first | first_end).then("account_id").alias("payer"),
        FILE,
        ROW_IN_FILE,
        at=pl.concat_list(
            pl.when(first).then("created_at"),
            pl.when(first_end).then(pl.coalesce("removed_at", "updated_at")),
        ).list.drop_nulls(),
    ).explode("at", keep_nulls=True, empty_as_null=True)
    owners = rows.select("id", "account_id").unique()
    pairs = moments.join(owners, left_on="payer", right_on="account_id", how="left")
    then = rows.drop(FILE, ROW_IN_FILE).sort("at")
    known = pairs.sort("at").join_asof(
        then, on="at", by="id", strategy="backward", check_sortedness=False
    )
    return known.drop("payer")


def _discounts(points: pl.LazyFrame) -> pl.LazyFrame:
    running = (pl.col("begun") <= pl.col("at")) & pl.col("ended").is_null()
    changed = pl.col("mrr").is_not_null() & pl.col("mrr").ne_missing(pl.col("mrr_before"))
    return points.select(
        pl.col("id").alias("subscription_id"),
        "account_id",
        "at",
        *_AS_THEN,
        (running & changed).fill_null(value=False).alias("changes"),
        FILE,
        ROW_IN_FILE,
    )


def _versions(told: pl.LazyFrame) -> pl.LazyFrame:
    """What each row tells that was known when it was written."""
    own = {name: pl.col(f"{name}_at") for name in EVENTS}
    later = {
        name: pl.when(~pl.col("carried")).then(moment) if name in _CARRIED else moment
        for name, moment in own.items()
    }
    any_told = pl.any_horizontal(moment.is_not_null() for moment in later.values())
    return told.select(
        pl.col("id").alias("subscription_id"),
        "account_id",
        "state",
        *_AS_THEN,
        "expiration_reason",
        pl.col("at").alias("updated_at"),
        *(moment.alias(f"{name}_at") for name, moment in later.items()),
        (any_told | ~pl.col("state").is_in(STATES)).alias("tells"),
        FILE,
        ROW_IN_FILE,
    )


def _earlier(told: pl.LazyFrame) -> pl.LazyFrame:
    """What the oldest row of each subscription tells of the time before it."""
    return told.filter("carried").select(
        pl.col("id").alias("subscription_id"),
        "account_id",
        "expiration_reason",
        *(f"{name}_at" for name in _CARRIED),
        FILE,
        ROW_IN_FILE,
    )
