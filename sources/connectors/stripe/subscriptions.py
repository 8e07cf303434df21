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
    rows = raw.latest("subscriptions")
    # A trial that was given to a subscriber who paid before changes nothing of what is paid.
    first = pl.col("trial_start") < _START + pl.duration(days=1)
    dated = rows.with_columns(
        trial_at=pl.when(first & _IS_PAID_FOR).then("trial_start"),
        ended_at=pl.when(_IS_PAID_FOR).then("ended_at"),
    ).with_columns(**_DATED)
    return dated.select(
        *("customer", "status", "livemode", "currency", "metadata", "read_at", "trial_at"),
        *("started_at", "requested_at", "ended_at", "is_paused", "lapsed_at", "reason"),
        *("unreadable", "schedule", FILE, ROW_IN_FILE),
        subscription="id",
        trial_known_at=pl.max_horizontal("trial_at", "created"),
        started_known_at=pl.max_horizontal("started_at", "created"),
    )


_IS_PAID_FOR = ~pl.col("status").is_in(_INCOMPLETE)
_START = pl.coalesce("start_date", "created")
_TRIAL_END = pl.when(pl.col("trial_at").is_not_null()).then("trial_end")
_ENDS, _ASKED = pl.col("ended_at"), pl.col("canceled_at")
_CONVERTED = (
    (pl.col("read_at") >= _TRIAL_END)
    & ~pl.col("status").is_in(("trialing", "paused"))
    & (_ENDS.is_null() | (_ENDS > _TRIAL_END))
)
_AT_END = pl.col("cancel_at_period_end").str.to_lowercase()
_IS_LEAVING = (_AT_END == "true") | pl.col("cancel_at").is_not_null() | _AT_END.is_null()
#: What objects say, of a status, ``trial_at`` and ``ended_at`` that are known.
_DATED: dict[str, pl.Expr] = {
    "started_at": pl.when(_IS_PAID_FOR).then(
        pl.when(pl.col("trial_at").is_null())
        .then(_START)
        .otherwise(pl.when(_CONVERTED).then(_TRIAL_END))
    ),
    "requested_at": pl.when(
        _IS_PAID_FOR & ((_ASKED < _ENDS) | (_ENDS.is_null() & _IS_LEAVING))
    ).then(_ASKED),
    "is_paused": (pl.col("paused").str.strip_chars() != "").fill_null(value=False)
    & _ENDS.is_null(),
    "lapsed_at": pl.when((pl.col("status") == "paused") & _ENDS.is_null()).then(_TRIAL_END),
    "reason": pl.col("reason").replace_strict(_REASONS, default="unknown"),
}


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
