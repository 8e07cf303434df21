"""All tables that a store has, and whether they are there."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn, SetColumnComment

from perdura.risk.schema.access import TOKENS
from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.schema.audit import AUDIT
from perdura.risk.schema.contact_effect import CONTACT_EFFECT
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.declare import METADATA
from perdura.risk.schema.deliveries import DELIVERIES
from perdura.risk.schema.erased import ERASED
from perdura.risk.schema.not_scored import NOT_SCORED
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.recent import EVENTS, STATES
from perdura.risk.schema.tables import NIGHTS, RISK

#: All tables that are made.
TABLES = (
    NIGHTS,
    RISK,
    PHRASES,
    PORTFOLIO,
    NOT_SCORED,
    STATES,
    EVENTS,
    CONTACTS,
    CONTACT_EFFECT,
    ASSIGNMENTS,
    TOKENS,
    AUDIT,
    DELIVERIES,
    ERASED,
)

#: What a connection knows whose store has all of ``TABLES``, as they are here.
WHOLE = "all tables are there"

_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info(:of)",
    "postgresql": "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:of)"
    " AND attnum > 0 AND NOT attisdropped",
}


def columns_of(connection: sa.Connection, table: sa.TableClause) -> set[str]:
    """The columns that a table has in this store, which an older version may have made.

    None where there is no such table.
    """
    if WHOLE in connection.info and table in TABLES:
        return set(table.c.keys())
    query = sa.text(_COLUMNS[connection.dialect.name])
    return set(connection.scalars(query, {"of": table.name}))


def complete(connection: sa.Connection) -> None:
    """Make the tables, columns and indexes that are missing; columns are null in what is there."""
    METADATA.create_all(connection, TABLES)
    for table in TABLES:
        _add_columns(connection, table)
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def add_columns(connection: sa.Connection) -> None:
    """Make the columns that are missing in tables that are there; null in their rows."""
    for table in TABLES:
        if columns_of(connection, table):
            _add_columns(connection, table)


def _add_columns(connection: sa.Connection, table: sa.Table) -> None:
    there = columns_of(connection, table)
    for column in table.columns:
        if column.name not in there:
            told = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {told}")
            if connection.dialect.supports_comments:
                connection.execute(SetColumnComment(column))
