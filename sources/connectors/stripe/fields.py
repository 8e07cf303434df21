"""The fields that are read of objects of Stripe's API, of today's versions and of older ones."""

from collections.abc import Mapping

import polars as pl

from perdura.sources.connectors.cells import texts

_TEXT = pl.String()


_AMOUNTS = "unit_amount unit_amount_decimal flat_amount flat_amount_decimal"
_PRICE = pl.Struct(
    {
        **texts("id nickname lookup_key product currency unit_amount unit_amount_decimal"),
        **texts("billing_scheme tiers_mode type"),
        "tiers": pl.List(pl.Struct(texts(f"up_to {_AMOUNTS}"))),
        "transform_quantity": pl.Struct(texts("divide_by round")),
        "recurring": pl.Struct(texts("interval interval_count usage_type")),
    }
)
#: What a price was before 2020.
PLAN = texts(
    "id nickname product currency amount amount_decimal billing_scheme tiers_mode interval"
    " interval_count usage_type"
)
#: ``items`` of a subscription.
ITEMS = pl.Struct(
    {
        "data": pl.List(
            pl.Struct(
                {
                    **texts("id quantity deleted"),
                    "discounts": pl.List(_TEXT),
                    "price": _PRICE,
                    "plan": pl.Struct(PLAN),
                }
            )
        )
    }
)
_PARENT = pl.Struct(texts("subscription proration"))
#: ``lines`` of an invoice.
LINES = pl.Struct(
    {
        "data": pl.List(
            pl.Struct(
                {
                    **texts("amount currency quantity proration subscription type"),
                    "period": pl.Struct(texts("start end")),
                    "discount_amounts": pl.List(pl.Struct(texts("amount discount"))),
                    "price": _PRICE,
                    "plan": pl.Struct(PLAN),
                    "pricing": pl.Struct({"price_details": pl.Struct(texts("price"))}),
                    "parent": pl.Struct(
                        {"subscription_item_details": _PARENT, "invoice_item_details": _PARENT}
                    ),
                }
            )
        ),
        **texts("has_more"),
    }
)

#: The fields of each kind of object. What may be an id or an object is read as text.
FIELDS: dict[str, Mapping[str, pl.DataType]] = {
    "subscriptions": {
        **texts("id customer status livemode created start_date trial_start trial_end cancel_at"),
        **texts("cancel_at_period_end canceled_at ended_at schedule currency metadata items"),
        **texts("discount discounts pause_collection"),
        "cancellation_details": pl.Struct(texts("reason")),
    },
    "prices": texts(
        "id nickname lookup_key product currency unit_amount unit_amount_decimal billing_scheme"
        " tiers_mode tiers transform_quantity recurring type"
    ),
    "plans": PLAN,
    "products": texts("id name"),
    "coupons": texts("id percent_off amount_off currency duration"),
    "discounts": texts("id coupon source start end"),
    "invoices": {
        **texts("id customer subscription status livemode created currency total charge lines"),
        **texts("amount_remaining attempt_count payment_intent metadata parent"),
        "status_transitions": pl.Struct(
            texts("finalized_at paid_at marked_uncollectible_at voided_at")
        ),
    },
    "invoice_payments": texts("invoice status payment"),
    "charges": texts(
        "id customer invoice payment_intent amount currency status captured livemode created"
        " failure_code outcome payment_method_details"
    ),
    "refunds": texts("id charge payment_intent amount currency status livemode created"),
    "disputes": texts("id charge payment_intent amount currency status livemode created"),
    "credit_notes": texts(
        "id customer invoice refund refunds type total currency status livemode created"
        " post_payment_amount out_of_band_amount customer_balance_transaction"
    ),
    "customers": texts("id email livemode created deleted currency metadata address discount"),
    "events": texts("id type created livemode data"),
}
