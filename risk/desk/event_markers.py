"""Which events a reason points to, so that they can be marked on a time line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

Event = Mapping[str, Any]


def marks(
    reasons: Sequence[Mapping[str, Any]], events: Sequence[Event], as_of: datetime
) -> dict[int, list[int]]:
    """Which reasons point to which events: places of reasons by the place of the event.

    Args:
        reasons: As the risk table has them. One without ``evidence`` points to no event.
        events: As of ``risk.schema.recent.EVENTS``, in any order.
        as_of: When the night was scored: an event that happened or was known later is no reason.
    """
    found: dict[int, list[int]] = {}
    for number, reason in enumerate(reasons):
        for place in _evident(reason.get("evidence") or {}, events, as_of):
            found.setdefault(place, []).append(number)
    return found


def _evident(evidence: Mapping[str, Any], events: Sequence[Event], as_of: datetime) -> list[int]:
    """Places of the events of a table and kinds, since when the evidence says."""
    kinds, days = evidence.get("kinds"), evidence.get("days")
    since = None if days is None else as_of - timedelta(days=days)
    places = [
        place
        for place, event in enumerate(events)
        if event["source"] == evidence.get("table")
        and (not kinds or event["kind"] in kinds)
        and event["known_at"] < as_of
        and event["happened_at"] < as_of
        and (since is None or since <= event["happened_at"])
    ]
    oldest_first = sorted(places, key=lambda place: events[place]["happened_at"])
    match evidence.get("only"):
        case "first":
            return oldest_first[:1]
        case "last":
            return oldest_first[-1:]
        case _:
            return places
