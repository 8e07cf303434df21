"""The embedded database: one file that many may read while one writes.

Only one copy of SQLite may have a database open in a process: POSIX locks belong to the process,
so when Python's ``sqlite3`` closes a file that ADBC (which brings its own copy) is writing, the
write-ahead log is deleted under the writer. ADBC therefore fills a file of its own, from which
``sqlite3`` copies inside its transaction (``risk.store.sqlite_bulk``).
"""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from perdura.risk.migrations import NEWEST, bring_up, look, version_of
from perdura.risk.store.urls import shown

_LOG = logging.getLogger(__name__)

_WAIT_SECONDS = 60.0  # for another writer; readers never wait
_MOMENT_SECONDS = 1.0  # of waiting, which is not logged

_LONG_LOG = 32 * 2**20  # bytes
_SHORTEN_SECONDS = 2.0  # for readers of an earlier state
_LEFT_ALONE_SECONDS = 60.0
_left_alone: dict[Path, float] = {}
#: Inodes of the files that connections are kept to: a path may come to be another file.
_numbers: dict[Path, int] = {}

_WRITING = (
    "page_size = 8192",  # of a new file: a row is about 1 KB
    "journal_mode = WAL",
    # A power cut may take back the newest night, whole; the file stays sound and the night can be
    # done again. A process that is killed loses nothing that was committed.
    "synchronous = NORMAL",
    "cache_size = -262144",  # KiB: an index of ten million ranks is filled without spilling
    "ignore_check_constraints = ON",  # every row has been checked; what else writes is checked
)


class StoreLocked(ConnectionError):
    """Another program writes into the file and does not end. Nothing was written."""


def database_file(url: str) -> Path:
    """The file that ``url`` names.

    Raises:
        ValueError: The url is not ``sqlite:///FILE``.
    """
    kind, _, file = url.partition(":///")
    if kind != "sqlite" or file in ("", ":memory:"):
        raise ValueError(
            "a risk table is kept in sqlite:///FILE or postgresql://USER@HOST/DATABASE; got "
            + shown(url)
        )
    return Path(str(sa.make_url(url).database)).absolute()


@contextmanager
def reading(file: Path) -> Generator[sa.Connection]:
    """A transaction that sees one moment of the file, waits for no other and can change nothing.

    Its connection is kept for the next: to open one is to read the schema again.
    """
    if _is_at_rest(file):
        engine = _engine(file, "ro&immutable=1", "BEGIN")
    else:
        engine, number = _engine(file, "ro", "BEGIN"), file.stat().st_ino
        if _numbers.setdefault(file, number) != number:
            _numbers[file] = number
            engine.dispose()  # its connections are to a file that this one replaced
    with engine.begin() as connection:
        look(connection)
        yield connection


@contextmanager
def writing(
    file: Path, *, durable: bool = False, patience: float = _WAIT_SECONDS, anew: bool = True
) -> Generator[sa.Connection]:
    """A transaction that happens whole or, after an error or a kill, not at all.

    The file and its tables are made where absent, and one made by an older version is brought up
    to this one's in the same transaction. One writer at a time: others wait. If it is to be
    durable, not even a power cut takes it back once it has ended. ``patience`` is how long another
    writer is waited for (seconds). Without ``anew`` nothing is made nor brought up.

    Raises:
        StoreLocked: Another program has written for longer than ``patience``.
    """
    if anew:
        file.parent.mkdir(parents=True, exist_ok=True)
    mode = "rwc" if anew else "rw"
    engine = _engine(file, mode, "BEGIN IMMEDIATE", durable=durable, patience=patience)
    with engine.connect() as connection:
        with connection.begin():
            if anew and version_of(connection) != NEWEST:
                bring_up(connection)
            yield connection
        if patience > _MOMENT_SECONDS:
            _shorten_log(connection, file)


def fold_log(file: Path) -> None:
    """Write SQLite's log back into the file and remove it, where no other program has that open.

    SQLite removes a log only when the last connection to close may write. So those that are kept
    for reading are closed, and one that may write comes last. Where this user may not write, or
    another program reads or writes, the log stays.
    """
    _engine(file, "ro", "BEGIN").pool.dispose()  # of the idle; one at work comes back to it
    if not _log_of(file).exists():
        return
    uri = f"{file.as_uri()}?mode=rw"
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True, timeout=0)) as last:
        last.execute("PRAGMA schema_version").fetchone()  # opens the log: closing removes it


