"""Questions that people and programs ask of the newest night, page by page.

Pages by worth and by risk go through the ``INDEXED_RANKS`` riskiest, of which indexes hold all
that a list can be filtered by: nobody calls more, and no page has to sort a night of millions, or
to look into the rows of whom it does not name. Pages by id, and the export, go through all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.query.cursors import Place, cursor, place_of
from perdura.risk.query.filters import conditions, listed
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.queries import published_night
from perdura.risk.schema.recent import EVENTS
from perdura.risk.schema.tables import NIGHTS
from perdura.risk.schema.views import CURRENT, HISTORY, MOVES

_EVENTS_SHOWN = 500
_PLACES = {"worth": CURRENT.c.call_rank, "risk": CURRENT.c.rank}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list.

    Attributes:
        night: Whose rows they are.
        rows: Columns as of the view they come from, as plain Python values.
        after: The cursor of the next page; none: this is the last.
    """

    night: Night
    rows: list[dict[str, Any]]
    after: str | None


def current(connection: sa.Connection, list_query: ListQuery) -> Page:
    """A page of ``risk_current``.

    Raises:
        NoNight: Nothing has been published.
        BadCursor: ``list_query.after`` is no cursor of this question.
        NightChanged: It is one of another night.
    """
    night = published_night(connection)
    place = (
        None if list_query.after is None else place_of(list_query.after, night, list_query.question)
    )
    query = _sorted(list_query, place)
    rows = _records(connection, query.limit(list_query.size + 1))
    ranked = _PLACES.get(list_query.sort)
    places = [
        (None if ranked is None else row[ranked.name], row["subscriber_id"])
        for row in rows[: list_query.size]
    ]
    return Page(
        night=night,
        rows=rows[: list_query.size],
        after=_next(night, list_query.question, places, more=len(rows) > list_query.size),
    )


def one(connection: sa.Connection, subscriber_id: str) -> dict[str, Any] | None:
    """The subscriber's row of ``risk_current``, if the newest night scored them."""
    query = sa.select(CURRENT).where(CURRENT.c.subscriber_id == subscriber_id)
    return next(iter(_records(connection, query)), None)


def over_time(
    connection: sa.Connection, subscriber_id: str, nights: int = 90
) -> list[dict[str, Any]]:
    """The subscriber's rows of ``risk_history`` in the newest so many nights, oldest first."""
    newest = sa.select(NIGHTS.c.scored_on).order_by(NIGHTS.c.scored_on.desc()).limit(nights)
    days = connection.scalars(newest).all()  # named: night by night in the primary key
    query = sa.select(HISTORY).where(HISTORY.c.scored_on.in_(days))
    query = query.where(HISTORY.c.subscriber_id == subscriber_id)
    return _records(connection, query.order_by(HISTORY.c.scored_on))


def events_of(connection: sa.Connection, subscriber_id: str) -> list[dict[str, Any]]:
    """What happened to the subscriber lately, newest first, at most 500 events."""
    c = EVENTS.c
    query = sa.select(EVENTS).where(c.subscriber_id == subscriber_id)
    newest = query.order_by(c.happened_at.desc(), c.number.desc())
    return _records(connection, newest.limit(_EVENTS_SHOWN))


def moves(
    connection: sa.Connection,
    *,
    bands: Sequence[str] = (),
    before: Sequence[str] = (),
    size: int = 50,
    after: str | None = None,
) -> Page:
    """A page of ``risk_moves``, highest risk first: who is in ``bands`` now and was in ``before``.

    Raises:
        NoNight: Nothing has been published.
        BadCursor: ``after`` is no cursor of this question.
        NightChanged: It is one of another night.
    """
    night, question = published_night(connection), ("moves", tuple(bands), tuple(before))
    c, query = MOVES.c, sa.select(MOVES)
    for name, values in ((c.band, bands), (c.band_before, before)):
        query = query.where(name.in_(values)) if values else query
    if after is not None:
        query = query.where(sa.tuple_(c.risk, c.subscriber_id) < place_of(after, night, question))
    query = query.order_by(c.risk.desc(), c.subscriber_id.desc()).limit(size + 1)
    rows = _records(connection, query)
    places = [(row["risk"], row["subscriber_id"]) for row in rows[:size]]
    following = _next(night, question, places, more=len(rows) > size)
    return Page(night=night, rows=rows[:size], after=following)


def _sorted(list_query: ListQuery, place: Place | None) -> sa.Select[Any]:
    """Who is list_query, in order, from behind ``place`` on."""
    ranked, who, query = _PLACES.get(list_query.sort), CURRENT.c.subscriber_id, sa.select(CURRENT)
    if ranked is None:
        query = query.where(*conditions(list_query.filters)).order_by(who)
        return query if place is None else query.where(who > place[1])
    # A range from the first page on: else SQLite takes the other index, and sorts.
    return query.where(*listed(list_query.filters), ranked > (place[0] if place else 0)).order_by(
        ranked
    )


def _next(night: Night, question: Any, places: Sequence[Place], *, more: bool) -> str | None:
    return cursor(night, question, places[-1]) if more else None


def _records(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
