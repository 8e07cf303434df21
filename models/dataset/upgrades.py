"""When somebody's monthly revenue rose because they chose so."""

import polars as pl

from perdura.sources.inferred import SNAPSHOT
from perdura.sources.ties import places

#: Whether a subscription is paid for after each kind of event; the other kinds leave it as it was.
_PAID_AFTER = {
    "trial_started": False,
    "started": True,
    "paused": False,
    "resumed": True,
    "ended": False,
}
_THING = ["subscriber_id", "subscription_id"]


def chosen_rises(subscriptions: pl.DataFrame) -> pl.DataFrame:
    """Every moment at which an account paid already, and by its choice pays more a month from then.

    Everything that happens at one moment is taken together, so that ending one subscription and
    starting a dearer one is a rise of the difference. Chosen are what was started or ended and a
    change of plan with the reason ``voluntary``; where no reason is known, one to another plan or
    number of seats. The company's price rises are not, nor is going on after a pause. Amounts
    of different currencies are not compared: where another currency falls, nothing has risen.

    Args:
        subscriptions: Rows of the event table, under the accounts that they live on as.

    Returns:
        One row per rise, in order of time: ``owner``, ``happened_at``.
    """
    rows = _stepwise(_paid(_in_order(subscriptions)))
    moment = ["subscriber_id", "happened_at"]
    held = (pl.col("paying") - pl.col("paying_step")).first()
    changes = rows.group_by(*moment, "currency", maintain_order=True).agg(
        held=held, rise=pl.col("mrr_step").filter(_chosen()).sum(), mixed=pl.col("converted").any()
    )
    return (
        changes.group_by(moment, maintain_order=True)
        .agg(
            pl.col("held").first(),
            pl.col("rise").min().alias("least"),
            pl.col("rise").max(),
            pl.col("mixed").any(),
        )
        .filter(pl.col("held") > 0, pl.col("rise") > 0, pl.col("least") >= 0, ~pl.col("mixed"))
        .select("happened_at", owner="subscriber_id")
    )


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """In order of time; at one moment in the order of ``sources.ties``, and then in some order."""
    keys = ["happened_at", "place", "subscription_id", "known_at", "plan", "mrr", "quantity"]
    return rows.with_columns(places(rows)).sort(keys, maintain_order=True)


def _paid(rows: pl.DataFrame) -> pl.DataFrame:
    """``mrr``: what is paid a month after each event for its subscription, zero on trial, say."""
    said = ("plan", "quantity", "currency", "mrr")
    paid = pl.col("kind").replace_strict(_PAID_AFTER, default=None, return_dtype=pl.Boolean)
    # What ends or pauses says what is paid from then, not what the subscription costs.
    price = pl.when(paid.fill_null(value=True)).then("mrr")
    known = rows.with_columns(mrr=price, paid=paid).with_columns(
        pl.col(*said, "paid").forward_fill().over(_THING)
    )
    return known.with_columns(mrr=pl.when(pl.col("paid")).then("mrr").otherwise(0))


def _stepwise(rows: pl.DataFrame) -> pl.DataFrame:
    """What each event changed, and how many subscriptions its account pays for after it."""
    before = {f"{c}_before": pl.col(c).shift(1).over(_THING) for c in ("plan", "quantity")}
    # Nothing was paid before the first event; but what was not known is not nothing.
    before["mrr_before"] = pl.col("mrr").shift(1, fill_value=0).over(_THING)
    was = pl.col("currency").shift(1).over(_THING)
    paying = (pl.col("mrr") > 0).fill_null(value=False).cast(pl.Int32)
    return (
        rows.with_columns(
            **before,
            paying=paying,
            converted=(pl.col("currency") != was).fill_null(value=False),
        )
        .with_columns(
            mrr_step=pl.col("mrr") - pl.col("mrr_before"),
            paying_step=pl.col("paying") - pl.col("paying").shift(1, fill_value=0).over(_THING),
        )
        .with_columns(paying=pl.col("paying_step").cum_sum().over("subscriber_id"))
    )


def _chosen() -> pl.Expr:
    """Whether an event is what its subscriber chose."""
    unsaid = pl.col("reason").is_null() | pl.col("reason").is_in(["unknown", SNAPSHOT])
    other = (pl.col("plan") != pl.col("plan_before")).fill_null(value=False) | (
        pl.col("quantity") != pl.col("quantity_before")
    ).fill_null(value=False)
    changed = (pl.col("reason") == "voluntary").fill_null(value=False) | (unsaid & other)
    return pl.col("kind").is_in(["started", "ended"]) | (
        (pl.col("kind") == "plan_changed") & changed
    )
