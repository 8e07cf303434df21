"""Which events a reason points to, so that they can be marked on a time line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

#: Signals whose reasons are made of events: of which source, of which kinds.
_EVENTS = {
    "payment_failures": ("payments", {"failed"}),
    "unpaid_invoices": ("payments", {"invoiced"}),
    "payment_activity": ("payments", {"paid"}),
    "refunds_disputes": ("payments", {"refunded", "disputed"}),
    "renewal": ("payments", {"invoiced"}),
    "ticket_volume": ("tickets", {"opened"}),
    "open_tickets": ("tickets", {"opened", "reopened"}),
    "reopened": ("tickets", {"reopened"}),
    "escalations": ("tickets", {"escalated"}),
    "slow_support": ("tickets", {"replied", "resolved"}),
    "low_satisfaction": ("tickets", {"rated"}),
    "left_before": ("subscriptions", {"ended", "cancel_withdrawn"}),
    "price_rise": ("subscriptions", {"plan_changed"}),
    "downgrade": ("subscriptions", {"plan_changed"}),
    "pause": ("subscriptions", {"paused", "resumed"}),
    "tenure": ("subscriptions", {"started"}),
}
_ONE = ("days_since_", "last_")
_WINDOW = re.compile(r"_(\d{1,4})d$")


def marks(
    reasons: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]], as_of: datetime
) -> dict[int, list[int]]:
    """Which reasons point to which events: places of reasons by the place of the event.

    Args:
        reasons: As the risk table has them.
        events: As of ``risk.schema.recent.EVENTS``, in any order.
        as_of: When the night was scored for: what happened or was known later is nobody's reason.
    """
    found: dict[int, list[int]] = {}
    for number, reason in enumerate(reasons):
        for place in _pointed(reason, events, as_of):
            found.setdefault(place, []).append(number)
    return found


def _pointed(
    reason: Mapping[str, Any], events: Sequence[Mapping[str, Any]], as_of: datetime
) -> list[int]:
    source, kinds = _EVENTS.get(str(reason.get("signal")), (None, ()))
    column = str(reason.get("column") or "")
    since = as_of - _window(column)
    places = [
        place
        for place, event in enumerate(events)
        if event["source"] == source
        and event["kind"] in kinds
        and event["known_at"] < as_of
        and since <= event["happened_at"] < as_of
    ]
    if column.startswith(_ONE):  # the newest alone is what it tells of
        return sorted(places, key=lambda place: events[place]["happened_at"])[-1:]
    return places


def _window(column: str) -> timedelta:
    found = _WINDOW.search(column)
    return timedelta(days=int(found[1])) if found else timedelta(days=3_650)
