"""Objects of the API with no more than is read of them: no names, addresses, cards or texts."""

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, cast

import polars as pl

from perdura.json_values import JsonObject, as_object
from perdura.sources.connectors.cells import texts
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.stripe.fields import FIELDS, ITEMS, LINES

Object = JsonObject

_COUPON = pl.Struct(texts("id percent_off amount_off currency duration"))
_DISCOUNT = pl.Struct(
    {**texts("id start end"), "coupon": _COUPON, "source": pl.Struct({"coupon": _COUPON})}
)
_AMOUNTS = "unit_amount unit_amount_decimal flat_amount flat_amount_decimal"
#: What is inside the fields that ``FIELDS`` reads as JSON.
_INSIDE: dict[str, Mapping[str, pl.DataType]] = {
    "subscriptions": {
        "items": ITEMS,
        "discount": _DISCOUNT,
        "discounts": pl.List(_DISCOUNT),
        "pause_collection": pl.Struct(texts("behavior resumes_at")),
    },
    "invoices": {
        "lines": LINES,
        "parent": pl.Struct({"subscription_details": pl.Struct(texts("subscription"))}),
    },
    "charges": {
        "outcome": pl.Struct(texts("reason")),
        "payment_method_details": pl.Struct(texts("type")),
    },
    "invoice_payments": {"payment": pl.Struct(texts("type payment_intent charge"))},
    "credit_notes": {"refunds": pl.List(pl.Struct(texts("refund")))},
    "customers": {"address": pl.Struct(texts("country")), "discount": _DISCOUNT},
    "prices": {
        "tiers": pl.List(pl.Struct(texts(f"up_to {_AMOUNTS}"))),
        "transform_quantity": pl.Struct(texts("divide_by round")),
        "recurring": pl.Struct(texts("interval interval_count usage_type")),
    },
}
#: The kinds of the objects that events are about, as the objects name themselves.
_OF_EVENTS = {
    "subscription": "subscriptions",
    "invoice": "invoices",
    "charge": "charges",
    "refund": "refunds",
    "dispute": "disputes",
    "credit_note": "credit_notes",
    "customer": "customers",
}
_ID = re.compile(r"[\w-]{1,255}")


@dataclass(slots=True)
class Narrowing:
    """What is kept of objects.

    Attributes:
        metadata: The keys of metadata that are read.
        with_email: Whether e-mails of customers are: things are joined by them.
        test_mode: Whether objects of test mode are taken for live ones.
        are_forgotten: Each says whether an id is one of a forgotten subscriber.
        gone: The customers who were found to be one.
    """

    metadata: frozenset[str] = frozenset()
    with_email: bool = True
    test_mode: bool = False
    are_forgotten: tuple[Callable[[str], bool], ...] = ()
    gone: set[str] = field(default_factory=set[str], init=False)

    def shape(self, kind: str) -> str:
        """Changes with what is kept of a kind: objects that were kept otherwise are read again."""
        told = f"{_shape(kind)} {sorted(self.metadata)} {self.with_email} {self.test_mode}"
        return blake2b(told.encode(), digest_size=8).hexdigest()

    def of(self, kind: str, objects: Iterable[Object]) -> Generator[Object]:
        """Objects of a kind with the fields that are read, ``id`` first; none of the forgotten.

        Raises:
            Unavailable: One is of test mode, and that is not allowed.
        """
        for one in objects:
            if one.get("livemode") is False and not self.test_mode:
                raise Unavailable(
                    f"Stripe gives {kind} of test mode (livemode: false); give a live key, or to "
                    "try it out write test_mode = true"
                )
            found = {"id": one["id"], **self._fields(one, _shape(kind))}
            if kind == "events":
                found["data"] = self._of_event(as_object(one.get("data")))
            left_out = {"email": not self.with_email, "livemode": self.test_mode}
            found = {name: own for name, own in found.items() if not left_out.get(name)}
            if not self._is_gone(kind, found):
                yield found

    def _of_event(self, data: Object) -> Object:
        thing = as_object(data.get("object"))
        kind = _OF_EVENTS.get(str(thing.get("object")), "")
        shape = {name: own for name, own in _shape(kind).items() if name != "email"}
        before = as_object(data.get("previous_attributes"))
        return {
            "object": {"object": thing.get("object"), **self._fields(thing, shape)},
            # Before 2020 a plan and a quantity of its own were changed.
            "previous_attributes": self._fields(before, {**texts("plan quantity"), **shape}),
        }

    def _fields(self, one: Object, shape: Mapping[str, pl.DataType]) -> Object:
        found = {name: _kept(one[name], kind) for name, kind in shape.items() if name in one}
        if "metadata" in found:
            own = as_object(one["metadata"])
            found["metadata"] = {key: own[key] for key in sorted(self.metadata & own.keys())}
        return found

    def _is_gone(self, kind: str, one: Object) -> bool:
        """Whether an object is of a forgotten subscriber, or of a customer who is."""
        about = as_object(as_object(one.get("data")).get("object")) if kind == "events" else one
        ids = [about.get(name) for name in ("id", "customer", "email")]
        ids += as_object(about.get("metadata")).values()
        names = [str(name) for name in ids if name]
        gone = any(name in self.gone for name in names) or any(
            is_forgotten(name) for is_forgotten in self.are_forgotten for name in names
        )
        if gone and kind == "customers":
            self.gone.add(str(one["id"]))
        return gone


def _shape(kind: str) -> Mapping[str, pl.DataType]:
    return {**FIELDS.get(kind, texts("id created livemode status")), **_INSIDE.get(kind, {})}


def _kept(value: Any, kind: pl.DataType) -> Any:
    """What of a value is read. Of an object where an id may stand, its id."""
    if isinstance(kind, pl.Struct):
        if not isinstance(value, dict):
            return value if isinstance(value, str) and _ID.fullmatch(value) else None
        own = cast("Object", value)
        return {
            field.name: _kept(own[field.name], cast("pl.DataType", field.dtype))
            for field in kind.fields
            if field.name in own
        }
    if isinstance(kind, pl.List):
        inner = cast("pl.DataType", kind.inner)
        listed = cast("list[Any]", value) if isinstance(value, list) else []
        return [_kept(item, inner) for item in listed]
    if isinstance(value, dict):
        return cast("Object", value).get("id")
    return None if isinstance(value, list) else value
