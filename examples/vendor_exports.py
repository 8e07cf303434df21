"""Make an export of Stripe and one of Zendesk: ``python examples/vendor_exports.py FOLDER``.

All customers are made up: a simulated company of 1,600, written in the shapes in which the two
vendors' APIs list their objects, one a line. So the tutorial can be tried without an account.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from perdura.sources.simulator.company import simulate

SUBSCRIBERS, MONTHS = 1_600, 16

Object = dict[str, Any]
_REASONS = {"voluntary": "cancellation_requested", "payment": "payment_failed"}


def main(folder: Path, subscribers: int = SUBSCRIBERS) -> None:
    """Write ``stripe`` and ``zendesk`` into the folder."""
    with TemporaryDirectory() as made:
        simulate(Path(made), subscribers=subscribers, months=MONTHS)
        subscriptions, payments, tickets = (
            pl.read_parquet(Path(made) / name / "*.parquet").sort("happened_at")
            for name in ("subscriptions", "payments", "tickets")
        )
    stripe, zendesk = folder / "stripe", folder / "zendesk"
    customers = subscriptions["subscriber_id"].unique().sort()
    countries = subscriptions.group_by("subscriber_id").agg(pl.col("country").last()).sort(pl.all())
    _write(stripe / "customers.jsonl", (_customer(*row) for row in countries.iter_rows()))
    _write(stripe / "subscriptions.jsonl", _subscriptions(subscriptions))
    _write(stripe / "invoices.jsonl", _invoices(payments, subscriptions))
    _write(stripe / "charges.jsonl", _charges(payments))
    for name in ("refunds", "disputes", "credit_notes"):  # the simulated company has none
        _write(stripe / f"{name}.jsonl", ())
    _write(zendesk / "users.jsonl", [_agent(), *map(_user, customers)])
    _write(zendesk / "tickets.jsonl", _tickets(tickets))
    _write(zendesk / "audits.jsonl", _audits(tickets))
    _write(zendesk / "satisfaction_ratings.jsonl", _ratings(tickets))


def _write(file: Path, objects: Iterable[Object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(one) + "\n" for one in objects)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _email(subscriber: str) -> str:
    return f"{subscriber}@example.com"


def _customer(subscriber: str, country: str | None) -> Object:
    return {
        "id": f"cus_{subscriber}", "object": "customer", "created": 1_700_000_000,
        "email": _email(subscriber), "livemode": True, "metadata": {},
        "address": {"country": country},
    }  # fmt: skip


def _price(event: Object) -> Object:
    months, mrr = round(event["interval_months"] or 1), event["mrr"] or 0
    amount = mrr * months // max(event["quantity"] or 1, 1)
    return {
        "id": f"price_{event['plan']}_{months}_{amount}", "object": "price",
        "nickname": event["plan"],
        "currency": event["currency"].lower(), "unit_amount": amount, "type": "recurring",
        "recurring": {"interval": "month", "interval_count": months, "usage_type": "licensed"},
    }  # fmt: skip


def _subscriptions(events: pl.DataFrame) -> Iterator[Object]:
    """Each subscription as it stands at the end; what it cost before, invoices tell."""
    for own in events.partition_by("subscription_id", maintain_order=True):
        rows = own.to_dicts()
        first, priced = rows[0], [row for row in rows if row["mrr"]]
        last = priced[-1] if priced else first
        at = {row["kind"]: row["happened_at"] for row in rows}
        trial = at.get("trial_started")
        asked, ended = at.get("cancel_scheduled"), at.get("ended")
        if asked and (at.get("cancel_withdrawn") or asked) > asked:
            asked = None
        reason = next((row["reason"] for row in reversed(rows) if row["reason"]), None)
        yield {
            "id": f"sub_{first['subscription_id']}", "object": "subscription", "livemode": True,
            "customer": f"cus_{first['subscriber_id']}", "currency": first["currency"].lower(),
            "status": "canceled" if ended else "active" if "started" in at else "trialing",
            "created": _seconds(first["happened_at"]), "start_date": _seconds(first["happened_at"]),
            "trial_start": _seconds(trial),
            "trial_end": _seconds(at.get("started", ended) if trial else None),
            "cancel_at_period_end": bool(asked and not ended),
            "canceled_at": _seconds(asked or ended), "ended_at": _seconds(ended),
            "cancellation_details": {"reason": _REASONS.get(reason or "")},
            "pause_collection": None, "discounts": [], "metadata": {},
            "items": {"data": [{"id": f"si_{first['subscription_id']}", "price": _price(last),
                                "quantity": last["quantity"] or 1}]},
        }  # fmt: skip


def _invoices(payments: pl.DataFrame, subscriptions: pl.DataFrame) -> Iterator[Object]:
    told = subscriptions.filter(pl.col("mrr") > 0)
    billed = payments.filter(kind="invoiced").join_asof(
        told.drop("known_at", "kind", "currency"),
        on="happened_at", by="subscriber_id", check_sortedness=False,
    )  # fmt: skip
    paid = payments.filter(kind="paid")
    paid_at = dict(paid.select("invoice_id", "happened_at").iter_rows())
    for row in billed.drop_nulls("subscription_id").to_dicts():
        price = _price(row)
        start, months = row["happened_at"], price["recurring"]["interval_count"]
        done = paid_at.get(row["invoice_id"])
        yield {
            "id": f"in_{row['invoice_id']}", "object": "invoice", "livemode": True,
            "customer": f"cus_{row['subscriber_id']}", "currency": row["currency"].lower(),
            "status": "paid" if done else "open", "created": _seconds(start),
            "total": row["amount"], "amount_remaining": 0 if done else row["amount"],
            "status_transitions": {"finalized_at": _seconds(start), "paid_at": _seconds(done)},
            "parent": {"subscription_details": {"subscription": f"sub_{row['subscription_id']}"}},
            "lines": {"has_more": False, "data": [{
                "id": f"il_{row['invoice_id']}", "amount": row["amount"],
                "currency": row["currency"].lower(), "quantity": row["quantity"] or 1,
                "pricing": {"price_details": {"price": price["id"]}},
                "parent": {"type": "subscription_item_details", "subscription_item_details": {
                    "subscription": f"sub_{row['subscription_id']}", "proration": False}},
                "period": {"start": _seconds(start),
                           "end": _seconds(start + timedelta(days=round(30.44 * months)))},
                "discount_amounts": [],
            }]},
        }  # fmt: skip


def _charges(payments: pl.DataFrame) -> Iterator[Object]:
    tried = payments.filter(pl.col("kind").is_in(["paid", "failed"])).with_row_index("nth")
    for row in tried.to_dicts():
        went = row["kind"] == "paid"
        yield {
            "id": f"ch_{row['nth']}", "object": "charge", "livemode": True, "captured": went,
            "customer": f"cus_{row['subscriber_id']}", "invoice": f"in_{row['invoice_id']}",
            "amount": row["amount"], "currency": row["currency"].lower(),
            "status": "succeeded" if went else "failed", "created": _seconds(row["happened_at"]),
            "payment_method_details": {"type": row["method"] or "card"},
            "failure_code": row["failure_code"],
        }  # fmt: skip


def _agent() -> Object:
    return {"id": 1, "role": "agent", "email": "support@example.com", "updated_at": _time(None)}


def _user(subscriber: str) -> Object:
    number = int(subscriber[1:]) + 1_000
    email = _email(subscriber)
    return {"id": number, "role": "end-user", "email": email, "updated_at": _time(None)}


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else "2025-01-01T00:00:00Z"


def _numbers(tickets: pl.DataFrame) -> dict[str, int]:
    return {name: nth for nth, name in enumerate(tickets["ticket_id"].unique().sort(), 1)}


def _tickets(events: pl.DataFrame) -> Iterator[Object]:
    numbers = _numbers(events)
    for own in events.partition_by("ticket_id", maintain_order=True):
        rows = own.to_dicts()
        first, user = rows[0], _user(rows[0]["subscriber_id"])["id"]
        solved = rows[-1]["kind"] in {"resolved", "rated"}
        yield {
            "id": numbers[first["ticket_id"]], "created_at": _time(first["happened_at"]),
            "updated_at": _time(rows[-1]["happened_at"]), "requester_id": user,
            "submitter_id": user, "status": "solved" if solved else "open",
            "priority": rows[-1]["priority"], "type": "question",
            "via": {"channel": "email" if first["channel"] == "email" else "chat"},
        }  # fmt: skip


def _audits(events: pl.DataFrame) -> Iterator[Object]:
    """What changed on each ticket, by whom: a first reply of the agent, each status."""
    numbers, status = _numbers(events), {"opened": "new", "resolved": "solved", "reopened": "open"}
    for nth, row in enumerate(events.filter(pl.col("kind") != "rated").to_dicts(), 1):
        user = _user(row["subscriber_id"])["id"]
        by_customer = row["kind"] in {"opened", "reopened"}
        comment = {"type": "Comment", "id": nth * 10, "public": True}
        changes: list[Object] = []
        if row["kind"] in status:
            kind = "Create" if row["kind"] == "opened" else "Change"
            value = status[row["kind"]]
            changes += [{"type": kind, "id": nth * 10 + 1, "field_name": "status", "value": value}]
        if row["kind"] in {"opened", "escalated"} and row["priority"]:
            kind = "Create" if row["kind"] == "opened" else "Change"
            told = {"field_name": "priority", "value": row["priority"]}
            changes += [{"type": kind, "id": nth * 10 + 2, **told}]
        if row["kind"] in {"opened", "replied"}:
            changes += [{**comment, "author_id": user if by_customer else 1}]
        yield {
            "id": nth, "ticket_id": numbers[row["ticket_id"]],
            "author_id": user if by_customer else 1, "created_at": _time(row["happened_at"]),
            "via": {"channel": "web"}, "events": changes,
        }  # fmt: skip


def _ratings(events: pl.DataFrame) -> Iterator[Object]:
    numbers = _numbers(events)
    for nth, row in enumerate(events.filter(kind="rated").to_dicts(), 1):
        at = _time(row["happened_at"])
        yield {
            "id": nth, "ticket_id": numbers[row["ticket_id"]], "created_at": at, "updated_at": at,
            "score": "good" if (row["score"] or 0) >= 4 else "bad",
        }  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
