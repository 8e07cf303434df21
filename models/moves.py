"""When people keep a subscription, and when they give up the last: read from known events."""

from datetime import timedelta

import polars as pl

from sources.events import SUBSCRIPTIONS

#: Whether a subscription is one its owner means to keep, after each kind of event. A pause and a
#: change of plan leave that as it was, and a trial is nothing to keep yet.
_KEPT_AFTER = {
    "trial_started": False,
    "started": True,
    "resumed": True,
    "cancel_scheduled": False,
    "cancel_withdrawn": True,
    "ended": False,
}


def moves_of(subscriptions: pl.LazyFrame) -> pl.LazyFrame:
    """Each owner's events that keep or give up a subscription, and how many are kept after each.

    One row per event, in order of time; at one moment in the contract's order of kinds.
    """
    order = {kind: place for place, kind in enumerate(SUBSCRIPTIONS.kinds)}
    after = pl.col("kind").replace_strict(_KEPT_AFTER, default=None, return_dtype=pl.Int32)
    step = pl.col("after") - pl.col("after").shift(1, fill_value=0).over(
        "subscriber_id", "subscription_id"
    )
    return (
        subscriptions.with_columns(
            order=pl.col("kind").replace_strict(order, default=-1, return_dtype=pl.Int32),
            after=after,
        )
        .filter(pl.col("after").is_not_null())
        .sort("happened_at", "order", "subscription_id", maintain_order=True)
        .with_columns(kept=step.cum_sum().over("subscriber_id"), step=step)
        .select("happened_at", "kind", "reason", "step", "kept", owner="subscriber_id")
    )


def leavings_of(moves: pl.DataFrame, grace: timedelta) -> pl.DataFrame:
    """One row per leaving, in order of time: owner, left_at, cause, undone_at (if it was)."""
    back = pl.when(pl.col("kept") > 0).then(pl.col("happened_at"))
    back_at = back.backward_fill().over("owner")
    undone = (back_at < pl.col("happened_at") + grace).fill_null(value=False)
    by_payment = (pl.col("kind") == "ended") & (pl.col("reason") == "payment")
    told = moves.with_columns(undone_at=pl.when(undone).then(back_at))
    return told.filter(pl.col("kept") == 0, pl.col("step") < 0).select(
        "owner",
        "undone_at",
        left_at="happened_at",
        cause=pl.when(by_payment.fill_null(value=False))
        .then(pl.lit("payment"))
        .otherwise(pl.lit("voluntary")),
    )
