"""Objects of Stripe's API in the flat shape: subscriptions with their items, invoices with lines.

An invoice names its subscription under ``parent``, or itself, before 2025.
"""

from collections.abc import Callable

import polars as pl

from perdura.sources.connectors.stripe.json_text.columns import as_id, in_json, is_empty
from perdura.sources.connectors.stripe.objects.discounts import listed_discounts
from perdura.sources.connectors.stripe.objects.events import logged_subscriptions
from perdura.sources.connectors.stripe.objects.held import (
    held_by_customers,
    held_by_invoices,
    held_by_subscriptions,
)
from perdura.sources.connectors.stripe.objects.prices import plans_as_prices
from perdura.sources.connectors.stripe.shapes import Tables, shaped

#: Fields that hold an id, or the object that it is of.
_IDS = (
    "customer", "charge", "payment_intent", "invoice", "subscription", "refund", "schedule",
    "product",
)  # fmt: skip
_MOVED = pl.col("status_transitions").struct
#: Columns of flat tables that objects hold elsewhere, or in another form.
_COLUMNS: dict[str, dict[str, pl.Expr]] = {
    "subscriptions": {
        "reason": pl.col("cancellation_details").struct.field("reason"),
        "paused": in_json("pause_collection", "$.behavior"),
    },
    "prices": {
        "interval": in_json("recurring", "$.interval"),
        "interval_count": in_json("recurring", "$.interval_count"),
        "usage_type": in_json("recurring", "$.usage_type"),
        "divide_by": in_json("transform_quantity", "$.divide_by"),
        "round": in_json("transform_quantity", "$.round"),
        "tiers": pl.when(~is_empty(pl.col("tiers"))).then(
            pl.concat_str(pl.lit('{"tiers":'), "tiers", pl.lit("}"))
        ),
    },
    "invoices": {
        "subscription": pl.coalesce(
            "subscription", as_id(in_json("parent", "$.subscription_details.subscription"))
        ),
        "finalized_at": _MOVED.field("finalized_at"),
        "paid_at": _MOVED.field("paid_at"),
        "uncollectible_at": _MOVED.field("marked_uncollectible_at"),
        "voided_at": _MOVED.field("voided_at"),
    },
    "invoice_payments": {
        "payment_intent": as_id(in_json("payment", "$.payment_intent")),
        "charge": as_id(in_json("payment", "$.charge")),
    },
    "charges": {
        "method": in_json("payment_method_details", "$.type"),
        "decline_code": in_json("outcome", "$.reason"),
    },
    "credit_notes": {
        "refunded": pl.when(~is_empty(pl.col("refunds"))).then("refunds"),
        "out_of_band": pl.col("out_of_band_amount"),
        "balance_transaction": pl.col("customer_balance_transaction"),
    },
    "customers": {"country": in_json("address", "$.country")},
}


def flat(kind: str, rows: pl.DataFrame) -> Tables:
    """The flat tables of some objects of one kind."""
    if kind in _ELSEWHERE:
        return _ELSEWHERE[kind](rows)
    ids = [as_id(pl.col(name)) for name in _IDS if name in rows.columns]
    own = rows.with_columns(ids).with_columns(**_COLUMNS.get(kind, {}))
    return {kind: shaped(own, kind)} | (_HELD[kind](own) if kind in _HELD else {})


#: Kinds of which the objects hold others.
_HELD: dict[str, Callable[[pl.DataFrame], Tables]] = {
    "subscriptions": held_by_subscriptions,
    "invoices": held_by_invoices,
    "customers": held_by_customers,
}
#: Kinds without a flat table of their own.
_ELSEWHERE: dict[str, Callable[[pl.DataFrame], Tables]] = {
    "plans": lambda rows: {"prices": plans_as_prices(rows)},
    "discounts": lambda rows: {"discounts": listed_discounts(rows)},
    "events": logged_subscriptions,
}
