"""What events say of subscriptions that objects do not date: pauses, second thoughts, prices.

Stripe gives events of 30 days. What they say happened, and was known, when they were created.
"""

import polars as pl

from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.connectors.stripe.recurring import DESCRIBED
from perdura.sources.staged import FILE, ROW_IN_FILE


def changes(raw: Raw, objects: pl.LazyFrame) -> pl.LazyFrame:
    """One row per pause, resumption, request to cancel and withdrawal that an event tells.

    ``event``, ``subscription``, ``customer``, ``currency``, ``kind``, ``happened_at``, ``reason``.
    A request that the object itself still dates is not among them.
    """
    rows = _live(raw)
    paused, was_paused, leaving, was_leaving = (
        pl.col(name) == "true" for name in ("is_paused", "was_paused", "is_leaving", "was_leaving")
    )
    kinds = [
        pl.when(paused & ~was_paused).then(pl.lit("paused"))
        .when(~paused & was_paused).then(pl.lit("resumed")),
        pl.when(leaving & ~was_leaving).then(pl.lit("cancel_scheduled"))
        .when(~leaving & was_leaving).then(pl.lit("cancel_withdrawn")),
    ]  # fmt: skip
    # What ended is told by the object.
    gone = (pl.col("type") == "customer.subscription.deleted") | (pl.col("status") == "canceled")
    asked = pl.col("kind") == "cancel_scheduled"
    dated = pl.concat(rows.filter(~gone).with_columns(kind=kind) for kind in kinds)
    voluntary = pl.col("reason") == "cancellation_requested"
    found = (
        dated.filter(pl.col("kind").is_not_null())
        .with_columns(
            happened_at=pl.when(asked).then(pl.coalesce("canceled_at", "created"))
            .otherwise("created"),
            reason=pl.when(asked & voluntary).then(pl.lit("voluntary")),
        )
        .sort("created", "event")
    )  # fmt: skip
    own = objects.select("subscription", "requested_at").filter(
        pl.col("requested_at").is_not_null()
    )
    told = found.join(
        own.with_columns(kind=pl.lit("cancel_scheduled")),
        left_on=["subscription", "kind", "happened_at"],
        right_on=["subscription", "kind", "requested_at"],
        how="anti",
    )
    return told.select(
        "event", "subscription", "customer", "currency", "kind", "happened_at", "reason",
        FILE, ROW_IN_FILE,
        known_at=pl.max_horizontal("created", "happened_at"),
    )  # fmt: skip


def described(raw: Raw, logged: pl.LazyFrame) -> pl.LazyFrame:
    """How subscriptions were described after events that changed it: as ``as_billed`` has it.

    Args:
        raw: The export.
        logged: As ``recurring.as_logged``.
    """
    rows = _live(raw).filter(pl.col("is_described") == "true")
    return (
        rows.select("event", "created", of="subscription")
        .join(logged.rename({"subscription": "event"}), on="event")
        .filter(pl.col("mrr").is_not_null())
        .select(
            *(name for name in DESCRIBED),
            subscription="of",
            source="event",
            known_at="created",
            created="created",
            changed_at="created",
            dated_by=pl.lit("event"),
        )
    )


def _live(raw: Raw) -> pl.LazyFrame:
    rows = raw.table("logged").filter(pl.col("id").is_not_null() & pl.col("unreadable").is_null())
    rows = rows.unique("id", keep="last", maintain_order=True).rename({"id": "event"})
    test = pl.col("livemode").str.to_lowercase() == "false"
    return rows.filter(~test.fill_null(value=False) & pl.col("created").is_not_null())
