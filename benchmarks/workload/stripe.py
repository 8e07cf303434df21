"""A made-up account of Stripe as JSON lines: ``python -m benchmarks.workload.stripe FOLDER N``.

Of each of N customers their object, a subscription, two invoices and two charges, with all the
fields that the API lists, of which most are never read. One in ten has left, one in twenty charges
was declined.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

#: When the files were read, by their own time.
READ_AT = datetime(2026, 6, 1, 12, tzinfo=UTC)

#: By its number from 0: what is filled into the object of a customer.
Filled = dict[str, int | str]
_DAY = 86_400
_BEGIN = int(datetime(2024, 6, 1, tzinfo=UTC).timestamp())
_CHUNK = 5_000  # objects written at once
_ADDRESS = {"city": None, "country": "ES", "line1": "Calle Mayor 1", "line2": None,
            "postal_code": "28013", "state": None}  # fmt: skip


def _more(names: str) -> dict[str, None]:
    """Fields that the API lists and that are empty mostly."""
    return dict.fromkeys(names.split())


_PRICE = {
    "id": "price_pro", "object": "price", "active": True, "billing_scheme": "per_unit",
    "created": _BEGIN, "currency": "eur", "livemode": True, "metadata": {}, "nickname": "pro",
    "product": "prod_pro", "recurring": {"interval": "month", "interval_count": 1,
    "usage_type": "licensed", "meter": None, "trial_period_days": None},
    "tax_behavior": "exclusive", "type": "recurring", "unit_amount": 2000,
    "unit_amount_decimal": "2000",
    **_more("custom_unit_amount lookup_key tiers_mode transform_quantity"),
}  # fmt: skip
_CUSTOMER = {
    "id": "cus_<n>", "object": "customer", "address": _ADDRESS, "balance": 0,
    "created": "<begin>", "currency": "eur", "email": "c<n>@example.com", "delinquent": False,
    "invoice_prefix": "AB<n>", "invoice_settings": _more("custom_fields default_payment_method"
    " footer rendering_options"), "livemode": True, "metadata": {"user_id": "<n>"},
    "name": "Customer <n>", "next_invoice_sequence": 3, "preferred_locales": ["es"],
    "shipping": None, "tax_exempt": "none",
    **_more("default_source description discount phone test_clock"),
}  # fmt: skip
_SUBSCRIPTION = {
    "id": "sub_<n>", "object": "subscription", "application": None, "automatic_tax":
    {"enabled": False, "liability": None}, "billing_cycle_anchor": "<begin>", "cancel_at": None,
    "cancel_at_period_end": False, "canceled_at": "<ended>", "cancellation_details":
    {"comment": None, "feedback": None, "reason": "<why>"}, "collection_method":
    "charge_automatically", "created": "<begin>", "currency": "eur", "customer": "cus_<n>",
    "default_tax_rates": [], "discounts": [], "ended_at": "<ended>", "items": {"object": "list",
    "data": [{"id": "si_<n>", "object": "subscription_item", "created": "<begin>", "metadata": {},
    "current_period_start": "<second>", "current_period_end": "<third>", "discounts": [],
    "price": _PRICE, "quantity": 1, "subscription": "sub_<n>", "tax_rates": []}],
    "has_more": False, "total_count": 1, "url": "/v1/subscription_items?subscription=sub_<n>"},
    "latest_invoice": "in_<n>_2", "livemode": True, "metadata": {}, "payment_settings":
    {"payment_method_options": None, "payment_method_types": None,
    "save_default_payment_method": "off"}, "start_date": "<begin>", "status": "<status>",
    "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    **_more("application_fee_percent days_until_due default_payment_method default_source"
    " description next_pending_invoice_item_invoice on_behalf_of pause_collection"
    " pending_setup_intent pending_update schedule test_clock transfer_data trial_end trial_start"),
}  # fmt: skip
_INVOICE = {
    "id": "in_<n>_<i>", "object": "invoice", "account_country": "ES", "account_name": "Made up",
    "amount_due": 2000, "amount_paid": 2000, "amount_remaining": 0, "attempt_count": 1,
    "attempted": True, "auto_advance": False, "billing_reason": "subscription_cycle",
    "charge": "ch_<n>_<i>", "collection_method": "charge_automatically", "created": "<at>",
    "currency": "eur", "customer": "cus_<n>", "customer_address": _ADDRESS, "customer_email":
    "c<n>@example.com", "customer_name": "Customer <n>", "discounts": [], "hosted_invoice_url":
    "https://invoice.stripe.com/i/acct_1/live_<n>_<i>", "lines": {"object": "list", "data": [{
    "id": "il_<n>_<i>", "object": "line_item", "amount": 2000, "currency": "eur", "description":
    "1 x Pro (at 20.00 EUR / month)", "discount_amounts": [], "discountable": True, "livemode":
    True, "metadata": {}, "parent": {"type": "subscription_item_details",
    "subscription_item_details": {"proration": False, "subscription": "sub_<n>",
    "subscription_item": "si_<n>"}}, "period": {"start": "<at>", "end": "<to>"}, "pricing":
    {"price_details": {"price": "price_pro", "product": "prod_pro"}, "type": "price_details"},
    "quantity": 1, "taxes": []}], "has_more": False, "total_count": 1}, "livemode": True,
    "metadata": {}, "number": "AB<n>-000<i>", "parent": {"type": "subscription_details",
    "subscription_details": {"metadata": {}, "subscription": "sub_<n>"}}, "payment_intent":
    "pi_<n>_<i>", "period_start": "<at>", "period_end": "<to>", "starting_balance": 0, "status":
    "paid", "status_transitions": {"finalized_at": "<at>", "paid_at": "<at>",
    "marked_uncollectible_at": None, "voided_at": None}, "subtotal": 2000, "total": 2000,
    "total_taxes": [], "webhooks_delivered_at": "<at>",
    **_more("application custom_fields customer_phone default_payment_method description due_date"
    " ending_balance footer from_invoice last_finalization_error next_payment_attempt"
    " on_behalf_of receipt_number rendering shipping_cost shipping_details statement_descriptor"),
}  # fmt: skip
_CHARGE = {
    "id": "ch_<n>_<i>", "object": "charge", "amount": 2000, "amount_captured": 2000,
    "amount_refunded": 0, "balance_transaction": "txn_<n>_<i>", "billing_details":
    {"address": _ADDRESS, "email": None, "name": "Customer <n>", "phone": None},
    "calculated_statement_descriptor": "MADE UP", "captured": True, "created": "<at>",
    "currency": "eur", "customer": "cus_<n>", "description": "Subscription update", "disputed":
    False, "failure_code": "<fault>", "fraud_details": {}, "invoice": "in_<n>_<i>", "livemode":
    True, "metadata": {}, "outcome": {"network_status": "approved_by_network", "reason": None,
    "risk_level": "normal", "seller_message": "Payment complete.", "type": "authorized"},
    "paid": True, "payment_intent": "pi_<n>_<i>", "payment_method": "pm_<n>",
    "payment_method_details": {"card": {"brand": "visa", "checks": {"address_line1_check": None,
    "cvc_check": "pass"}, "country": "ES", "exp_month": 8, "exp_year": 2029, "fingerprint":
    "Xt5EWLLDS7FJjR1c", "funding": "credit", "last4": "4242", "network": "visa"}, "type": "card"},
    "receipt_url": "https://pay.stripe.com/receipts/payment/<n>_<i>", "refunded": False,
    "status": "<outcome>",
    **_more("application application_fee destination dispute failure_balance_transaction"
    " failure_message on_behalf_of order receipt_email receipt_number review shipping source"
    " source_transfer statement_descriptor transfer_data transfer_group"),
}  # fmt: skip


def main(folder: Path, customers: int) -> None:
    """Write the account's files."""
    folder.mkdir(parents=True, exist_ok=True)
    bills = 2
    for kind, template, each in (
        ("customers", _CUSTOMER, 1),
        ("subscriptions", _SUBSCRIPTION, 1),
        ("invoices", _INVOICE, bills),
        ("charges", _CHARGE, bills),
    ):
        path, fill = folder / f"{kind}.jsonl", compiled(template)
        with path.open("w", encoding="utf-8") as lines:
            for chunk in range(0, customers, _CHUNK):
                numbers = range(chunk, min(chunk + _CHUNK, customers))
                lines.write("".join(fill(one) for n in numbers for one in filled(n, each)))
        os.utime(path, (READ_AT.timestamp(), READ_AT.timestamp()))


