"""Everything that the page of one subscriber shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from risk.contacts import UNDO_FOR, Contact, contacts_of
from risk.desk.charts import Line, across, line, ticks
from risk.desk.pointed import marks
from risk.listing import events_of, one, over_time
from risk.night import Night, midnight

NIGHTS = 90
_LANES = ("payments", "tickets", "subscriptions", "contacts")
#: A time line goes back so far at least, so that two events of today do not lie at its ends.
_SPAN = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, and where it lies on the time line.

    Attributes:
        x: Percent from the left.
        reasons: Which reasons point to it: A, B ...
        told: The row of ``risk.recent.EVENTS``.
    """

    x: float
    reasons: tuple[str, ...]
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLine:
    """Events by source, newest last, between two days."""

    first: date
    last: date
    lanes: tuple[tuple[str, tuple[Event, ...]], ...]
    ticks: tuple[tuple[float, date], ...]

    @property
    def events(self) -> list[Event]:
        """All of them, newest first."""
        every = [event for _, lane in self.lanes for event in lane]
        return sorted(every, key=lambda event: event.told["happened_at"], reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One subscriber, as the database knows them.

    Attributes:
        row: Of ``risk_current``.
        nights: Of ``risk_history``, oldest first, the newest ``NIGHTS``.
        history: Their risks as a line; none before the second night.
        time_line: What happened lately; none where nothing is known.
        pointing: For each reason, whether an event is marked with its letter.
        contacts: Newest first, those that were taken back too.
    """

    row: Mapping[str, Any]
    nights: Sequence[Mapping[str, Any]]
    history: Line | None
    time_line: TimeLine | None
    pointing: tuple[bool, ...]
    contacts: list[Contact]


def person_of(connection: sa.Connection, night: Night, who: str) -> Person | None:
    """The subscriber, if the newest night scored them."""
    row = one(connection, who)
    if row is None:
        return None
    nights = over_time(connection, who, NIGHTS)
    values = [(night["scored_on"], night["risk"]) for night in nights]
    drawn = time_line(row["reasons"], events_of(connection, who), night.scored_on)
    pointing = {letter for event in drawn.events for letter in event.reasons} if drawn else set()
    return Person(
        row=row,
        nights=nights,
        history=line(values, 1.0) if len(values) > 1 else None,
        time_line=drawn,
        pointing=tuple(letter(place) in pointing for place in range(len(row["reasons"]))),
        contacts=contacts_of(connection, who),
    )


def time_line(
    reasons: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]], scored_on: date
) -> TimeLine | None:
    """The events on their time line, marked where reasons point to them; none without events."""
    if not events:
        return None
    days = [event["happened_at"].date() for event in events]
    last = max(*days, scored_on)
    first = min(*days, last - _SPAN)
    pointed = marks(reasons, events, midnight(scored_on))
    placed = [
        Event(
            x=across(event["happened_at"], first, last + timedelta(days=1)),
            reasons=tuple(letter(number) for number in pointed.get(place, ())),
            told=event,
        )
        for place, event in enumerate(events)
    ]
    placed.sort(key=lambda event: (bool(event.reasons), event.told["happened_at"]))
    lanes = ((name, tuple(e for e in placed if e.told["source"] == name)) for name in _LANES)
    return TimeLine(
        first=first,
        last=last,
        lanes=tuple((name, lane) for name, lane in lanes if lane),
        ticks=ticks(first, last),
    )


def letter(place: int) -> str:
    """What a reason is called on the time line: A is the strongest."""
    return chr(ord("A") + place)


def can_undo(contact: Contact, now: datetime) -> bool:
    """Whether a contact can still be taken back."""
    return contact.undone_at is None and now < contact.known_at + UNDO_FOR
