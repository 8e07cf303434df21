"""The effect of contacts as last estimated, by random assignment: what `perdura effect` says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from perdura.risk.schema.contact_effect import CONTACT_EFFECT


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEffect:
    """The row of the table ``contact_effect``."""

    known_until: datetime
    horizon_days: int
    group_compared: str
    known: int
    stayed: int
    awaited: int
    reached: int
    control_known: int
    control_stayed: int
    control_awaited: int
    difference: float | None
    low: float | None
    high: float | None


def write_contact_effect(connection: sa.Connection, effect: ContactEffect) -> None:
    """Replace the estimate."""
    connection.execute(sa.delete(CONTACT_EFFECT))
    connection.execute(sa.insert(CONTACT_EFFECT).values(asdict(effect)))


def newest_contact_effect(connection: sa.Connection) -> ContactEffect | None:
    """The estimate; none where none has been made."""
    if not sa.inspect(connection).has_table(CONTACT_EFFECT.name):
        return None
    row = connection.execute(sa.select(CONTACT_EFFECT)).mappings().first()
    return ContactEffect(**row) if row else None
