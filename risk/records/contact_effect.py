"""The effect of contacts as last estimated, by random assignment: what `perdura effect` says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from perdura.risk.schema.tables import METADATA, Utc, column

CONTACT_EFFECT = sa.Table(
    "contact_effect",
    METADATA,
    column("known_until", Utc, "Only what was known before was used (UTC)", key=True),
    column("horizon_days", sa.Integer, "Stayed: had not left so many days later"),
    column("group_compared", sa.Text, "listed (by random assignment), else contacted or offered"),
    column("known", sa.BigInteger, "Subscribers in it whose outcome is known"),
    column("stayed", sa.BigInteger, "How many of these stayed"),
    column("awaited", sa.BigInteger, "Subscribers in it whose outcome is not known yet"),
    column("reached", sa.BigInteger, "How many of the listed were contacted within the horizon"),
    column("control_known", sa.BigInteger, "As known, of the control group"),
    column("control_stayed", sa.BigInteger, "As stayed, of the control group"),
    column("control_awaited", sa.BigInteger, "As awaited, of the control group"),
    column("difference", sa.Float, "Share that stayed, less the control group's", nullable=True),
    column("low", sa.Float, "The true difference is from here on (95 %)", nullable=True),
    column("high", sa.Float, "The true difference is up to here (95 %)", nullable=True),
    comment="The newest estimate, one row; written by every training and `perdura effect`",
)


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
