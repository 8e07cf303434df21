"""Under what other names the columns of Stripe's tables stand: as Fivetran, Sigma and the dashboard
write the API's fields.
"""

#: Under what other names the columns of each table stand, the likeliest first.
NAMES: dict[str, dict[str, str]] = {
    "subscriptions": {
        "customer": "customer_id",
        "created": "created_utc",
        "start_date": "start_date_utc start_utc start",
        "trial_start": "trial_start_utc",
        "trial_end": "trial_end_utc",
        "canceled_at": "canceled_at_utc",
        "ended_at": "ended_at_utc",
        "cancel_at": "cancel_at_utc",
        "reason": "cancellation_details_reason cancellation_reason",
        "paused": "pause_collection_behavior",
        "schedule": "schedule_id",
        "currency": "plan_currency",
    },
    "items": {
        "subscription": "subscription_id",
        "price": "price_id plan_id",
        "deleted": "is_deleted",
    },
    "prices": {
        "product": "product_id",
        "unit_amount": "amount",
        "unit_amount_decimal": "amount_decimal",
        "divide_by": "transform_quantity_divide_by transform_usage_divide_by",
        "round": "transform_quantity_round transform_usage_round",
        "interval": "recurring_interval",
        "interval_count": "recurring_interval_count",
        "usage_type": "recurring_usage_type",
    },
    "discounts": {"owner": "subscription_id", "coupon": "coupon_id"},
    "invoices": {
        "customer": "customer_id",
        "subscription": "subscription_id",
        "created": "created_utc date date_utc period_end",
        "finalized_at": "status_transitions_finalized_at finalized_at_utc",
        "paid_at": "status_transitions_paid_at paid_at_utc",
        "uncollectible_at": "status_transitions_marked_uncollectible_at",
        "voided_at": "status_transitions_voided_at",
        "charge": "charge_id",
        "payment_intent": "payment_intent_id",
    },
    "lines": {
        "invoice": "invoice_id",
        "subscription": "subscription_id",
        "price": "price_id plan_id",
        "start": "period_start",
        "end": "period_end",
    },
    "charges": {
        "customer": "customer_id",
        "invoice": "invoice_id",
        "payment_intent": "payment_intent_id paymentintent_id",
        "created": "created_date_utc created_utc",
        "method": "payment_method_details_type payment_method_type payment_source_type",
        "decline_code": "outcome_reason decline_reason",
    },
    "refunds": {
        "charge": "charge_id",
        "payment_intent": "payment_intent_id",
        "created": "created_utc",
    },
    "disputes": {
        "charge": "charge_id",
        "payment_intent": "payment_intent_id",
        "created": "created_utc",
    },
    "credit_notes": {
        "customer": "customer_id",
        "invoice": "invoice_id",
        "refund": "refund_id",
        "balance_transaction": "customer_balance_transaction_id customer_balance_transaction",
        "out_of_band": "out_of_band_amount",
    },
    "customers": {
        "country": "address_country card_address_country",
        "created": "created_utc",
        "deleted": "is_deleted",
    },
    "coupons": {},
    "products": {},
    "invoice_payments": {
        "invoice": "invoice_id",
        "payment_intent": "payment_intent_id payment_payment_intent",
        "charge": "charge_id payment_charge",
    },
}  # fmt: skip
