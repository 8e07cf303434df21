"""Reads without a token, by command line, MCP and schedule: recorded before they are answered.

The reader is the user of the operating system, with the surface: ``cli:ann``, ``mcp:ann``,
``schedule:ann``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from getpass import getuser
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import exc

from perdura.risk.records.audit import AuditEntry, insert, without_erased_ids, write
from perdura.risk.records.audit_aside import aside, put_aside
from perdura.risk.schema.all_tables import columns_of
from perdura.risk.schema.audit import AUDIT
from perdura.risk.schema.erased import ERASED
from perdura.risk.store import postgres, sqlite
from perdura.risk.store.connect import Unreachable
from perdura.risk.store.urls import shown

#: How the store was read; ``schedule`` is the hourly push.
Surface = Literal["cli", "mcp", "schedule"]

_LOG = logging.getLogger(__name__)
_NOT_AUDITED = "this read is not in the audit: %s"

_MOMENT_SECONDS = 0.05  # of SQLite's only lock; then the entry is put aside
_READ_ONLY = ("25006", "0A000")  # the second: of a standby that is to begin to write
_NO_RIGHT, _NO_TABLE, _HELD = "42501", "42P01", "55P03"


class Unaudited(PermissionError):
    """The read cannot be recorded in the audit. Nothing was shown."""


def record_read(
    url: str,
    surface: Surface,
    what: str,
    subscriber_id: str | None = None,
    **detail: Any,
) -> None:
    """Record a read; to be called with what was found, before it is shown. Waits for no night.

    Where no user can write (a file mounted read-only, a standby of PostgreSQL) a warning is logged
    that the read is not in the audit.

    Args:
        url: Of the store that was read.
        surface: How it was read.
        what: As in the table ``audit``: list, moves, subscriber, accounts, export.
        subscriber_id: The subscriber, where it is about one.
        detail: The parameters, and the subscribers that the answer names.

    Raises:
        Unaudited: The user lacks the right to write the audit; says what to do.
    """
    entry = AuditEntry(
        token_id=surface,
        token_name=f"{surface}:{_user()}",
        what=what,
        subscriber_id=subscriber_id,
        detail=detail,
    )
    if postgres.is_postgres(url):
        _record_in_postgres(url, entry)
    else:
        _record_in_file(sqlite.database_file(url), entry)


def take_over(url: str, *, patience: float = _MOMENT_SECONDS) -> int:
    """Move entries that were put aside into the audit; how many.

    Raises:
        StoreLocked: Another program has been writing for longer than ``patience`` (seconds).
    """
    if postgres.is_postgres(url):
        return 0
    file, count = sqlite.database_file(url), 0
    while file.exists() and (waiting := aside(file)):
        with sqlite.writing(file, patience=patience) as connection:
            write(connection, [entry for _, entry in waiting])
        for put_aside_as, _ in waiting:
            put_aside_as.unlink(missing_ok=True)
        count += len(waiting)
    return count


def _record_in_file(file: Path, entry: AuditEntry) -> None:
    try:
        with sqlite.reading(file) as connection:
            is_there = bool(columns_of(connection, AUDIT))
            entries = without_erased_ids(connection, [entry]) if is_there else [entry]
        if is_there and _is_written(file, entries):
            return
        put_aside(file, entries)
    except OSError as error:
        if os.statvfs(file.parent).f_flag & os.ST_RDONLY:
            _LOG.warning(_NOT_AUDITED, f"{file.parent} is mounted read-only")
            return
        raise Unaudited(
            f"who reads subscribers' risks is recorded in the audit, and {file.parent} cannot be "
            f"written ({error.strerror}), so nothing is shown; let the user who runs perdura write "
            "there, or read through the API with a token (perdura serve, perdura token create)"
        ) from error


def _is_written(file: Path, entries: Sequence[AuditEntry]) -> bool:
    """Write at once; false where another program writes, or this one may not."""
    try:
        with sqlite.writing(file, patience=_MOMENT_SECONDS, anew=False) as connection:
            waiting = aside(file)
            write(connection, [*(entry for _, entry in waiting), *entries])
    except (sqlite.StoreLocked, exc.OperationalError, OperationalError):
        return False
    with suppress(PermissionError):  # another user's: written already, and theirs to remove
        for put_aside_as, _ in waiting:
            put_aside_as.unlink(missing_ok=True)
    return True


def _record_in_postgres(url: str, entry: AuditEntry) -> None:
    try:
        with postgres.recording(url) as connection:
            may_ask = "SELECT has_table_privilege(to_regclass(:name), 'SELECT')"
            may = connection.scalar(sa.text(may_ask), {"name": ERASED.name})
            insert(connection, without_erased_ids(connection, [entry]) if may else [entry])
    except exc.DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None)
        if code in _READ_ONLY:
            _LOG.warning(_NOT_AUDITED, f"{shown(url)} can only be read (a standby)")
        elif code in _REFUSALS:
            raise Unaudited(f"{_REFUSED.format(url=shown(url))} {_REFUSALS[code]}") from error
        elif postgres.is_gone(error):
            found = f"{shown(url)} cannot be used now: {postgres.words(error)}"
            raise Unreachable(found) from error
        else:
            raise


_REFUSED = "who reads subscribers' risks is recorded in the audit of {url}, and"
_REFUSALS = {
    _NO_RIGHT: "this user may not write there, so nothing is shown; as the tables' owner run "
    "`perdura risk init --roles`, which lets perdura_read add to the audit",
    _NO_TABLE: "there is none yet, so nothing is shown; as the tables' owner run "
    "`perdura risk init`",
    _HELD: "the table is being changed just now, so nothing is shown; try again in a moment",
}


def _user() -> str:
    """The user as the operating system knows them: environment variables may say anything."""
    try:
        from pwd import getpwuid

        return getpwuid(os.getuid()).pw_name
    except KeyError:  # a number without a name, as in containers
        return str(os.getuid())
    except ImportError:  # Windows
        return getuser()
