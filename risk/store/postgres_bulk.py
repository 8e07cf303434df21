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

    To be called by the only publisher, to which the tables' names so belong. One table is filled
    through another connection while the one before it is being read. They go when the transaction
    ends well; after a failure ``risk.store.connect.swept_after_failure`` removes them, after a
    kill the next publisher.

    Raises:
        BadScores: A text holds NUL, which PostgreSQL cannot keep.
    """
    user = connection.scalar(sa.text("SELECT quote_ident(current_user)"))
    from adbc_driver_postgresql import dbapi

    # Each transaction of ADBC's connection has to set its role.
    with dbapi.connect(connect_string(url)) as bulk:
        with bulk.cursor() as cursor:  # at once: the names are needed again
            cursor.execute(f"SET LOCAL ROLE {user}")
            for name in _staged(connection):
                cursor.execute(f"DROP TABLE IF EXISTS {name}")
        bulk.commit()

        def fill(number: int) -> tuple[sa.Table, int]:
            typed = (sa.Column(name, RISK.c[name].type) for name in columns)
            table = sa.Table(f"{_STAGED}{number}", sa.MetaData(), *typed, prefixes=["UNLOGGED"])
            batch = _fitting(next(windows), columns)
            with bulk.cursor() as cursor:
                cursor.execute(f"SET LOCAL ROLE {user}")
                cursor.execute(str(CreateTable(table).compile(dialect=connection.dialect)))
                cursor.adbc_ingest(table.name, batch, mode="append")
            bulk.commit()
            return table, batch.height

        with closing(ahead(fill, range(-(-rows // rows_at_a_time)), threads=1)) as tables:
            for table, count in tables:
                yield sa.select(*table.c), count
                table.drop(connection)


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
    """Remove all such tables; to be called after ``take_turn``."""
    for name in _staged(connection):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")


def _staged(connection: sa.Connection) -> list[str]:
    return [name for name in sa.inspect(connection).get_table_names() if name.startswith(_STAGED)]
