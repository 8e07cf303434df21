"""Rows of the risk table put in as they are: for tests of the schema, below publishing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from perdura.risk.schema.all_tables import TABLES, complete
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.schema.views import create_views

NIGHT = date(2026, 3, 2)


def midnight(day: date) -> datetime:
    """00:00 UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def bare_row(subscriber_id: str, scored_on: date = NIGHT, **values: Any) -> dict[str, Any]:
    """One row of ``risk``: what it must have, and what is given."""
    return {
        "scored_on": scored_on,
        "subscriber_id": subscriber_id,
        "rank": 1,
        "state": "active",
        "risk": 0.5,
        "risk_voluntary": 0.25,
        "risk_payment": 0.25,
        "band": "high",
        "reasons": [],
        "action": "call",
        "action_text": "Call",
        "model_version": "7",
        "valid_until": midnight(scored_on) + timedelta(hours=26),
        "degraded": [],
        **values,
    }


def bare_night(scored_on: date = NIGHT, **values: Any) -> dict[str, Any]:
    """One row of ``nights``."""
    return {
        "scored_on": scored_on,
        "published_at": midnight(scored_on),
        "rows": 1,
        "model_version": "7",
        "language": "en",
        "valid_until": midnight(scored_on) + timedelta(hours=26),
        "degraded": [],
        "fingerprint": str(scored_on),
        **values,
    }


@contextmanager
def empty_store() -> Iterator[sa.Connection]:
    """A store of SQLite in memory, with all tables and views and no row."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        complete(connection)
        create_views(connection)
        yield connection
    engine.dispose()


def cleared(connection: sa.Connection) -> sa.Connection:
    """The same store without its rows."""
    for table in TABLES:
        connection.execute(sa.delete(table))
    return connection


def put_bare(connection: sa.Connection, *rows: dict[str, Any]) -> None:
    """The rows, and the nights that they are of."""
    for day in {row["scored_on"] for row in rows}:
        connection.execute(sa.insert(NIGHTS).values(bare_night(day)))
    for row in rows:  # each has columns of its own
        connection.execute(sa.insert(RISK).values(row))
