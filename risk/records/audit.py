"""The audit: every read, export and write about subscribers. ``risk.api.auditing`` and
``risk.records.audited_reads`` fill it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.records.erased import erased_among, texts_in, without_erased
from perdura.risk.schema.audit import AUDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One answer, as the table ``audit`` keeps it."""

    token_id: str
    token_name: str
    what: str
    subscriber_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    audit_id: str = field(default_factory=lambda: str(uuid4()))


def named(night: Night, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The detail of an entry about a page: its night and its subscribers."""
    return {"night": str(night.scored_on), "people": [row["subscriber_id"] for row in rows]}


def write(connection: sa.Connection, entries: Sequence[AuditEntry]) -> None:
    """Write entries; those that are there already stay as they are.

    A subscriber who was erased meanwhile gets a pseudonym, as in the entries of before.
    """
    ids = [entry.audit_id for entry in entries]
    there = set(connection.scalars(sa.select(AUDIT.c.audit_id).where(AUDIT.c.audit_id.in_(ids))))
    new = [entry for entry in entries if entry.audit_id not in there]
    insert(connection, without_erased_ids(connection, new))


def insert(connection: sa.Connection, entries: Sequence[AuditEntry]) -> None:
    """Add entries as they are. It reads nothing: a role that may only add can do it."""
    if entries:
        connection.execute(sa.insert(AUDIT), [asdict(entry) for entry in entries])


def without_erased_ids(
    connection: sa.Connection, entries: Sequence[AuditEntry]
) -> list[AuditEntry]:
    """The entries with a pseudonym in the place of each erased id."""
    about = [(entry.subscriber_id, entry.detail) for entry in entries]
    erased = erased_among(connection, texts_in(about))
    return [
        replace(
            entry,
            subscriber_id=without_erased(entry.subscriber_id, erased),
            detail=without_erased(entry.detail, erased),
        )
        for entry in entries
    ]


def newest(
    connection: sa.Connection, *, subscriber_id: str | None = None, top: int = 100
) -> list[dict[str, Any]]:
    """The newest entries, newest first.

    With a subscriber, only those about them, or of a page that named them. The entry of an export
    of a whole night has its filters, and not its subscribers.
    """
    query = sa.select(AUDIT).order_by(AUDIT.c.at.desc(), AUDIT.c.audit_id).limit(top)
    if subscriber_id is not None:
        position = sa.func.instr if connection.dialect.name == "sqlite" else sa.func.strpos
        listed = position(sa.cast(AUDIT.c.detail, sa.Text), json.dumps(subscriber_id)) > 0
        query = query.where(sa.or_(AUDIT.c.subscriber_id == subscriber_id, listed))
    return [dict(row) for row in connection.execute(query).mappings()]
