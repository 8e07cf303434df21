"""In PostgreSQL the table of all nights consists of months, so that old ones can go at once.

Nothing here makes readers wait. A month is made beside the table and attached, and taken off in the
way that waits for readers instead (``CONCURRENTLY``), which no transaction can hold.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from threading import Timer
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from perdura.risk.schema.tables import RISK

_MONTHS = sa.text(
    "SELECT relname, inhdetachpending FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = to_regclass('risk') ORDER BY relname"
)

# Months that a process took off before it was stopped.
_LEFT = sa.text(
    "SELECT relname FROM pg_class WHERE relname ~ '^risk_[0-9]{4}_[0-9]{2}$' AND relkind = 'r'"
    " AND NOT relispartition AND relnamespace ="
    " (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('risk'))"
)

PATIENCE = 60.0  # seconds
_CANCEL_SECONDS = 10.0


def make(connection: sa.Connection, scored_on: date) -> None:
    """Make the month of a night, where absent."""
    first, name = scored_on.replace(day=1), _name(scored_on)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    if name in connection.scalars(_MONTHS):
        return
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")  # taken off, and not gone yet
    connection.exec_driver_sql(
        f"CREATE TABLE {name} (LIKE {RISK.name} INCLUDING CONSTRAINTS INCLUDING COMMENTS)"
    )
    connection.exec_driver_sql(
        f"ALTER TABLE {RISK.name} ATTACH PARTITION {name}"
        f" FOR VALUES FROM ('{first}') TO ('{following}')"
    )


def analyze(connection: sa.Connection, scored_on: date) -> None:
    """Tell the planner what is in the month, instead of some minutes later."""
    connection.exec_driver_sql(f"ANALYZE {_name(scored_on)}")


def drop(connection: sa.Connection, before: date, patience: float) -> bool:
    """Drop the months before that of a day; false where a reader has one open for ``patience``.

    The next call ends what this one began. The connection commits by itself.
    """
    try:
        for name, pending in connection.execute(_MONTHS).all():
            if name < _name(before):
                how = "FINALIZE" if pending else "CONCURRENTLY"
                detach = f"ALTER TABLE {RISK.name} DETACH PARTITION {name} {how}"
                _run(connection, detach, patience)
        for name in connection.scalars(_LEFT).all():
            if name < _name(before):
                _run(connection, f"DROP TABLE {name}", patience)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) not in ("57014", "55P03"):
            raise
        return False
    return True


def _run(connection: sa.Connection, statement: str, patience: float) -> None:
    """Cancel it after ``patience``: a time limit of the session might become another user's."""
    opened: Any = connection.connection.driver_connection

    def cancel() -> None:
        with suppress(Exception):  # it, or its connection, has ended: there is nothing to cancel
            opened.cancel_safe(timeout=_CANCEL_SECONDS)

    cancelling = Timer(patience, cancel)
    cancelling.start()
    try:
        connection.exec_driver_sql(statement)
    finally:
        cancelling.cancel()
        cancelling.join()


def _name(day: date) -> str:
    return f"{RISK.name}_{day:%Y_%m}"
