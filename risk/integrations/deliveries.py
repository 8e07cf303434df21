"""Which moves into the high band are to be told to whom, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from perdura.risk.query.filters import LISTED, first_seen
from perdura.risk.records.erased import erased_among
from perdura.risk.schema.deliveries import DELIVERIES
from perdura.risk.schema.tables import SCORED_STATES
from perdura.risk.schema.views import CURRENT, MOVES

#: Whoever has taken a delivery is left alone with it for so long; then it may have been killed.
LEASE = timedelta(minutes=2)

#: What was accepted is forgotten after so long.
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One move that one target is to be told of, taken by whoever holds this."""

    delivery_id: str
    scored_on: date
    subscriber_id: str
    target: str
    attempts: int


def queue_moves(connection: sa.Connection, targets: Sequence[str], now: datetime) -> int:
    """Note who of the newest night came into the high band, for each target; how many are new.

    A night that is published again adds nobody twice. Nobody is told of the control group,
    who are not to be contacted, of people who have left or cancelled since, of a stale night, or
    of a trial; and nothing is noted about whoever is being erased at this moment.
    """
    moves = connection.execute(_into_high(now)).all()
    erased = erased_among(connection, (move.subscriber_id for move in moves))
    rows = [
        {
            "delivery_id": _delivery_id(move.scored_on, move.subscriber_id, target),
            "scored_on": move.scored_on,
            "subscriber_id": move.subscriber_id,
            "target": target,
            "attempts": 0,
            "next_at": now,
        }
        for move in moves
        if move.subscriber_id not in erased
        for target in targets
    ]
    added = connection.scalars(_insert_new(connection), rows).all() if rows else []
    connection.execute(sa.delete(DELIVERIES).where(DELIVERIES.c.delivered_at < now - KEPT))
    return len(added)


def take_due(
    connection: sa.Connection,
    targets: Sequence[str],
    at_once: int,
    *,
    due_by: datetime,
    now: datetime,
) -> list[Delivery]:
    """Take some of the deliveries that were due by a moment, so that nobody else does.

    Each counts as tried. Of targets that are no longer set nothing is taken.
    """
    due = (DELIVERIES.c.next_at <= due_by) & DELIVERIES.c.target.in_(targets)
    some = sa.select(DELIVERIES.c.delivery_id).where(due)
    some = some.order_by(DELIVERIES.c.next_at, DELIVERIES.c.delivery_id).limit(at_once)
    taking = (
        sa.update(DELIVERIES)
        .where(DELIVERIES.c.delivery_id.in_(some), due)
        .values(attempts=DELIVERIES.c.attempts + 1, next_at=now + LEASE)
        .returning(*(DELIVERIES.c[name] for name in Delivery.__dataclass_fields__))
    )
    taken = [Delivery(**row) for row in connection.execute(taking).mappings()]
    return sorted(taken, key=lambda delivery: (delivery.scored_on, delivery.delivery_id))


def note(connection: sa.Connection, delivery_id: str, **values: Any) -> None:
    """Write what an attempt came to."""
    one = DELIVERIES.c.delivery_id == delivery_id
    connection.execute(sa.update(DELIVERIES).where(one).values(**values))


def drop(connection: sa.Connection, delivery_id: str) -> None:
    """Take a delivery out that there is nothing to tell of any more."""
    connection.execute(sa.delete(DELIVERIES).where(DELIVERIES.c.delivery_id == delivery_id))


def next_due(connection: sa.Connection, targets: Sequence[str]) -> datetime | None:
    """When the next delivery is due; ``None``: there is none."""
    waiting = DELIVERIES.c.next_at.is_not(None) & DELIVERIES.c.target.in_(targets)
    return connection.scalar(sa.select(sa.func.min(DELIVERIES.c.next_at)).where(waiting))


def dead(connection: sa.Connection) -> list[dict[str, Any]]:
    """The deliveries that were given up, newest first."""
    query = sa.select(DELIVERIES).where(DELIVERIES.c.dead_at.is_not(None))
    rows = connection.execute(query.order_by(DELIVERIES.c.dead_at.desc(), "delivery_id"))
    return [dict(row) for row in rows.mappings()]


def replay(connection: sa.Connection, ids: Iterable[str] | None, now: datetime) -> int:
    """Let given-up deliveries (by default all) be tried anew from ``now`` on; how many they are."""
    chosen = DELIVERIES.c.dead_at.is_not(None)
    if ids is not None:
        chosen &= DELIVERIES.c.delivery_id.in_(list(ids))
    again = sa.update(DELIVERIES).where(chosen)
    return connection.execute(again.values(attempts=0, next_at=now, dead_at=None)).rowcount


def _into_high(now: datetime) -> sa.Select[date, str]:
    """Who was in another band the night before, or, of the riskiest, not scored."""
    c = CURRENT.c
    moved = sa.select(MOVES.c.subscriber_id).where(MOVES.c.band == "high")
    first = sa.select(c.subscriber_id).where(LISTED, c.band == "high", first_seen())
    return (
        sa.select(c.scored_on, c.subscriber_id)
        .where(c.subscriber_id.in_(sa.union(moved, first)), c.state.in_(SCORED_STATES))
        .where(c.held_out.is_not(True), c.valid_until > now, c.trial.is_not(True))
        .order_by(c.subscriber_id)
    )


def _insert_new(connection: sa.Connection) -> ReturningInsert[str]:
    """Insert the rows that are not there, and say which; also when somebody else does the same."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(DELIVERIES).on_conflict_do_nothing().returning(DELIVERIES.c.delivery_id)


def _delivery_id(scored_on: date, subscriber_id: str, target: str) -> str:
    told = "\0".join((scored_on.isoformat(), subscriber_id, target))
    return f"msg_{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"
