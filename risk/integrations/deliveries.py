"""Deliveries: moves into the high band that webhook targets are notified of, and their outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from perdura.risk.query.filters import LISTED, first_seen
from perdura.risk.records.erased import erased_among
from perdura.risk.schema.deliveries import DELIVERIES
from perdura.risk.schema.tables import SCORED_STATES
from perdura.risk.schema.views import CURRENT, MOVES

#: A process keeps a delivery that it has taken this long; later it may have been killed.
LEASE = timedelta(minutes=2)

#: An accepted delivery is deleted after this time.
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One move that one target is to be notified of, taken by this process."""

    delivery_id: str
    scored_on: date
    subscriber_id: str
    target: str
    attempts: int


def queue_moves(connection: sa.Connection, targets: Sequence[str], now: datetime) -> int:
    """Queue the newest night's moves into the high band, for each target; the number of new ones.

    A night that is published again adds no move twice. Left out are the control group, subscribers
    who have left or cancelled since, a stale night and a trial; and a subscriber who is being
    erased at this moment.
    """
    moves = connection.execute(_into_high(now)).all()
    erased = erased_among(connection, (move.subscriber_id for move in moves))
    rows: list[dict[str, Any]] = []
    for move in (move for move in moves if move.subscriber_id not in erased):
        for target in targets:
            parts = "\0".join((move.scored_on.isoformat(), move.subscriber_id, target))
            digest = hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()
            row = {"scored_on": move.scored_on, "subscriber_id": move.subscriber_id}
            row |= {"target": target, "attempts": 0, "next_at": now}
            rows.append({"delivery_id": f"msg_{digest}", **row})
    # Safe beside another process that does the same.
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(DELIVERIES).on_conflict_do_nothing().returning(DELIVERIES.c.delivery_id)
    added: Sequence[str] = connection.scalars(new, rows).all() if rows else []
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
    """Take some of the deliveries that were due by a moment, so that no other process does.

    Each counts as tried. Of targets that are no longer set nothing is taken.
    """
    due = (DELIVERIES.c.next_at <= due_by) & DELIVERIES.c.target.in_(targets)
    first = sa.select(DELIVERIES.c.delivery_id).where(due)
    first = first.order_by(DELIVERIES.c.next_at, DELIVERIES.c.delivery_id).limit(at_once)
    taking = (
        sa.update(DELIVERIES)
        .where(DELIVERIES.c.delivery_id.in_(first), due)
        .values(attempts=DELIVERIES.c.attempts + 1, next_at=now + LEASE)
        .returning(*(DELIVERIES.c[name] for name in Delivery.__dataclass_fields__))
    )
    taken = [Delivery(**row) for row in connection.execute(taking).mappings()]
    return sorted(taken, key=lambda delivery: (delivery.scored_on, delivery.delivery_id))


def note(connection: sa.Connection, delivery_id: str, **values: Any) -> None:
    """Write the outcome of an attempt."""
    one = DELIVERIES.c.delivery_id == delivery_id
    connection.execute(sa.update(DELIVERIES).where(one).values(**values))


def drop(connection: sa.Connection, delivery_id: str) -> None:
    """Delete a delivery that no longer says anything true."""
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
    """Subscribers in another band the night before, or, of the riskiest, not scored then."""
    c = CURRENT.c
    moved = sa.select(MOVES.c.subscriber_id).where(MOVES.c.band == "high")
    first = sa.select(c.subscriber_id).where(LISTED, c.band == "high", first_seen())
    return (
        sa.select(c.scored_on, c.subscriber_id)
        .where(c.subscriber_id.in_(sa.union(moved, first)), c.state.in_(SCORED_STATES))
        .where(c.held_out.is_not(True), c.valid_until > now, c.trial.is_not(True))
        .order_by(c.subscriber_id)
    )
