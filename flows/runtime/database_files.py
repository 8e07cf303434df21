"""SQLite files that another program may hold, or that may be broken: said before work begins.

MLflow and Prefect wait for a file in silence, and say of a broken one what its driver says.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

from perdura.flows.runtime.progress import STDERR
from perdura.risk.store.sqlite import read_only

#: Seconds that are waited for another program, and of which nothing is said.
PATIENCE, _MOMENT = 60.0, 1.0

_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


class DatabaseHeld(ConnectionError):
    """Another program writes into a database and does not end. Nothing was written."""


class BrokenDatabase(RuntimeError):
    """A database cannot be read any more. Nothing was written."""


def wait_for(file: Path, remedy: str, *, patience: float = PATIENCE) -> None:
    """Return once a SQLite file can be written; say at once if another program is waited for.

    A file that is not there, or that may only be read, is not waited for.

    Args:
        file: For example MLflow's database.
        remedy: What to do if it is broken; the end of a sentence.
        patience: Seconds until it is given up.

    Raises:
        DatabaseHeld: Another program has written into it all the time.
        BrokenDatabase: It is no database any more.
    """
    if not file.exists() or not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        return
    until, is_said = monotonic() + patience, False
    while _is_held(file, remedy):
        if monotonic() > until:
            raise DatabaseHeld(
                f"{file} has been written to by another program for {patience:.0f} seconds, and "
                "only one can; end that program, or run the same command again later. Nothing was "
                "written"
            )
        if not is_said:
            STDERR.print(f"  waiting for another program that writes into {file}", soft_wrap=True)
        is_said = True
        sleep(0.2)


def broken(files: Iterable[Path]) -> tuple[Path, str] | None:
    """The first of the files that is a broken database, and how it is broken."""
    for file in files:
        if not file.exists():
            continue
        try:
            with closing(sqlite3.connect(read_only(file), uri=True)) as database:
                (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in _BROKEN:  # else another program holds it
                return file, str(error)
            continue
        if found != "ok":
            return file, "database disk image is malformed"
    return None


def _is_held(file: Path, remedy: str) -> bool:
    """Whether another program writes into the file and does not end within a moment."""
    try:
        with closing(sqlite3.connect(file, timeout=_MOMENT, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            database.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        code = error.sqlite_errorcode & 0xFF
        if code in _BROKEN:
            raise BrokenDatabase(f"{file} is broken ({error}); {remedy}") from error
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return False
