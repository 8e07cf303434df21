"""Everything that the page of one subscriber shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from perdura.risk.desk.charts import Line, line
from perdura.risk.desk.time_line import TimeLine, letter, time_line
from perdura.risk.night import Night
from perdura.risk.query.pages import events_of, one, over_time
from perdura.risk.records.contacts import UNDO_FOR, Contact, contacts_of

NIGHTS = 90

#: Puts rows of a night into the reader's language.
InLanguage = Callable[[sa.Connection, Night, Sequence[Mapping[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One subscriber, as the database knows them.

    Attributes:
        row: Of ``risk_current``, in the reader's language.
        nights: Of ``risk_history``, oldest first, of the newest ``NIGHTS`` those that are trials as
            the newest is, or none as it is none.
        history: Their risks as a line; none before the second night.
        time_line: What happened lately; none where nothing is known.
        pointing: For each reason, whether an event is marked with its letter.
        contacts: Newest first, those that were undone too.
    """

    row: Mapping[str, Any]
    nights: Sequence[Mapping[str, Any]]
    history: Line | None
    time_line: TimeLine | None
    pointing: tuple[bool, ...]
    contacts: list[Contact]


def person_of(
    connection: sa.Connection, night: Night, subscriber_id: str, in_language: InLanguage
) -> Person | None:
    """The subscriber, if the newest night scored them."""
    found = one(connection, subscriber_id)
    if found is None:
        return None
    (row,) = in_language(connection, night, [found])
    past = over_time(connection, subscriber_id, NIGHTS)
    nights = [row for row in past if bool(row["trial"]) == bool(night.trial)]
    values = [(night["scored_on"], night["risk"]) for night in nights]
    drawn = time_line(row["reasons"], events_of(connection, subscriber_id), night.scored_on)
    pointing = drawn.pointed_to if drawn else set()
    return Person(
        row=row,
        nights=nights,
        history=line(values, 1.0) if len(values) > 1 else None,
        time_line=drawn,
        pointing=tuple(letter(place) in pointing for place in range(len(row["reasons"]))),
        contacts=contacts_of(connection, subscriber_id),
    )


def can_undo(contact: Contact, now: datetime, by: str | None) -> bool:
    """Whether a contact can be undone still: by a token of the name ``by``, ``None``: by any."""
    own = by is None or contact.by == by
    return own and contact.undone_at is None and now < contact.known_at + UNDO_FOR
