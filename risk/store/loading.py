"""Whole small tables beside the risks, replaced inside a transaction that somebody else began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from perdura.risk.schema.declare import Utc

if TYPE_CHECKING:
    import polars as pl

_AT_A_TIME = 50_000


def replace_all(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame) -> None:
    """Make ``rows``, which have the table's columns, all that it holds: readers see no part of it.

    A row at a time through SQLAlchemy takes PostgreSQL twenty times as long as COPY.
    """
    connection.execute(sa.delete(table))
    insert_all(connection, table, rows)


def insert_all(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame) -> None:
    """Add ``rows``, which have the table's columns; what is JSON there is text of it here."""
    told = rows.select(table.c.keys())
    if connection.dialect.name == "postgresql":
        _copy(connection, table, told)
    else:
        _insert(connection, table, told)


def _copy(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame) -> None:
    import polars as pl

    rows = rows.with_columns(pl.col(_moments(table)).dt.replace_time_zone(None))
    driver: Any = connection.connection.driver_connection
    quoted = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quoted, table.c.keys()))
    into = f"COPY {quoted(table.name)} ({columns}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(into) as to:
        for row in rows.iter_rows():
            to.write_row(row)


def _insert(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame) -> None:
    import polars as pl

    statement = str(sa.insert(table).compile(dialect=connection.dialect))
    # As SQLAlchemy words moments for SQLite.
    rows = rows.with_columns(pl.col(_moments(table)).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"))
    for some in rows.iter_slices(_AT_A_TIME):
        connection.exec_driver_sql(statement, some.rows())


def _moments(table: sa.Table) -> list[str]:
    return [column.name for column in table.c if isinstance(column.type, Utc)]
