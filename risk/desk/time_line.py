"""What happened to a subscriber lately, from left to right, marked where reasons point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from perdura.risk.desk.charts import across, ticks
from perdura.risk.desk.event_markers import marks
from perdura.risk.desk.messages import SOURCES
from perdura.risk.night import midnight

#: A time line goes back so far at least, so that two events of today do not lie at its ends.
_SPAN = timedelta(days=90)
#: Marks that are no further apart, in percent, would cover each other's counts on a phone.
_NEAR = 15.0
#: Closer to an end, in percent, words in the middle of a mark would leave the page.
_EDGE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLineEvent:
    """One thing that happened, and where it lies on the time line.

    Attributes:
        x: Percent from the left.
        reasons: Which reasons point to it: A, B ...
        event: The row of ``risk.schema.recent.EVENTS``.
    """

    x: float
    reasons: tuple[str, ...]
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Events near each other that reasons point to, oldest first, as one mark in their middle."""

    events: tuple[TimeLineEvent, ...]

    @property
    def x(self) -> float:
        """Percent from the left."""
        return (self.events[0].x + self.events[-1].x) / 2

    @property
    def anchor(self) -> str:
        """Where words of the mark begin: SVG's ``text-anchor``."""
        return "start" if self.x < _EDGE else "end" if self.x > 100 - _EDGE else "middle"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Which reasons point to any of them."""
        return tuple(sorted({letter for event in self.events for letter in event.reasons}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The events of one source: those that no reason points to, and the others as marks."""

    name: str
    events: tuple[TimeLineEvent, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLine:
    """Events by source, between two days.

    Attributes:
        first: The day at its left end.
        last: The day at its right end.
        events: All of them, newest first.
        ticks: Days to write below it, each with its percent from the left.
    """

    first: date
    last: date
    events: tuple[TimeLineEvent, ...]
    ticks: tuple[tuple[float, date], ...]

    @property
    def lanes(self) -> list[Lane]:
        """One for each source that there is something of."""
        found = (_lane(name, self.events) for name in SOURCES)
        return [lane for lane in found if lane.events or lane.marks]

    @property
    def pointed_to(self) -> set[str]:
        """The reasons that point to anything on it."""
        return {letter for event in self.events for letter in event.reasons}


def time_line(
    reasons: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]], scored_on: date
) -> TimeLine | None:
    """The events on their time line, marked where reasons point to them; none without events."""
    if not events:
        return None
    days = [event["happened_at"].date() for event in events]
    last = max(*days, scored_on)
    first = min(*days, last - _SPAN)
    reasons_by_event = marks(reasons, events, midnight(scored_on))
    on_line = [
        TimeLineEvent(
            x=across(event["happened_at"], first, last + timedelta(days=1)),
            reasons=tuple(letter(number) for number in reasons_by_event.get(index, ())),
            event=event,
        )
        for index, event in enumerate(events)
    ]
    newest = sorted(on_line, key=lambda event: event.event["happened_at"], reverse=True)
    return TimeLine(first=first, last=last, events=tuple(newest), ticks=ticks(first, last))


def letter(index: int) -> str:
    """The letter of a reason on the time line: A is the strongest."""
    return chr(ord("A") + index)


def _lane(name: str, events: Sequence[TimeLineEvent]) -> Lane:
    oldest = [event for event in reversed(events) if event.event["source"] == name]
    near: list[list[TimeLineEvent]] = []
    for event in oldest:
        if not event.reasons:
            continue
        if near and event.x - near[-1][0].x < _NEAR:
            near[-1].append(event)
        else:
            near.append([event])
    return Lane(
        name=name,
        events=tuple(event for event in oldest if not event.reasons),
        marks=tuple(Mark(events=tuple(some)) for some in near),
    )
