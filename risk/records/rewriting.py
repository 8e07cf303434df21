"""SQLite's file written anew after an erasure: pages that are not in use may hold older copies.

No other process can write meanwhile. So a small file is written anew at once, and a large one at
the end of the next night, which has held the lock for longer than that already.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

from perdura.risk.store import postgres, sqlite

_LOG = logging.getLogger(__name__)

_LARGE = 64 * 2**20  # bytes, which take less than a second
_DUE = 1  # as the file's ``user_version``, which nothing else uses
_PATIENCE = 60.0  # seconds
_TRY_SECONDS = 0.5  # for readers, while no process can write


class StillRead(RuntimeError):
    """A program reads a state of the database from before the erasure, and keeps it from going."""


def rewrite_or_put_off(file: Path, patience: float) -> None:
    """Write a small file anew, let a large one be due; either way empty the log.

    Raises:
        StillRead: The log could not be emptied within ``patience`` (seconds).
    """
    with closing(sqlite3.connect(file, isolation_level=None, timeout=patience)) as opened:
        if file.stat().st_size > _LARGE:
            opened.execute(f"PRAGMA user_version = {_DUE}")
        else:
            _rewrite(opened)
        _empty_log(opened, file, patience)


def is_due(url: str) -> bool:
    """Whether the file is to be written anew by the next night."""
    if postgres.is_postgres(url):
        return False
    with sqlite.reading(sqlite.database_file(url)) as connection:
        return connection.exec_driver_sql("PRAGMA user_version").scalar_one() == _DUE


def rewrite_if_due(url: str) -> None:
    """Write the file anew where an erasure has put that off; what fails is due again next time.

    It takes as much room again for as long as it takes.
    """
    if not is_due(url):
        return
    file = sqlite.database_file(url)
    try:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=_PATIENCE)) as opened:
            _rewrite(opened)
            _empty_log(opened, file, _PATIENCE)
    except (sqlite3.Error, StillRead) as error:
        _LOG.warning("%s could not be written anew after an erasure: %s", file, error)


def _rewrite(opened: sqlite3.Connection) -> None:
    opened.execute("VACUUM")
    opened.execute("PRAGMA user_version = 0")


def _empty_log(opened: sqlite3.Connection, file: Path, patience: float) -> None:
    """Write the log back and empty it: the first lets others write, the second takes a moment."""
    deadline = monotonic() + patience
    opened.execute("PRAGMA wal_checkpoint(PASSIVE)")
    opened.execute(f"PRAGMA busy_timeout = {int(_TRY_SECONDS * 1000)}")
    while opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if monotonic() > deadline:
            raise StillRead(
                f"a program has been reading {file} since before the erasure, so the log "
                "beside it cannot be emptied; end that program and run the same command again"
            )
        sleep(_TRY_SECONDS)