def compiled(template: dict[str, Any]) -> Callable[[Filled], str]:
    """A function that fills ``<name>`` into an object and gives its line."""
    text = json.dumps(template, separators=(",", ":")).replace("%", "%%")
    whole = re.sub(r'"<(begin|ended|second|third|at|to|why|fault)>"', r"%(\1)s", text)
    line = re.sub(r"<(\w+)>", r"%(\1)s", whole) + "\n"
    return lambda values: line % values


def filled(number: int, bills: int) -> Iterator[Filled]:
    """What is filled into each of the objects of a customer, one for each bill."""
    begin = _BEGIN + number * 7_919 % 600 * _DAY
    has_left = number % 10 == 0
    for bill in range(bills):
        at = begin + bill * 30 * _DAY
        is_declined = bill and number % 20 == 7
        yield {
            "n": f"{number:08}",
            "i": bill + 1,
            "begin": begin,
            "second": begin + 30 * _DAY,
            "third": begin + 60 * _DAY,
            "at": at,
            "to": at + 30 * _DAY,
            "ended": begin + 60 * _DAY if has_left else "null",
            "why": '"cancellation_requested"' if has_left else "null",
            "status": "canceled" if has_left else "active",
            "fault": '"card_declined"' if is_declined else "null",
            "outcome": "failed" if is_declined else "succeeded",
        }


#: The end of an extract that has all of it.
UNTIL = (READ_AT + timedelta(days=1)).replace(hour=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
    size = sum(file.stat().st_size for file in Path(sys.argv[1]).iterdir())
    print(json.dumps({"bytes": size}))
