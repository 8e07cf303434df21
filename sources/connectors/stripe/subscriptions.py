"""Subscriptions as objects say they went, and how they were described from when on.

An object shows the latest state. What it dates itself (its start, the end of its trial, a request
to cancel, its end) happened then and was known then. All else, its price above all, is known since
it was read: that it was the price at the start as well is not said. What it cost before is told by
invoices, known since they were final.
"""

import polars as pl

from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.connectors.stripe.recurring import DESCRIBED
from perdura.sources.staged import FILE, ROW_IN_FILE

#: Never paid for: the first payment did not go through.
_INCOMPLETE = ("incomplete", "incomplete_expired")
STATUSES = ("trialing", "active", "past_due", "unpaid", "canceled", "paused", *_INCOMPLETE)
_REASONS = {
    "cancellation_requested": "voluntary",
    "payment_failed": "payment",
    "payment_disputed": "other",
}


def told_by_objects(raw: Raw) -> pl.LazyFrame:
    """One row per subscription: when it did what, by the object itself.

    ``subscription``, ``customer``, ``status``, ``livemode``, ``currency``, ``metadata``,
    ``read_at``; ``trial_at``, ``started_at``, ``requested_at`` (to cancel), ``ended_at``, some with
    ``_known_at``, where that may be later; ``lapsed_at`` (into a pause), ``is_paused``; ``reason``
    and ``unreadable``.
    """
    rows = raw.table("subscriptions").filter(pl.col("id").is_not_null())
    rows = rows.unique("id", keep="last", maintain_order=True)
    status = pl.col("status").str.strip_chars().str.to_lowercase()
    created, read_at = pl.col("created"), pl.col("read_at")
    start = pl.coalesce("start_date", "created")
    ended = pl.when(~status.is_in(_INCOMPLETE)).then("ended_at")
    # A trial that was given to a subscriber who paid before changes nothing of what is paid.
    first = pl.col("trial_start") < start + pl.duration(days=1)
    trial = pl.when(first & ~status.is_in(_INCOMPLETE)).then("trial_start")
    trial_end = pl.when(trial.is_not_null()).then("trial_end")
    converted = (trial_end <= read_at) & ~status.is_in(("trialing", "paused"))
    converted &= ended.is_null() | (ended > trial_end)
    started = pl.when(trial.is_not_null()).then(pl.when(converted).then(trial_end)).otherwise(start)
    started = pl.when(~status.is_in(_INCOMPLETE)).then(started)
    flagged = pl.col("cancel_at_period_end").str.to_lowercase() == "true"
    flagged |= pl.col("cancel_at").is_not_null() | pl.col("cancel_at_period_end").is_null()
    asked = pl.col("canceled_at")
    asked = pl.when((asked < ended) | (ended.is_null() & flagged)).then(asked)
    behaviour = pl.col("paused").str.strip_chars()
    return rows.with_columns(
        trial_at=trial,
        started_at=started,
        requested_at=pl.when(~status.is_in(_INCOMPLETE)).then(asked),
        ended_at=ended,
        is_paused=(behaviour != "").fill_null(value=False) & ended.is_null(),
        lapsed_at=pl.when((status == "paused") & ended.is_null()).then(trial_end),
        status=status,
        livemode=pl.col("livemode").str.to_lowercase(),
        reason=pl.col("reason").replace_strict(_REASONS, default="unknown"),
    ).select(
        "customer",
        "status",
        "livemode",
        "currency",
        "metadata",
        "read_at",
        "trial_at",
        "started_at",
        "requested_at",
        "ended_at",
        "is_paused",
        "lapsed_at",
        "reason",
        "unreadable",
        "schedule",
        FILE,
        ROW_IN_FILE,
        subscription="id",
        trial_known_at=pl.max_horizontal("trial_at", created),
        started_known_at=pl.max_horizontal("started_at", created),
    )


def described_since(
    raw: Raw, billed: pl.LazyFrame, logged: pl.LazyFrame, subscriptions: pl.LazyFrame
) -> pl.LazyFrame:
    """One row per subscription and each time that an invoice, or an event, describes it otherwise.

    In order: ``subscription``, ``DESCRIBED``, ``is_first``, ``happened_at``, ``known_at``,
    ``dated_by``. The first says what was started; it happened with the start.

    Args:
        raw: The export.
        billed: As ``recurring.as_billed``.
        logged: As ``logged.described``.
        subscriptions: As ``told_by_objects``.
    """
    starts = subscriptions.select("subscription", "started_at", "started_known_at")
    rows = (
        pl.concat([_final(raw, billed), logged.select(_SAID)])
        .join(starts, on="subscription")
        .filter(pl.col("started_at").is_not_null() & (pl.col("known_at") >= pl.col("started_at")))
        .sort("subscription", "known_at", "source")
    )
    same = pl.col("subscription") == pl.col("subscription").shift(1)
    other = pl.any_horizontal(
        (pl.col("mrr") - pl.col("mrr").shift(1)).abs() > 1,
        *(
            pl.col(name).ne_missing(pl.col(name).shift(1))
            for name in ("price", "quantity", "interval_months")
        ),
    )
    rows = rows.with_columns(is_first=~same.fill_null(value=False)).filter(
        pl.col("is_first") | other
    )
    # Not before the invoice that billed it as it was.
    since = pl.col("changed_at") > pl.col("created").shift(1)
    changed = pl.when(since.fill_null(value=False)).then("changed_at").otherwise("created")
    changed = pl.max_horizontal(changed, "started_at")
    happened = pl.when("is_first").then("started_at").otherwise(changed)
    known = pl.max_horizontal("known_at", happened, "started_known_at")
    return rows.select(
        "subscription", *DESCRIBED, "is_first", "dated_by", happened_at=happened, known_at=known
    )


_SAID = ("subscription", *DESCRIBED, "source", "known_at", "created", "changed_at", "dated_by")


def _final(raw: Raw, billed: pl.LazyFrame) -> pl.LazyFrame:
    """What final invoices bill, since when that is known."""
    known_at = pl.coalesce("finalized_at", pl.col("created") + pl.duration(hours=1))
    status = pl.col("status").str.to_lowercase()
    is_final = (status != "draft").fill_null(value=True)
    is_final &= (status != "void").fill_null(value=True) | pl.col("finalized_at").is_not_null()
    invoices = raw.table("invoices").filter(is_final).unique("id", keep="last")
    known = invoices.select("created", invoice="id", known_at=known_at)
    rows = billed.join(known, on="invoice").rename({"invoice": "source"})
    return rows.with_columns(dated_by=pl.lit("invoice")).select(_SAID)
