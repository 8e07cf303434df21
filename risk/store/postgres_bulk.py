"""How a night gets into PostgreSQL: ADBC fills tables of its own, which one transaction reads.

They are not in the write-ahead log, and PostgreSQL empties them after a crash.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from perdura.risk.errors import BadScores
from perdura.risk.schema.tables import RISK
from perdura.risk.store.postgres import connect_string
from perdura.risk.store.threads import ahead

if TYPE_CHECKING:
    import polars as pl
    from adbc_driver_postgresql import dbapi

_STAGED = "perdura_staged_"


def filled(
    connection: sa.Connection,
    url: str,
    windows: Iterator[pl.DataFrame],
    columns: Sequence[str],
    rows: int,
    *,
    rows_at_a_time: int,
) -> Generator[tuple[sa.Select[Any], int], None, None]:
    """The rows as SQL can read them, a window at a time, and how many they are.

    To be called by who publishes: that there is only one keeps the tables' names to them. One
    table is filled through another connection while the one before it is being read. They go
    when the transaction ends well; after a failure ``risk.store.connect.swept_after_failure``
    removes them, after a kill the next to publish.

    Raises:
        BadScores: A text holds NUL, which PostgreSQL cannot keep.
    """
    user = connection.scalar(sa.text("SELECT quote_ident(current_user)"))
    with _bulk(url) as bulk:
        _sweep(connection, bulk, user)

        def fill(number: int) -> tuple[sa.Table, int]:
            table, some = _table(number, columns), _fitting(next(windows), columns)
            with bulk.cursor() as cursor:
                cursor.execute(f"SET LOCAL ROLE {user}")
                cursor.execute(str(CreateTable(table).compile(dialect=connection.dialect)))
                cursor.adbc_ingest(table.name, some, mode="append")
            bulk.commit()
            return table, some.height

        with closing(ahead(fill, range(-(-rows // rows_at_a_time)), threads=1)) as tables:
            for table, some in tables:
                yield sa.select(*table.c), some
                table.drop(connection)


def _bulk(url: str) -> dbapi.Connection:
    """A connection of ADBC's: each of its transactions is to say as whom."""
    from adbc_driver_postgresql import dbapi

    return dbapi.connect(connect_string(url))


def _table(number: int, columns: Sequence[str]) -> sa.Table:
    told = (sa.Column(name, RISK.c[name].type) for name in columns)
    return sa.Table(f"{_STAGED}{number}", sa.MetaData(), *told, prefixes=["UNLOGGED"])


def _fitting(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The rows in the table's order and types: what is loaded is not converted."""
    import polars as pl

    refuse_nul(rows)
    narrow = [name for name in columns if type(RISK.c[name].type) is sa.Integer]
    return rows.select(columns).with_columns(pl.col(narrow).cast(pl.Int32))


def refuse_nul(rows: pl.DataFrame) -> None:
    """Refuse what PostgreSQL cannot keep.

    Raises:
        BadScores: A text holds NUL.
    """
    import polars as pl

    for name, kind in rows.schema.items():
        if kind == pl.String and rows[name].str.contains("\0", literal=True).any():
            raise BadScores(
                f"{name} holds a NUL character, which PostgreSQL cannot keep; leave it out"
            )


def drop_staged(connection: sa.Connection) -> None:
    """Remove all such tables; to be called by who has taken the turn."""
    for name in _staged(connection):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")


def _staged(connection: sa.Connection) -> list[str]:
    return [name for name in sa.inspect(connection).get_table_names() if name.startswith(_STAGED)]


def _sweep(connection: sa.Connection, bulk: dbapi.Connection, user: str) -> None:
    """Remove what a writer that was stopped has left, at once: the names are wanted again."""
    with bulk.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {user}")
        for name in _staged(connection):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
    bulk.commit()
