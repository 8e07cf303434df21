"""Contacts: what support did about a subscriber, and decisions not to contact.

All functions are called inside a transaction of ``risk.store.connect.writing`` with ``durable``:
their rows are safe when it has ended without an error.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from perdura.risk.query.cursors import is_text
from perdura.risk.records.erased import erased_among
from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.schema.contacts import ACTIONS, CONTACTS
from perdura.risk.schema.tables import NIGHTS, RISK

#: The same for a subscriber who was never scored and for one who was erased: they look alike.
UNKNOWN = "no night of the last 90 scored this subscriber"

#: A contact can be undone for this time after it was written, as for a slip of the hand. Only then
#: does it become an event, and events are never changed.
UNDO_FOR = timedelta(hours=1)

#: Before it no contact has a plausible time: 0 seconds since 1970 is no time.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

_MARGIN = timedelta(minutes=5)

LONGEST_NOTE = 2_000
#: Characters of a subscriber's id, and of a token's name.
LONGEST_NAME = 1_000


class BadContact(ValueError):
    """The values are no contact. Nothing was written."""


class NoContact(LookupError):
    """There is no contact of that id. Nothing was written."""


class NoSubscriber(LookupError):
    """No night has scored a subscriber of that id lately. Nothing was written."""


class RefusedContact(ValueError):
    """It stands against what is there already. Nothing was written."""


class HeldOut(RefusedContact):
    """A contact with a subscriber of the control group, which was not forced."""


class NotYours(RefusedContact):
    """Another token logged the contact, and this one may not undo it."""


class OtherContact(RefusedContact):
    """Another contact has this id."""


class TooLate(RefusedContact):
    """The contact can no longer be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact, named as in the table ``contacts``."""

    contact_id: str
    subscriber_id: str
    happened_at: datetime
    known_at: datetime
    action: str
    by: str
    note: str | None
    forced: bool
    undone_at: datetime | None
    reason: str | None = None


def log_contact(
    connection: sa.Connection,
    *,
    contact_id: str,
    subscriber_id: str,
    action: str,
    by: str,
    happened_at: datetime | None = None,
    note: str | None = None,
    force: bool = False,
    reason: str | None = None,
    now: datetime | None = None,
) -> Contact:
    """The contact as it stands in the table, written now or, with the same values, before.

    Args:
        connection: In a transaction of ``risk.store.connect.writing``.
        contact_id: A UUID that the caller chose: sent again it is the same contact.
        subscriber_id: Contacted, or left alone; need not be scored.
        action: One of ``ACTIONS``.
        by: Name of the token that writes.
        happened_at: When, with a time zone, from 1990 on and not in the future; by default now.
        note: At most ``LONGEST_NOTE`` characters; empty is none.
        force: Log a contact even if the subscriber is in the control group; that is kept.
        reason: Why it is forced, at most ``LONGEST_NOTE`` characters; forcing takes one.
        now: When it is written; by default now.

    Raises:
        BadContact: Something of it is no contact, or it is forced without a reason.
        NoSubscriber: The subscriber was erased; the message does not tell that apart.
        HeldOut: It is not forced, and the subscriber is in the control group.
        OtherContact: Another content has this id.
    """
    now = now or datetime.now(UTC)
    when, subscriber_id = _moment(happened_at, now), as_scored(connection, subscriber_id)
    values: dict[str, Any] = {
        "contact_id": _uuid(contact_id),
        "subscriber_id": _text("subscriber_id", subscriber_id, LONGEST_NAME),
        "action": _action(action),
        "by": _text("by", by, LONGEST_NAME),
        "note": _text("note", note, LONGEST_NOTE) if note else None,
        "reason": _text("reason", reason, LONGEST_NOTE) if reason and reason.strip() else None,
    }
    if erased_among(connection, [subscriber_id]):
        raise NoSubscriber(UNKNOWN)
    if found := _contact(connection, values["contact_id"]):
        return _same(found, values | ({"happened_at": when} if happened_at else {}))
    forced = action != "left_alone" and is_held_out(connection, subscriber_id, now)
    if forced:
        _refuse_unless_forced(subscriber_id, force=force, reason=values["reason"])
    written = Contact(**values, happened_at=when, known_at=now, forced=forced, undone_at=None)
    return _insert(connection, written, values)


def as_scored(connection: sa.Connection, subscriber_id: str) -> str:
    """The id as nights have it: without outer blanks, unless some night scored it with them.

    Otherwise a blank would lead around the control group and around erasure.
    """
    bare = subscriber_id.strip()
    if bare in (subscriber_id, ""):
        return subscriber_id
    scored = sa.select(RISK.c.subscriber_id).where(RISK.c.subscriber_id == subscriber_id).limit(1)
    return bare if connection.scalar(scored) is None else subscriber_id


def undo_contact(
    connection: sa.Connection,
    contact_id: str,
    *,
    by: str | None = None,
    now: datetime | None = None,
) -> Contact:
    """The contact, undone now or before; possible for ``UNDO_FOR`` after it was written.

    Args:
        connection: In a transaction of ``risk.store.connect.writing``.
        contact_id: As it was logged.
        by: Name of the token that undoes it, which must have logged it; ``None``: any token's.
        now: When it is undone; by default now.

    Raises:
        BadContact: The id is no UUID.
        NoContact: There is no such contact.
        NotYours: Another token logged it.
        TooLate: It has stood for longer, and models may have learnt of it.
    """
    now, key = now or datetime.now(UTC), _uuid(contact_id)
    found = _contact(connection, key)
    if found is None:
        raise NoContact(f"no contact has the id {key}; nothing can be taken back")
    if by is not None and found.by != by:
        raise NotYours(
            f"contact {key} was logged by another token; only a token of that name, or one with "
            "the scope admin, can undo it"
        )
    if found.undone_at is None:
        if now >= found.known_at + UNDO_FOR:
            raise TooLate(
                f"contact {key} was written at {found.known_at:%Y-%m-%d %H:%M} UTC and can be "
                f"taken back for {UNDO_FOR // timedelta(minutes=1)} minutes only; since then it "
                "is part of what models know. Log what happened since as a contact of its own"
            )
        this = (CONTACTS.c.contact_id == key) & CONTACTS.c.undone_at.is_(None)
        connection.execute(sa.update(CONTACTS).where(this).values(undone_at=now))
    return _contact(connection, key) or found


def contacts_of(connection: sa.Connection, subscriber_id: str) -> list[Contact]:
    """Everything that was written about one subscriber, newest first, undone contacts among it."""
    query = sa.select(CONTACTS).where(CONTACTS.c.subscriber_id == subscriber_id)
    newest = query.order_by(CONTACTS.c.happened_at.desc(), CONTACTS.c.known_at.desc())
    return [Contact(**row) for row in connection.execute(newest).mappings()]


def settled(now: datetime) -> sa.Select[*tuple[Any, ...]]:
    """Contacts that stand at ``now`` and can be taken back no longer: ``subscriber_id``,
    ``happened_at``, ``known_at``, ``action``, ``by``; never the notes.

    Clocks may differ, and undoing may have to wait for the table: five minutes are left for that.
    """
    c = CONTACTS.c
    stands = c.undone_at.is_(None) & (c.known_at <= now - UNDO_FOR - _MARGIN)
    return sa.select(c.subscriber_id, c.happened_at, c.known_at, c.action, c.by).where(stands)


def is_held_out(connection: sa.Connection, subscriber_id: str, now: datetime) -> bool:
    """Whether the subscriber is in the control group.

    That is so by the newest night or, for a subscriber that it no longer scores (paused,
    cancelled), by random assignment in the present quarter.
    """
    newest = sa.select(sa.func.max(NIGHTS.c.scored_on)).scalar_subquery()
    scored = sa.select(RISK.c.held_out).where(
        RISK.c.scored_on == newest, RISK.c.subscriber_id == subscriber_id
    )
    if found := connection.execute(scored).first():
        return bool(found.held_out)
    assigned = sa.select(ASSIGNMENTS.c.held_out).where(
        ASSIGNMENTS.c.subscriber_id == subscriber_id,
        ASSIGNMENTS.c.season == f"{now.year}-Q{(now.month + 2) // 3}",
    )
    return bool(connection.scalar(assigned))


def _refuse_unless_forced(subscriber_id: str, *, force: bool, reason: str | None) -> None:
    if not force:
        raise HeldOut(
            f"subscriber {subscriber_id!r} is in the control group, which is not contacted, so "
            "that the effect of contacts can be measured; do not contact them, or force it with a "
            "reason"
        )
    if not reason:
        raise BadContact(
            "a contact with the control group is forced without a reason; say why in `reason`"
        )


def _contact(connection: sa.Connection, contact_id: str) -> Contact | None:
    query = sa.select(CONTACTS).where(CONTACTS.c.contact_id == contact_id)
    found = connection.execute(query).mappings().first()
    return Contact(**found) if found else None


def _insert(connection: sa.Connection, contact: Contact, values: dict[str, Any]) -> Contact:
    """Write it, unless another process has done so at the same moment."""
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(CONTACTS).values(asdict(contact)))
    except IntegrityError:
        found = _contact(connection, contact.contact_id)
        if found is None:
            raise
        return _same(found, values)
    return contact


def _same(found: Contact, values: dict[str, Any]) -> Contact:
    """The contact that is there, if it has these values."""
    other = [name for name, value in values.items() if getattr(found, name) != value]
    if other:
        raise OtherContact(
            f"contact {found.contact_id} is there already, with another {', '.join(other)}; "
            "choose a new UUID for another contact"
        )
    return found


def _moment(happened_at: datetime | None, now: datetime) -> datetime:
    if happened_at is None:
        return now
    if happened_at.utcoffset() is None:
        raise BadContact(f"happened_at is {happened_at}, of no time zone; write 2026-11-27T09:30Z")
    if happened_at < _EARLIEST:
        raise BadContact(
            f"happened_at is {happened_at.isoformat()}, before {_EARLIEST:%Y}; write a moment as "
            "2026-11-27T09:30Z, or leave it out for what has just happened"
        )
    if happened_at > now:
        raise BadContact(
            f"happened_at is {happened_at.isoformat()}, and it is {now:%Y-%m-%dT%H:%M:%SZ} now; "
            "leave it out for what has just happened"
        )
    return happened_at.astimezone(UTC)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadContact(f"contact_id should be a UUID, got {text[:50]!r}") from None


def _action(action: str) -> str:
    if action not in ACTIONS:
        raise BadContact(f"action should be one of {', '.join(ACTIONS)}, got {action[:50]!r}")
    return action


def _text(name: str, text: str, longest: int) -> str:
    """The text, if every database can hold it."""
    if not text or len(text) > longest:
        raise BadContact(f"{name} should have 1 to {longest:,} characters, got {len(text):,}")
    if not is_text(text):
        raise BadContact(f"{name} has a NUL or half a character in it; leave it out")
    return text
