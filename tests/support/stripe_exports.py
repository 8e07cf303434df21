"""Small exports of Stripe: objects as the API writes them, in a folder that a mapping names."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl

from perdura.sources.connectors.known import mapping_of
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.report.report import Report, TableReport

Object = dict[str, Any]

#: When the exports of these tests were read, and when they are extracted.
READ_AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNTIL = datetime(2026, 6, 2, tzinfo=UTC)


def at(day: str) -> int:
    """A day, or a moment, in seconds since 1970."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def moment(day: str) -> datetime:
    """A day, or a moment, as events have it."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def price(name: str, amount: object, interval: str = "month", **more: Any) -> Object:
    """A price of an amount in minor units for one period."""
    recurring = {
        "interval": interval,
        "interval_count": more.pop("count", 1),
        "usage_type": more.pop("usage_type", "licensed"),
    }
    return {
        "id": f"price_{name}",
        "object": "price",
        "billing_scheme": "per_unit",
        "currency": "usd",
        "nickname": name,
        "product": f"prod_{name}",
        "recurring": recurring,
        "type": "recurring",
        "unit_amount": amount,
        "unit_amount_decimal": None if amount is None else str(amount),
        **more,
    }


def item(one: Object, quantity: object = 1, **more: Any) -> Object:
    """An item of a subscription."""
    return {"price": one, "quantity": quantity, "discounts": [], **more}


def subscription(name: str, items: Sequence[Object], **more: Any) -> Object:
    """A subscription that began on 5 January 2026 and runs, but for what is given otherwise."""
    return {
        "id": f"sub_{name}",
        "object": "subscription",
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "created": at("2026-01-05"),
        "currency": "usd",
        "customer": f"cus_{name}",
        "discounts": [],
        "ended_at": None,
        "items": {
            "object": "list",
            "data": [{"id": f"si_{name}_{n}", **one} for n, one in enumerate(items)],
            "has_more": False,
        },
        "livemode": True,
        "metadata": {},
        "pause_collection": None,
        "schedule": None,
        "start_date": at("2026-01-05"),
        "status": "active",
        "trial_end": None,
        "trial_start": None,
        **more,
    }


def line(one: Object, amount: int, start: str, end: str, **more: Any) -> Object:
    """A line of an invoice, of an item of subscription ``of``."""
    details = {"subscription": f"sub_{more.pop('of')}", "proration": more.pop("proration", False)}
    return {
        "amount": amount,
        "currency": "usd",
        "discount_amounts": [],
        "period": {"start": at(start), "end": at(end)},
        "pricing": {"type": "price_details", "price_details": {"price": one["id"]}},
        "parent": {"type": "subscription_item_details", "subscription_item_details": details},
        "quantity": 1,
        **more,
    }


def invoice(name: str, number: int, day: str, lines: Sequence[Object], **more: Any) -> Object:
    """An invoice of a subscription that was final, and paid, at once."""
    total = sum(one["amount"] for one in lines)
    moves = {
        "finalized_at": at(day),
        "paid_at": at(day),
        "marked_uncollectible_at": None,
        "voided_at": None,
    }
    return {
        "id": f"in_{name}_{number}",
        "object": "invoice",
        "amount_remaining": 0,
        "attempt_count": 1,
        "created": at(day),
        "currency": "usd",
        "customer": f"cus_{name}",
        "lines": {"object": "list", "data": [*lines], "has_more": False},
        "livemode": True,
        "metadata": {},
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"subscription": f"sub_{name}"},
        },
        "status": "paid",
        "status_transitions": moves | more.pop("moves", {}),
        "total": total,
        **more,
    }


def charge(name: str, number: int, day: str, amount: int, **more: Any) -> Object:
    """A charge that succeeded."""
    return {
        "id": f"ch_{name}_{number}",
        "object": "charge",
        "amount": amount,
        "captured": True,
        "created": at(day),
        "currency": "usd",
        "customer": f"cus_{name}",
        "failure_code": None,
        "livemode": True,
        "outcome": {"reason": None, "type": "authorized"},
        "payment_intent": f"pi_{name}_{number}",
        "payment_method_details": {"type": "card"},
        "status": "succeeded",
        **more,
    }


def export(
    folder: Path, objects: Mapping[str, Sequence[Object]], read_at: float = READ_AT.timestamp()
) -> Path:
    """A folder of JSON lines, one file per kind, as it was read at a moment."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, several in objects.items():
        text = "".join(json.dumps(one) + "\n" for one in several)
        write(folder / f"{kind}.jsonl", text, datetime.fromtimestamp(read_at, UTC))
    return folder


def write(path: Path, text: str, read_at: datetime = READ_AT) -> None:
    """A file of an export as it was read at a moment."""
    path.write_text(text, "utf-8")
    os.utime(path, (read_at.timestamp(), read_at.timestamp()))


def write_table(path: Path, *rows: Mapping[str, object]) -> None:
    """A CSV file of an export; what a row does not say is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = StringIO()
    table = csv.DictWriter(text, names, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write(path, text.getvalue())


def mapping_for(folder: Path, *, options: str = "") -> Path:
    """The mapping that is shipped for Stripe, beside an export."""
    path = folder.parent / "mapping.toml"
    connect = f'[connect.stripe]\nfolder = "{folder.name}"\n{options}\n'
    path.write_text(connect + mapping_of("stripe"), "utf-8")
    return path


def extracted(folder: Path, until: datetime = UNTIL, options: str = "") -> Report:
    """The report of an extract of an export into a landing beside it."""
    return extract(
        mapping_for(folder, options=options), until=until, landing=folder.parent / "landing"
    )


def landed(folder: Path, table: str) -> pl.DataFrame:
    """What landed of an export, in order."""
    rows = Landing(folder.parent / "landing").events()[table].collect()
    return rows.sort("subscriber_id", "happened_at", "known_at", "kind")


def report_on(report: Report, table: str) -> TableReport:
    """The part of a report that is about one table."""
    return next(one for one in report.tables if one.table == table)
