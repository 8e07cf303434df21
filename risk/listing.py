"""Questions that people and programs ask of the newest night, page by page.

Pages by worth and by risk go through the ``INDEXED_RANKS`` riskiest, which indexes hold: nobody
calls more, and no page has to sort a night of millions. Pages by id, and the export, go through
all of them.

Worth is ``expected_loss``. Amounts of different currencies have no order without a rate, and the
table knows none: where one currency is asked for, or the night has one only, the dearest come
first; else the list goes by risk and says so. Whose worth is not known is in the list by risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import sqlalchemy as sa

from risk.cursors import Place, cursor, place_of
from risk.night import Night
from risk.queries import published_night
from risk.recent import EVENTS
from risk.schema import INDEXED_RANKS, NIGHTS, RISK, SCORED_STATES
from risk.views import CURRENT, HISTORY, MOVES

Sort = Literal["worth", "risk", "id"]
Cause = Literal["voluntary", "payment"]

_EVENTS_SHOWN = 500
# In the index's own words: else SQLite does not see that it holds them.
_INDEXED = sa.literal_column(str(INDEXED_RANKS))


class BadQuestion(ValueError):
    """The question makes no sense; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the newest night, in which order.

    Attributes:
        bands: Of these; empty: of all.
        states: As they stand by now; by default those who can still be lost. Empty: all.
        cause: The larger part of the risk; equal parts count as voluntary.
        actions: What to do, as codes.
        plans: Of these.
        countries: Of these.
        currency: Who pays in it.
        minimum: So much ``expected_loss`` at least, in minor units of ``currency``.
        held_out: Only the comparison group, or only the others.
        prefix: How the subscriber's id begins.
        sort: ``worth``, ``risk`` (each highest first), or ``id``.
        size: So many a page.
        after: The cursor that came with the page before.
    """

    bands: tuple[str, ...] = ()
    states: tuple[str, ...] = SCORED_STATES
    cause: Cause | None = None
    actions: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    currency: str | None = None
    minimum: int | None = None
    held_out: bool | None = None
    prefix: str = ""
    sort: Sort = "worth"
    size: int = 50
    after: str | None = None

    def __post_init__(self) -> None:
        if self.minimum is not None and self.currency is None:
            raise BadQuestion("a minimum of money needs its currency: amounts are never converted")

    @property
    def question(self) -> tuple[Any, ...]:
        """What all pages of one list have in common."""
        paging = ("size", "after")
        return tuple(getattr(self, f.name) for f in fields(self) if f.name not in paging)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list.

    Attributes:
        night: Whose rows they are.
        rows: Columns as of the view they come from, as plain Python values.
        after: The cursor of the next page; none: this is the last.
        sort: How they are sorted: by ``risk`` where ``worth`` was wanted over several currencies.
        currency: In which the worth is, where they are sorted by it.
    """

    night: Night
    rows: list[dict[str, Any]]
    after: str | None
    sort: Sort
    currency: str | None = None


def current(connection: sa.Connection, wanted: Wanted) -> Page:
    """A page of ``risk_current``.

    Raises:
        NoNight: Nothing has been published.
        BadCursor: ``wanted.after`` is no cursor of this question.
        NightChanged: It is one of another night.
    """
    night = published_night(connection)
    currency = wanted.currency or (_only_currency(connection, night))
    sort: Sort = "risk" if wanted.sort == "worth" and currency is None else wanted.sort
    place = None if wanted.after is None else place_of(wanted.after, night, wanted.question)
    query = sa.select(CURRENT).where(*conditions(wanted))
    query = _sorted(query, sort, currency, place).limit(wanted.size + 1)
    rows = _records(connection, query)
    name = {"worth": "expected_loss", "risk": "rank", "id": None}[sort]
    places = [(row[name] if name else None, row["subscriber_id"]) for row in rows[: wanted.size]]
    return Page(
        night=night,
        rows=rows[: wanted.size],
        after=_next(night, wanted.question, places, more=len(rows) > wanted.size),
        sort=sort,
        currency=currency if sort == "worth" else None,
    )


def conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What rows of ``risk_current`` must fulfil."""
    c = CURRENT.c
    lists = (
        (c.band, wanted.bands),
        (c.state, wanted.states),
        (c.action, wanted.actions),
        (c.plan, wanted.plans),
        (c.country, wanted.countries),
    )
    told: list[sa.ColumnElement[bool]] = [name.in_(values) for name, values in lists if values]
    if wanted.cause:
        chosen = c.risk_voluntary >= c.risk_payment
        told.append(chosen if wanted.cause == "voluntary" else ~chosen)
    if wanted.currency:
        told.append(c.currency == wanted.currency)
    if wanted.minimum is not None:
        told.append(c.expected_loss >= wanted.minimum)
    if wanted.held_out is not None:
        told.append(c.held_out.is_(True) if wanted.held_out else c.held_out.is_not(True))
    return told + (_begins(wanted.prefix) if wanted.prefix else [])


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
    return Page(night=night, rows=rows[:size], after=following, sort="risk")


def _sorted(
    query: sa.Select[Any], sort: Sort, currency: str | None, place: Place | None
) -> sa.Select[Any]:
    """The query in order, from behind ``place`` on."""
    c = CURRENT.c
    if sort == "id":
        query = query.order_by(c.subscriber_id)
        return query if place is None else query.where(c.subscriber_id > place[1])
    query = query.where(c.rank <= _INDEXED)
    if sort == "risk":
        query = query.order_by(c.rank)
        return query if place is None else query.where(c.rank > place[0])
    query = query.where(c.currency == currency, c.expected_loss.is_not(None))
    query = query.order_by(c.expected_loss.desc(), c.subscriber_id.desc())
    dearer = sa.tuple_(c.expected_loss, c.subscriber_id)
    return query if place is None else query.where(dearer < place)


def _only_currency(connection: sa.Connection, night: Night) -> str | None:
    """The currency of the night, if it has one and no other; found at both ends of an index."""
    c = RISK.c.currency
    query = sa.select(c).where(
        RISK.c.scored_on == night.scored_on, RISK.c.rank <= _INDEXED, c.is_not(None)
    )
    first = connection.scalar(query.order_by(c).limit(1))
    last = connection.scalar(query.order_by(c.desc()).limit(1))
    return first if first == last else None


def _begins(prefix: str) -> list[sa.ColumnElement[bool]]:
    """A range, since texts are in the order of their bytes."""
    who = CURRENT.c.subscriber_id
    return [who >= prefix, who < prefix + "\U0010ffff"]


def _next(night: Night, question: Any, places: Sequence[Place], *, more: bool) -> str | None:
    return cursor(night, question, places[-1]) if more else None


def _records(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
