"""Why the audit can never be written, and what to do, where waiting does not help."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import OperationalError

import sqlalchemy as sa
from sqlalchemy import exc

from perdura.risk.records.audit_aside import folder_of
from perdura.risk.schema.audit import AUDIT
from perdura.risk.store import postgres, sqlite
from perdura.risk.store.connect import reading, writing
from perdura.risk.store.urls import shown

#: Codes of PostgreSQL; the second: of a standby that is to begin to write.
_ONLY_READ = ("25006", "0A000")
_NO_RIGHT, _NO_TABLE = "42501", "42P01"

_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
_MOMENT_SECONDS = 0.05  # of SQLite's only lock


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a user can never write the audit of a store, and what to do.

    Attributes:
        why: Names the store, so it is for logs and the command line alone.
        todo: Names no place of the machine.
        only_read: Whether no user can write there: a read-only mount, a standby.
    """

    why: str
    todo: str
    only_read: bool = False


def refusal_of(url: str, error: BaseException) -> Refusal | None:
    """Why ``error`` will come again at each writing of the audit; ``None`` where it may pass."""
    if not postgres.is_postgres(url):
        file = sqlite.database_file(url)
        if isinstance(error, OSError) and error.errno in _NOT_ALLOWED:
            return _refusal_of_folder(file) or _no_right(file.parent)
        is_sqlite = isinstance(error, exc.OperationalError | OperationalError)
        return _refusal_of_folder(file) if is_sqlite else None
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    if code in _ONLY_READ:
        return Refusal(
            f"{shown(url)} can only be read (a standby, or a role that only reads)",
            "connect to the primary server as a role that may write, such as perdura_write",
            only_read=True,
        )
    if code == _NO_RIGHT:
        return Refusal(
            f"this user may not write the audit of {shown(url)}",
            "as the tables' owner run `perdura risk init --roles`; then serve as perdura_write, "
            "and read as perdura_read, which may add to the audit",
        )
    if code == _NO_TABLE:
        found = f"{shown(url)} has no audit yet"
        return Refusal(found, "as the tables' owner run `perdura risk init`")
    return None


def prove_writable(url: str) -> None:
    """Nothing, if the audit can be written now, or later: another program's lock passes.

    Raises:
        Exception: What writing an entry would raise; ``refusal_of`` says whether it can pass.
    """
    with reading(url):  # without a database, writing would make an empty one
        pass
    # No row, and the rights are asked for all the same.
    nothing = sa.insert(AUDIT).from_select(list(AUDIT.c), sa.select(AUDIT).where(sa.false()))
    if postgres.is_postgres(url):
        with writing(url) as connection:
            connection.execute(nothing)
        return
    file = sqlite.database_file(url)
    try:
        with sqlite.writing(file, patience=_MOMENT_SECONDS, anew=False) as connection:
            connection.execute(nothing)
    except sqlite.StoreLocked:
        return
    except (exc.OperationalError, OperationalError):
        if _refusal_of_folder(file):  # else entries are put aside there
            raise


def _refusal_of_folder(file: Path) -> Refusal | None:
    """Why no entry can be put aside beside SQLite's file."""
    folder = next(path for path in (folder_of(file), file.parent) if path.exists())
    if os.access(folder, os.W_OK | os.X_OK):
        return None
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return Refusal(
            f"{file.parent} is mounted read-only",
            "mount the home so that it can be written, or set PERDURA_HOME to a copy that can be",
            only_read=True,
        )
    return _no_right(folder)


def _no_right(folder: Path) -> Refusal:
    return Refusal(
        f"{folder} cannot be written (its permissions forbid it)",
        "let the user who runs perdura write the folder of the risk table",
    )
