"""Lists of the newest night, page by page, and all about one subscriber.

Pages by worth and by risk go through the ``INDEXED_RANKS`` riskiest, with indexes that hold all
columns of filters: support calls no more, and no page has to sort a night of millions, or to read
rows that it does not show. Pages by id, and the export, go through all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.query.cursors import cursor, position_of
from perdura.risk.query.filters import conditions, listed
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.queries import published_night
from perdura.risk.schema.recent import EVENTS
from perdura.risk.schema.tables import NIGHTS
from perdura.risk.schema.views import CURRENT, HISTORY, MOVES

_EVENTS_SHOWN = 500
_RANKS = {"worth": CURRENT.c.call_rank, "risk": CURRENT.c.rank}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list.

    Attributes:
        night: Of the rows.
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
    question, size = list_query.question, list_query.size
    start = None if list_query.after is None else position_of(list_query.after, night, question)
    rank, c = _RANKS.get(list_query.sort), CURRENT.c
    if rank is None:
        query = sa.select(CURRENT).where(*conditions(list_query.filters)).order_by(c.subscriber_id)
        query = query.where(c.subscriber_id > start[1]) if start else query
    else:
        # A range from the first page on: else SQLite takes the other index, and sorts.
        behind = rank > (start[0] if start else 0)
        query = sa.select(CURRENT).where(*listed(list_query.filters), behind).order_by(rank)
    rows = _records(connection, query.limit(size + 1))
    after = None
    if len(rows) > size:
        last = rows[size - 1]
        key = None if rank is None else last[rank.name]
        after = cursor(night, question, (key, last["subscriber_id"]))
    return Page(night=night, rows=rows[:size], after=after)


def one(connection: sa.Connection, subscriber_id: str) -> dict[str, Any] | None:
    """The subscriber's row of ``risk_current``, if the newest night scored them."""
    query = sa.select(CURRENT).where(CURRENT.c.subscriber_id == subscriber_id)
    return next(iter(_records(connection, query)), None)


def over_time(
    connection: sa.Connection, subscriber_id: str, nights: int = 90
) -> list[dict[str, Any]]:
    """The subscriber's rows of ``risk_history`` in the newest ``nights``, oldest first."""
    newest = sa.select(NIGHTS.c.scored_on).order_by(NIGHTS.c.scored_on.desc()).limit(nights)
    days = connection.scalars(newest).all()  # named: night by night in the primary key
    query = sa.select(HISTORY).where(HISTORY.c.scored_on.in_(days))
    query = query.where(HISTORY.c.subscriber_id == subscriber_id)
    return _records(connection, query.order_by(HISTORY.c.scored_on))


def events_of(connection: sa.Connection, subscriber_id: str) -> list[dict[str, Any]]:
    """The newest events of the subscriber, newest first, at most 500."""
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
    """A page of ``risk_moves``, highest risk first: in ``bands`` now, in ``before`` until then.

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
        position = position_of(after, night, question)
        query = query.where(sa.tuple_(c.risk, c.subscriber_id) < position)
    query = query.order_by(c.risk.desc(), c.subscriber_id.desc()).limit(size + 1)
    rows = _records(connection, query)
    following = None
    if len(rows) > size:
        last = rows[size - 1]
        following = cursor(night, question, (last["risk"], last["subscriber_id"]))
    return Page(night=night, rows=rows[:size], after=following)


def _records(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
