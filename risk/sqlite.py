"""The embedded database: one file that many may read while one writes.

Only one copy of SQLite may have a database open in a process: POSIX locks belong to the process,
so when Python's ``sqlite3`` closes a file that ADBC (which brings its own copy) is writing, the
write-ahead log is deleted under the writer. ADBC therefore fills a file of its own, from which
``sqlite3`` copies inside its transaction.
"""

from __future__ import annotations

import glob
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.schema import CreateColumn

from risk.contacts import CONTACTS
from risk.out.deliveries import DELIVERIES
from risk.recent import EVENTS, STATES
from risk.schema import METADATA, NIGHTS, RISK
from risk.views import create_views

if TYPE_CHECKING:
    import polars as pl

#: All tables that are made.
TABLES = (NIGHTS, RISK, STATES, EVENTS, CONTACTS, DELIVERIES)

#: Table that holds what is to be inserted; with a number, the attached database it is in.
STAGED = "staged"

#: So many files can be attached (SQLite allows 10).
PARTS = 8

_WAIT_SECONDS = 60.0  # for another writer; readers never wait

_WRITING = (
    "page_size = 8192",  # of a new file: a row is about 1 KB
    "journal_mode = WAL",
    # A power cut may take back the newest night, whole; the file stays sound and the night can be
    # done again. A process that is killed loses nothing that was committed.
    "synchronous = NORMAL",
    "cache_size = -262144",  # KiB: an index of ten million ranks is filled without spilling
    "ignore_check_constraints = ON",  # every row has been checked; what else writes is checked
)


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

    The file and its tables are made where absent, and columns that a table made by an older
    version has not are added to it, null. One writer at a time: others wait.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _engine(file, "rwc", "BEGIN IMMEDIATE").begin() as connection:
        METADATA.create_all(connection, TABLES)
        for table in TABLES:
            _add_columns(connection, table)
        create_views(connection)
        yield connection


def columns_of(connection: sa.Connection, table: sa.Table) -> set[str]:
    """The columns that a table has in this file, which an older version may have made."""
    rows = connection.execute(sa.text("SELECT name FROM pragma_table_info(:t)"), {"t": table.name})
    return set(rows.scalars())


def _add_columns(connection: sa.Connection, table: sa.Table) -> None:
    there = columns_of(connection, table)
    for column in table.columns:
        if column.name not in there:
            told = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {told}")


def fill(file: Path, part: int, rows: Iterable[pl.DataFrame]) -> Path:
    """Put ``rows`` into a file beside ``file``, in one table; rowid 1 is the first.

    To be called inside ``writing``, maybe by another thread: its lock is what keeps the names to
    one writer.
    """
    from adbc_driver_sqlite import dbapi

    staged = file.with_name(f"{file.name}-{STAGED}{part}")
    with dbapi.connect(str(staged)) as bulk, bulk.cursor() as cursor:
        for number, some in enumerate(rows):
            mode = "append" if number else "create"
            cursor.adbc_ingest(STAGED, some, mode=mode)  # type: ignore[arg-type]
        bulk.commit()
    return staged


def attach(connection: sa.Connection, staged: Path) -> str:
    """Let SQL read a filled file, as the database that is named here; at most ``PARTS`` of them.

    A transaction cannot let go of a file again, but its name is gone at once, and the rest as soon
    as it is closed, whatever happens.
    """
    name = staged.name.rpartition("-")[2]
    connection.execute(sa.text(f"ATTACH DATABASE :file AS {name}"), {"file": str(staged)})
    _remove(staged)
    return name


def sweep(file: Path) -> None:
    """Remove what a writer that was killed has left. To be called inside ``writing``."""
    for left in file.parent.glob(f"{glob.escape(file.name)}-{STAGED}*"):
        left.unlink(missing_ok=True)


def _engine(file: Path, mode: str, begin: str) -> sa.Engine:
    """Connections that begin as told, instead of when Python's driver finds it necessary."""

    def connect() -> sqlite3.Connection:
        uri = f"{file.as_uri()}?mode={mode}"
        opened = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)
        if mode != "ro":
            for pragma in _WRITING:
                _set(opened, pragma)
        return opened

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _set(opened: sqlite3.Connection, pragma: str) -> None:
    """Set one thing. SQLite does not wait by itself where another makes the file a WAL at once."""
    deadline = monotonic() + _WAIT_SECONDS
    while True:
        try:
            opened.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > deadline:
                raise
            sleep(0.02)
        else:
            return


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}-journal").unlink(missing_ok=True)
