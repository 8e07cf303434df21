"""When a subscriber chose to pay more a month."""

import polars as pl

from perdura.sources.inferred import SNAPSHOT
from perdura.sources.ties import places

#: Whether a subscription is paid for after each kind of event; other kinds leave it as it was.
_PAID_AFTER = {
    "trial_started": False,
    "started": True,
    "paused": False,
    "resumed": True,
    "ended": False,
}
_THING = ["subscriber_id", "subscription_id"]


def chosen_rises(subscriptions: pl.DataFrame) -> pl.DataFrame:
    """Every moment at which an account that already paid chooses to pay more a month.

    All events of one moment count together, so that ending one subscription and starting a more
    expensive one is a rise of the difference. By choice: an event that starts or ends, and a
    change of plan with the reason ``voluntary`` or, where no reason is known, to another plan or
    number of seats. Not by choice: the company's price rises, and resuming after a pause. Amounts
    of different currencies are not compared: where the MRR in another currency falls, there is
    no rise.

    Args:
        subscriptions: Rows of the event table, under their owners.

    Returns:
        One row per rise, in order of time: ``owner``, ``happened_at``.
    """
    # In order of time; at one moment in the order of ``sources.ties``, then by fixed columns.
    keys = ["happened_at", "place", "subscription_id", "known_at", "plan", "mrr", "quantity"]
    in_order = subscriptions.with_columns(places(subscriptions)).sort(keys, maintain_order=True)
    rows = _with_steps(_with_amount_paid(in_order))
    unexplained = pl.col("reason").is_null() | pl.col("reason").is_in(["unknown", SNAPSHOT])
    other_plan = (pl.col("plan") != pl.col("plan_before")).fill_null(value=False) | (
        pl.col("quantity") != pl.col("quantity_before")
    ).fill_null(value=False)
    voluntary = (pl.col("reason") == "voluntary").fill_null(value=False)
    chosen = pl.col("kind").is_in(["started", "ended"]) | (
        (pl.col("kind") == "plan_changed") & (voluntary | (unexplained & other_plan))
    )
    moment = ["subscriber_id", "happened_at"]
    held = (pl.col("paying") - pl.col("paying_step")).first()
    changes = rows.group_by(*moment, "currency", maintain_order=True).agg(
        held=held, rise=pl.col("mrr_step").filter(chosen).sum(), mixed=pl.col("converted").any()
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


def _with_amount_paid(rows: pl.DataFrame) -> pl.DataFrame:
    """``mrr`` becomes the amount paid a month after each event: zero on trial or paused."""
    attributes = ("plan", "quantity", "currency", "mrr")
    paid = pl.col("kind").replace_strict(_PAID_AFTER, default=None, return_dtype=pl.Boolean)
    # An event that ends or pauses holds what is paid from then on, not the price.
    price = pl.when(paid.fill_null(value=True)).then("mrr")
    known = rows.with_columns(mrr=price, paid=paid).with_columns(
        pl.col(*attributes, "paid").forward_fill().over(_THING)
    )
    return known.with_columns(mrr=pl.when(pl.col("paid")).then("mrr").otherwise(0))


def _with_steps(rows: pl.DataFrame) -> pl.DataFrame:
    """What each event changed, and how many subscriptions its account pays for after it."""
    before = {f"{c}_before": pl.col(c).shift(1).over(_THING) for c in ("plan", "quantity")}
    # The amount before the first event is zero; an unknown amount stays null.
    before["mrr_before"] = pl.col("mrr").shift(1, fill_value=0).over(_THING)
    currency_before = pl.col("currency").shift(1).over(_THING)
    paying = (pl.col("mrr") > 0).fill_null(value=False).cast(pl.Int32)
    return (
        rows.with_columns(
            **before,
            paying=paying,
            converted=(pl.col("currency") != currency_before).fill_null(value=False),
        )
        .with_columns(
            mrr_step=pl.col("mrr") - pl.col("mrr_before"),
            paying_step=pl.col("paying") - pl.col("paying").shift(1, fill_value=0).over(_THING),
        )
        .with_columns(paying=pl.col("paying_step").cum_sum().over("subscriber_id"))
    )
