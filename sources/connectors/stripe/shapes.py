"""The flat tables that everything Stripe exports is brought into: columns as text, as written."""

import polars as pl

from perdura.sources.connectors.cells import texts
from perdura.sources.staged import FILE, ROW_IN_FILE

#: Flat tables, or blocks of their rows, by name.
Tables = dict[str, pl.DataFrame]

_OBJECTS: dict[str, str] = {
    "subscriptions": (
        "id customer status livemode created start_date trial_start trial_end cancel_at"
        " cancel_at_period_end canceled_at ended_at reason paused schedule currency metadata synced"
    ),
    "items": "subscription id price quantity deleted synced",
    "prices": (
        "id nickname lookup_key product currency unit_amount unit_amount_decimal billing_scheme"
        " tiers_mode tiers divide_by round interval interval_count usage_type type"
    ),
    "products": "id name",
    "coupons": "id percent_off amount_off currency duration",
    # What a discount is on (a subscription, item, customer), its place there, and its coupon.
    "discounts": "owner position id coupon percent_off amount_off currency duration start end",
    "invoices": (
        "id customer subscription status livemode created currency total amount_remaining"
        " attempt_count finalized_at paid_at uncollectible_at voided_at charge payment_intent"
        " synced metadata"
    ),
    # ``recurring``: of an item of the subscription, and not something added to its invoice.
    "lines": (
        "invoice subscription amount currency price quantity recurring proration start end"
        " discounts has_more"
    ),
    "invoice_payments": "invoice payment_intent charge status",
    "charges": (
        "id customer invoice payment_intent amount currency status captured livemode created"
        " method failure_code decline_code synced"
    ),
    "refunds": "id charge payment_intent amount currency status livemode created synced",
    "disputes": "id charge payment_intent amount currency status livemode created synced",
    "credit_notes": (
        "id customer invoice refund type total currency status livemode created"
        " post_payment_amount refunded out_of_band balance_transaction synced"
    ),
    "customers": "id email livemode created deleted country currency metadata synced",
    # What an event says of a subscription: as it was after it, and what was different before.
    "logged": (
        "id type created livemode subscription customer currency status canceled_at reason"
        " was_paused is_paused was_leaving is_leaving is_described synced"
    ),
    "logged_items": "subscription id price quantity deleted synced",
    "logged_discounts": (
        "owner position id coupon percent_off amount_off currency duration start end"
    ),
}
#: Each table's columns. All are text; ``FILE`` and ``ROW_IN_FILE`` say where a row stood.
SHAPES: dict[str, pl.Schema] = {
    name: pl.Schema({**texts(columns), FILE: pl.String(), ROW_IN_FILE: pl.UInt32()})
    for name, columns in _OBJECTS.items()
}
SHAPES["lines"]["discounts"] = pl.List(pl.Struct(texts("amount discount")))

#: The columns that hold times.
TIMES = frozenset(
    texts(
        "created start_date trial_start trial_end cancel_at canceled_at ended_at start end"
        " finalized_at paid_at uncollectible_at voided_at synced"
    )
)


def or_null(rows: pl.DataFrame, name: str) -> pl.Expr:
    """A column of text; null where the rows have not got it."""
    return pl.col(name) if name in rows.columns else pl.lit(None, pl.String)


def shaped(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The columns of a table, null where the rows have not got them."""
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in SHAPES[table].items()
    )
