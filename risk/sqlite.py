"""The embedded database: one file that many may read while one writes.

Only one copy of SQLite may have a database open in a process: POSIX locks belong to the process,
so when Python's ``sqlite3`` closes a file that ADBC (which brings its own copy) is writing, the
write-ahead log is deleted under the writer. ADBC therefore fills a file of its own, from which
``sqlite3`` copies inside its transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event

from risk.schema import METADATA

if TYPE_CHECKING:
    import polars as pl

#: Name of the attached database that holds what is to be inserted, in a table of the same name.
STAGED = "staged"

_WAIT_SECONDS = 60.0  # for another writer; readers never wait
_CACHE_KIB = 256 * 1024  # a night of a million is written without spilling its index


def database_file(url: str) -> Path:
    """The file that ``url`` names.

    Raises:
        ValueError: The url is not ``sqlite:///FILE``.
    """
    parts = sa.make_url(url)
    if parts.get_backend_name() != "sqlite" or parts.database in (None, "", ":memory:"):
        raise ValueError(f"a risk table is kept in sqlite:///FILE; got {url!r}")
    return Path(str(parts.database)).absolute()


@contextmanager
def reading(file: Path) -> Iterator[sa.Connection]:
    """A transaction that sees one moment of the file, waits for nobody and can change nothing."""
    with _engine(file, "ro", "BEGIN").begin() as connection:
        yield connection


@contextmanager
def writing(file: Path) -> Iterator[sa.Connection]:
    """A transaction that happens whole or, after an error or a kill, not at all.

    The file and its tables are made where absent. One writer at a time: others wait.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _engine(file, "rwc", "BEGIN IMMEDIATE").begin() as connection:
        METADATA.create_all(connection)
        yield connection


def stage(connection: sa.Connection, file: Path, rows: pl.DataFrame) -> None:
    """Put ``rows`` where SQL can insert them from: ``staged.staged``, rowid 1 being the first.

    To be called once, inside ``writing``: its lock is what keeps the name to one writer.
    """
    from adbc_driver_sqlite import dbapi

    staged = file.with_name(f"{file.name}-{STAGED}")
    _remove(staged)  # of a writer that was killed
    with dbapi.connect(str(staged)) as bulk, bulk.cursor() as cursor:
        cursor.adbc_ingest(STAGED, rows, mode="create")  # type: ignore[arg-type]
        bulk.commit()
    connection.execute(sa.text(f"ATTACH DATABASE :file AS {STAGED}"), {"file": str(staged)})
    _remove(staged)  # open, and gone as soon as it is closed, whatever happens


def _engine(file: Path, mode: str, begin: str) -> sa.Engine:
    """Connections that begin as told, instead of when Python's driver finds it necessary."""

    def connect() -> sqlite3.Connection:
        uri = f"{file.as_uri()}?mode={mode}"
        opened = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)
        if mode != "ro":
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return opened

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}-journal").unlink(missing_ok=True)
