"""The lists of Stripe's API that are read, in what order, and what of them may still change.

As documented at docs.stripe.com in 2026: lists are in the order of creation, the newest first, and
go on after the id of the last object of a page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

#: The version of the API that is asked for: lists of invoice payments go by date since this one.
VERSION = "2025-11-17.clover"


@dataclass(frozen=True, slots=True)
class InnerList:
    """A list inside an object.

    Attributes:
        name: The field that holds it.
        path: Where all of it is; ``{id}`` is the object's.
        by: The parameter that says the object's id, if the path does not.
    """

    name: str
    path: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectList:
    """One list of the API.

    Attributes:
        kind: The kind of its objects, as the files of an export are named for it.
        path: Where it is.
        permission: What a restricted key needs, as the dashboard names it.
        parameters: What is asked for besides the page.
        settles: How long after it was created an object may change in what is read of it; older
            ones are fetched once. ``None``: it may always, and all are read each time.
        inner: The list that each object holds, of which there may be more.
        expand: What is asked for whole, where it may be an id alone.
        is_log: Whether the API forgets objects that stay true.
    """

    kind: str
    path: str
    permission: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    settles: timedelta | None = None
    inner: InnerList | None = None
    expand: str | None = None
    is_log: bool = False


#: Customers come first, so that what belongs to the forgotten ones is known by then. Charges come
#: after invoices and before what links the two: so an invoice that was paid has its charge, and
#: that its link.
LISTS = (
    ObjectList("customers", "/v1/customers", "Customers", expand="data.discount.source.coupon"),
    ObjectList(
        "subscriptions",
        "/v1/subscriptions",
        "Subscriptions",
        {"status": "all"},
        inner=InnerList("items", "/v1/subscription_items", by="subscription"),
        expand="data.discounts.source.coupon",
    ),
    ObjectList(
        "invoices",
        "/v1/invoices",
        "Invoices",
        inner=InnerList("lines", "/v1/invoices/{id}/lines"),
    ),
    # A bank's debit is decided after two weeks, a card's payment captured within a month.
    ObjectList("charges", "/v1/charges", "Charges and Refunds", settles=timedelta(days=35)),
    ObjectList("invoice_payments", "/v1/invoice_payments", "Invoices"),
    ObjectList("refunds", "/v1/refunds", "Charges and Refunds"),
    ObjectList("disputes", "/v1/disputes", "Disputes"),
    ObjectList("credit_notes", "/v1/credit_notes", "Credit notes"),
    ObjectList("products", "/v1/products", "Products"),
    ObjectList("prices", "/v1/prices", "Prices", expand="data.tiers"),
    ObjectList("coupons", "/v1/coupons", "Coupons"),
    ObjectList("subscription_schedules", "/v1/subscription_schedules", "Subscriptions"),
    # Thirty days of them are there; what was fetched is kept. One may be listed a moment late.
    ObjectList(
        "events",
        "/v1/events",
        "Events",
        {"type": "customer.subscription.*"},
        settles=timedelta(hours=1),
        is_log=True,
    ),
)
