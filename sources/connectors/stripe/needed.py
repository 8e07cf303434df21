"""The keys that Stripe's objects mean nothing without, and files in which they were renamed."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from perdura.json_values import JsonObject, as_object, as_objects, parse_object
from perdura.sources.connectors.needed_keys import Key, absent_keys, absent_words
from perdura.sources.connectors.stripe.fields import FIELDS, texts
from perdura.sources.connectors.stripe.tables.names import NAMES
from perdura.sources.connectors.stripe.tables.reading import read_blocks

#: How many objects of a file are looked at.
_LOOKED_AT = 500
#: The most bytes of a file that is one JSON text, for it to be looked at.
_LARGEST = 32 * 2**20
_OF_CHARGE: tuple[Key, ...] = (
    ("id",), ("amount",), ("created",), ("charge", "payment_intent"),
)  # fmt: skip
NEEDED: dict[str, tuple[Key, ...]] = {
    "subscriptions": (("id",), ("customer",), ("status",), ("start_date", "created")),
    "invoices": (("id",), ("customer",), ("status",), ("created",), ("total",)),
    "charges": (
        ("id",), ("amount",), ("status",), ("created",), ("customer", "invoice", "payment_intent"),
    ),
    "refunds": _OF_CHARGE,
    "disputes": _OF_CHARGE,
    "credit_notes": (("id",), ("created",), ("invoice",)),
    "customers": (("id",),),
    "events": (("id",), ("type",), ("created",), ("data",)),
}  # fmt: skip
_PRICED: tuple[Key, ...] = (("unit_amount", "unit_amount_decimal", "amount", "amount_decimal"),)
#: Other keys of prices and plans.
_NO_AMOUNT = texts(
    "id object active aggregate_usage billing_scheme created currency custom_unit_amount interval"
    " interval_count livemode lookup_key metadata nickname product recurring tax_behavior tiers"
    " tiers_mode transform_quantity trial_period_days transform_usage type usage_type"
)


def renamed_keys(kind: str, path: Path, shown: str) -> str:
    """What to say of the keys that a file's objects lack; empty where they have what they need."""
    is_table = path.suffix.lower() in {".csv", ".parquet"}
    objects = [*(_columns(path, shown) if is_table else islice(_objects(path), _LOOKED_AT))]
    names = NAMES.get(kind, {}) if is_table else {}
    needed = [
        tuple(other for name in key for other in (name, *names.get(name, "").split()))
        for key in NEEDED.get(kind, ())
    ]
    known = () if is_table else FIELDS[kind]
    return absent_words(shown, kind.replace("_", " "), absent_keys(objects, needed, known))


def renamed_amounts(path: Path, shown: str) -> str:
    """The same of the prices that subscriptions hold: none says what it comes to."""
    if path.suffix.lower() in {".csv", ".parquet"}:
        return ""
    items = (
        item
        for one in islice(_objects(path), _LOOKED_AT)
        for item in as_objects(as_object(one.get("items")).get("data"))
    )
    prices = [as_object(item.get("price")) or as_object(item.get("plan")) for item in items]
    plain = [one for one in prices if one and one.get("billing_scheme") != "tiered"]
    absent = absent_keys(plain, _PRICED, _NO_AMOUNT)
    return absent_words(shown, "prices of subscriptions", absent)


def _objects(path: Path) -> Iterator[Mapping[str, Any]]:
    """Objects of a file, deleted ones and what cannot be read left out."""
    if path.suffix.lower() == ".json":
        found = _whole(path)
    else:
        with path.open("rb") as lines:
            found = [
                parse_object(line.decode("utf-8-sig", "replace"))
                for line in islice(lines, _LOOKED_AT)
            ]
    yield from (one for one in found if one and one.get("deleted") is not True)


def _whole(path: Path) -> list[JsonObject]:
    if path.stat().st_size > _LARGEST:
        return []
    try:
        text: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return []
    return as_objects(text) or as_objects(as_object(text).get("data"))


def _columns(path: Path, shown: str) -> list[Mapping[str, Any]]:
    """The columns of a table, as one object that has them all."""
    first = next(read_blocks(path, shown), None)
    rows = first.rows if first else pl.DataFrame()
    return [dict.fromkeys(rows.columns)] if rows.height else []