@atexit.register
def _fold_logs() -> None:
    """At the end of a process that has read: else each command would leave an empty log."""
    for file in _numbers:
        fold_log(file)


def _log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def read_only(file: Path) -> str:
    """The address by which SQLite reads a file, also in a folder that nothing can be written to.

    There it would fail for want of a place for the log's index, although there is no log.
    """
    return f"{file.as_uri()}?mode=ro{'&immutable=1' if _is_at_rest(file) else ''}"


def _is_at_rest(file: Path) -> bool:
    """Whether nothing is in a log and none can be begun from here: its folder is read-only."""
    return not os.access(file.parent, os.W_OK) and not _log_of(file).exists()


def _shorten_log(connection: sa.Connection, file: Path) -> None:
    """Write a long log back into the file: until then each program that opens it reads it all.

    SQLite does it by itself only where no other program has the file open. Writers wait for it, so
    where a reader held it up it is left alone for a while.
    """
    log = _log_of(file)
    if monotonic() < _left_alone.get(file, 0.0) or not log.exists():
        return
    if log.stat().st_size > _LONG_LOG:
        opened: Any = connection.connection.driver_connection  # not in a transaction
        opened.execute(f"PRAGMA busy_timeout = {int(_SHORTEN_SECONDS * 1000)}")
        held_up = opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if held_up:
            _left_alone[file] = monotonic() + _LEFT_ALONE_SECONDS


@lru_cache(maxsize=64)  # an engine remembers how statements are worded
def _engine(
    file: Path,
    mode: str,
    begin: str,
    *,
    durable: bool = False,
    patience: float = _WAIT_SECONDS,
) -> sa.Engine:
    """Connections that begin as told, instead of when Python's driver finds it necessary."""

    def connect() -> sqlite3.Connection:
        uri = f"{file.as_uri()}?mode={mode}"
        # Used by one thread at a time, which need not be the one that closes it.
        opened = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS, check_same_thread=False
        )
        if not mode.startswith("ro"):
            for pragma in _WRITING:
                _set(opened, pragma)
            if durable:
                _set(opened, "synchronous = FULL")
            if patience <= _MOMENT_SECONDS:  # nor does it write others' log back into the file
                _set(opened, "wal_autocheckpoint = 0")
        return opened

    # As many stay open as were ever at work at once (0 is no bound); the last used is next.
    pool = {"poolclass": sa.QueuePool, "pool_size": 0, "pool_use_lifo": True}
    engine = sa.create_engine(
        "sqlite://",
        creator=connect,
        hide_parameters=True,
        # A file that is taken to be at rest is opened anew each time: elsewhere it may be written.
        **(pool if mode == "ro" else {"poolclass": sa.NullPool}),
    )

    def on_begin(connection: sa.Connection) -> None:
        _begin(connection, file, begin, patience)

    event.listen(engine, "begin", on_begin)
    return engine


def _begin(connection: sa.Connection, file: Path, begin: str, patience: float) -> None:
    """Begin; where another writes for longer than a moment, say that it is waited for."""
    opened: Any = connection.connection.driver_connection
    if patience <= _MOMENT_SECONDS:
        opened.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        _begin_or_tell(opened, file, begin, patience)
        return
    opened.execute(f"PRAGMA busy_timeout = {int(_MOMENT_SECONDS * 1000)}")
    try:
        opened.execute(begin)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        _LOG.warning("  waiting for another program that writes into %s", file)
        opened.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        _begin_or_tell(opened, file, begin, patience)
    else:
        opened.execute(f"PRAGMA busy_timeout = {int(_WAIT_SECONDS * 1000)}")


def _begin_or_tell(opened: sqlite3.Connection, file: Path, begin: str, patience: float) -> None:
    try:
        opened.execute(begin)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise StoreLocked(
            f"{file} has been written to by another program for {patience:g} seconds, and "
            "only one can; end that program, or try again later. Nothing was written"
        ) from error


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
