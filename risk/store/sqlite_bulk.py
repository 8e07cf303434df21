"""How a night gets into SQLite: ADBC fills files of its own, which SQL reads inside a transaction.

``risk.store.sqlite`` says why it does not write into the table itself.
"""

from __future__ import annotations

import glob
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from perdura.risk.store.threads import ahead

if TYPE_CHECKING:
    import polars as pl

#: Table that holds what is to be inserted; with a number, the attached database it is in.
STAGED = "staged"

#: Files that are attached at most (SQLite allows 10).
PARTS = 8


def filled(
    connection: sa.Connection,
    file: Path,
    windows: Iterator[pl.DataFrame],
    columns: Sequence[str],
    rows: int,
    *,
    rows_at_a_time: int,
) -> Generator[tuple[sa.Select[Any], int], None, None]:
    """The rows as SQL can read them, ``rows_at_a_time``, and the number of each batch.

    To be called inside ``risk.store.sqlite.writing``: by its lock the files' names belong to one
    writer. One file is filled by another thread while the one before it is being read.
    """
    _sweep(file)
    try:
        with closing(_files(file, windows, rows, rows_at_a_time)) as files:
            for part, count in files:
                source = _attach(connection, part, columns)
                for done in range(0, count, rows_at_a_time):
                    last = min(done + rows_at_a_time, count)
                    taken = sa.select(*(source.c[name] for name in columns))
                    yield taken.where(source.c.rowid > done, source.c.rowid <= last), last - done
    finally:
        _sweep(file)  # after a failure one may be filled that was not read


def _files(
    file: Path, windows: Iterator[pl.DataFrame], rows: int, rows_at_a_time: int
) -> Generator[tuple[Path, int], None, None]:
    """The rows in at most ``PARTS`` files to attach, and how many are in each."""
    count = -(-rows // rows_at_a_time)
    per_file = -(-count // PARTS)
    size = per_file * rows_at_a_time

    def fill(part: int) -> tuple[Path, int]:
        """One table in a file of its own; rowid 1 is the first."""
        from adbc_driver_sqlite import dbapi

        staged = file.with_name(f"{file.name}-{STAGED}{part}")
        with dbapi.connect(str(staged)) as bulk, bulk.cursor() as cursor:
            for number, batch in enumerate(islice(windows, per_file)):
                cursor.adbc_ingest(STAGED, batch, mode="append" if number else "create")
            bulk.commit()
        return staged, min(size, rows - part * size)

    return ahead(fill, range(-(-count // per_file)), threads=1)


def _attach(connection: sa.Connection, staged: Path, columns: Sequence[str]) -> sa.TableClause:
    """Let SQL read a filled file; at most ``PARTS`` of them.

    A transaction cannot let go of a file again, but its name is gone at once, and the rest as soon
    as it is closed, whatever happens.
    """
    name = staged.name.rpartition("-")[2]
    connection.execute(sa.text(f"ATTACH DATABASE :file AS {name}"), {"file": str(staged)})
    staged.unlink(missing_ok=True)
    staged.with_name(f"{staged.name}-journal").unlink(missing_ok=True)
    return sa.table(STAGED, sa.column("rowid"), *map(sa.column, columns), schema=name)


def _sweep(file: Path) -> None:
    """Remove what a writer that was killed has left."""
    for left in file.parent.glob(f"{glob.escape(file.name)}-{STAGED}*"):
        left.unlink(missing_ok=True)
