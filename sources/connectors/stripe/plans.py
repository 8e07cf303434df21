"""How subscriptions were described from when on: by invoices, and by objects as they are read."""

import polars as pl

from perdura.sources.connectors.lookups import looked_up
from perdura.sources.connectors.stripe.recurring import DESCRIBED
from perdura.sources.connectors.stripe.subscriptions import STATUSES
from perdura.sources.staged import FILE, ROW_IN_FILE

#: How long after the start what it costs may become known, for the start to wait for it.
AT_ONCE = pl.duration(minutes=90)
#: Columns of the frame ``plans``.
COLUMNS = (
    "subscription", "customer", "kind", "happened_at", "known_at", *DESCRIBED,
    "dated_by", "unreadable", FILE, ROW_IN_FILE,
)  # fmt: skip


def with_first(objects: pl.LazyFrame, billed: pl.LazyFrame) -> pl.LazyFrame:
    """The subscriptions, with what their first invoice says, if it was known when they started:
    an invoice is final an hour after the period began, and only then the start is known as well.
    """
    first = billed.filter("is_first").select("subscription", *DESCRIBED, first_known_at="known_at")
    joined = looked_up(objects, first.rename({"currency": "currency_billed"}), "subscription")
    at_once = pl.col("first_known_at") <= pl.col("started_known_at") + AT_ONCE
    own = (name for name in DESCRIBED if name != "currency")
    return joined.with_columns(
        *(pl.when(at_once).then(name).alias(name) for name in own),
        currency=pl.coalesce("currency", "currency_billed"),
        started_known_at=pl.when(at_once)
        .then(pl.max_horizontal("started_known_at", "first_known_at"))
        .otherwise("started_known_at"),
    ).drop("first_known_at", "currency_billed")


def later_billed(objects: pl.LazyFrame, billed: pl.LazyFrame) -> pl.LazyFrame:
    """What invoices say of subscriptions later than at their start, as rows of ``plans``."""
    own = _live(objects).select("subscription", "customer", "started_known_at", FILE, ROW_IN_FILE)
    at_start = pl.col("is_first") & (pl.col("known_at") <= pl.col("started_known_at") + AT_ONCE)
    kind = pl.when("is_first").then(pl.lit("started")).otherwise(pl.lit("plan_changed"))
    return (
        billed.join(own, on="subscription", maintain_order="left")
        .filter(~at_start)
        .with_columns(kind=kind, dated_by=pl.lit("invoice"), unreadable=pl.lit(None, pl.String))
        .select(COLUMNS)
    )


def as_read_now(objects: pl.LazyFrame, read: pl.LazyFrame, billed: pl.LazyFrame) -> pl.LazyFrame:
    """What the objects say of subscriptions now, where no invoice said so, as rows of ``plans``.

    It is known since it was read. It is a newer version of the event that described the
    subscription last: from when on it is so, no object says.
    """
    last = billed.group_by("subscription", maintain_order=True).agg(
        pl.col(*DESCRIBED).last().name.suffix("_billed"),
        changed_at=pl.col("happened_at").last(),
        changed_known_at=pl.col("known_at").max(),
        changes=pl.len(),
    )
    rows = _live(objects).drop("currency").join(read, on="subscription", maintain_order="left")
    rows = looked_up(rows, last, "subscription")
    never, gone = pl.col("changes").is_null(), pl.col("ended_at").is_not_null()
    return (
        rows.filter(never | (_IS_DESCRIBED_OTHERWISE & ~gone))
        .with_columns(**_AS_READ)
        .filter(pl.col("kind").is_not_null())
        .select(COLUMNS)
    )


#: Whether the object says something else than the invoice before it.
_IS_DESCRIBED_OTHERWISE = pl.any_horizontal(
    ((pl.col("mrr") - pl.col("mrr_billed")).abs() > 1) & ~pl.col("tiered"),
    *(
        pl.col(name).ne_missing(pl.col(f"{name}_billed")) & pl.col(name).is_not_null()
        for name in ("price", "quantity", "interval_months")
    ),
    pl.col("unreadable_item").is_not_null(),
).fill_null(value=False)
#: What the object says, in the columns of ``plans``.
_AS_READ: dict[str, pl.Expr] = {
    "kind": pl.when(pl.col("changes") > 1)
    .then(pl.lit("plan_changed"))
    .when(pl.col("started_at").is_not_null())
    .then(pl.lit("started"))
    .when(pl.col("trial_at").is_not_null())
    .then(pl.lit("trial_started")),
    "happened_at": pl.coalesce("changed_at", "started_at", "trial_at"),
    "known_at": pl.max_horizontal(
        "read_at",
        "items_read_at",
        pl.coalesce("changed_known_at", "started_known_at", "trial_known_at")
        + pl.duration(microseconds=1),
    ),
    # Of tiers that are not in the export an invoice says what they come to.
    "mrr": pl.when(pl.col("price") == pl.col("price_billed"))
    .then(pl.coalesce("mrr", "mrr_billed"))
    .otherwise("mrr"),
    "dated_by": pl.lit("object"),
    "unreadable": pl.col("unreadable_item"),
}


def _live(objects: pl.LazyFrame) -> pl.LazyFrame:
    """Of test mode, or of what could not be understood, there is nothing to say."""
    test = (pl.col("livemode") == "false").fill_null(value=False)
    return objects.filter(~test & pl.col("unreadable").is_null() & pl.col("status").is_in(STATUSES))
