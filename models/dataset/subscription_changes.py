"""When subscribers keep a subscription, and when they give up the last: read from known events."""

from datetime import timedelta

import polars as pl

from perdura.sources.inferred import CHANGED_HANDS
from perdura.sources.ties import places

#: Whether the owner means to keep a subscription after each kind of event. A pause and a change
#: of plan leave that as it was; a trial is not kept yet.
_KEPT_AFTER = {
    "trial_started": False,
    "started": True,
    "resumed": True,
    "cancel_scheduled": False,
    "cancel_withdrawn": True,
    "ended": False,
}
_THING = ("subscriber_id", "subscription_id")


def moves_of(subscriptions: pl.DataFrame) -> pl.DataFrame:
    """The moments at which owners keep or give up subscriptions, and how many they keep after each.

    One row per owner and moment, in order of time: ``owner``, ``happened_at``, ``kept``, ``step``
    (how many more than before), and ``kind`` and ``reason`` of the last event that gave one up,
    or else of the last event. Only the end of a moment counts: a renewal gives up nothing, and a
    subscription that starts and ends at the same moment was never kept.
    """
    after = pl.col("kind").replace_strict(_KEPT_AFTER, default=None, return_dtype=pl.Int32)
    step = pl.col("after") - pl.col("after").shift(1, fill_value=0).over(_THING)
    moves = (
        subscriptions.with_columns(places(subscriptions), after=after)
        .filter(pl.col("after").is_not_null())
        .sort("happened_at", "place", "subscription_id", maintain_order=True)
        .with_columns(step=step)
    )
    gives_up = pl.col("step") < 0
    columns = (
        pl.when(gives_up.any())
        .then(pl.col(name).filter(gives_up).last())
        .otherwise(pl.col(name).last())
        .alias(name)
        for name in ("kind", "reason")
    )
    return (
        moves.group_by("happened_at", "subscriber_id", maintain_order=True)
        .agg(*columns, pl.col("step").sum())
        .with_columns(kept=pl.col("step").cum_sum().over("subscriber_id"))
        .select("happened_at", "kind", "reason", "step", "kept", owner="subscriber_id")
    )


def leavings_of(moves: pl.DataFrame, grace: timedelta) -> pl.DataFrame:
    """One row per leaving, in order of time: ``owner``, ``left_at``, ``cause``, ``undone_at``."""
    back = pl.when(pl.col("kept") > 0).then(pl.col("happened_at"))
    back_at = back.backward_fill().over("owner")
    undone = (back_at < pl.col("happened_at") + grace).fill_null(value=False)
    by_payment = (pl.col("kind") == "ended") & (pl.col("reason") == "payment")
    rows = moves.with_columns(undone_at=pl.when(undone).then(back_at))
    # A subscription that goes on under another account is no decision to leave.
    decided = (pl.col("reason") != CHANGED_HANDS).fill_null(value=True)
    return rows.filter(pl.col("kept") == 0, pl.col("step") < 0, decided).select(
        "owner",
        "undone_at",
        left_at="happened_at",
        cause=pl.when(by_payment.fill_null(value=False))
        .then(pl.lit("payment"))
        .otherwise(pl.lit("voluntary")),
    )
