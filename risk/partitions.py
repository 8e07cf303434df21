"""In PostgreSQL the table of all nights consists of months, so that old ones can go at once."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from risk.schema import RISK


def make(connection: sa.Connection, scored_on: date) -> None:
    """Make the month of a night, where absent.

    It is attached to the table, not made as part of it: that would keep readers waiting.
    """
    first, name = scored_on.replace(day=1), _name(scored_on)
    if sa.inspect(connection).has_table(name):
        return
    connection.exec_driver_sql(
        f"CREATE TABLE {name} (LIKE {RISK.name} INCLUDING CONSTRAINTS INCLUDING COMMENTS)"
    )
    connection.exec_driver_sql(
        f"ALTER TABLE {RISK.name} ATTACH PARTITION {name}"
        f" FOR VALUES FROM ('{first}') TO ('{_next(first)}')"
    )


def analyze(connection: sa.Connection, scored_on: date) -> None:
    """Tell the planner what is in the month, instead of some minutes later."""
    connection.exec_driver_sql(f"ANALYZE {_name(scored_on)}")


def _name(day: date) -> str:
    return f"{RISK.name}_{day:%Y_%m}"


def _next(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)
