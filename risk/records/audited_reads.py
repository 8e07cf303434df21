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
from perdura.risk.records.audit_refusal import Refusal, refusal_of
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
_HELD = "55P03"
_THROUGH_API = "or read through an API, with a token, that a user who may write there serves"


class Unaudited(PermissionError):
    """The read cannot be recorded in the audit. Nothing was shown."""


def record_read(
    url: str,
    surface: Surface,
    what: str,
    subscriber_id: str | None = None,
    *,
    warn_if_only_read: bool = False,
    **detail: Any,
) -> None:
    """Record a read; to be called with what was found, before it is shown. Waits for no night.

    Args:
        url: Of the store that was read.
        surface: How it was read.
        what: As in the table ``audit``: list, moves, subscriber, accounts, export.
        subscriber_id: The subscriber, where it is about one.
        warn_if_only_read: Where no user can write (a file mounted read-only, a standby of
            PostgreSQL), log a warning that the read is not in the audit, instead of refusing it:
            for people who look into a copy by the command line.
        detail: The parameters, and the subscribers that the answer names.

    Raises:
        Unaudited: The audit cannot be written; says what to do.
    """
    entry = AuditEntry(
        token_id=surface,
        token_name=f"{surface}:{_user()}",
        what=what,
        subscriber_id=subscriber_id,
        detail=detail,
    )
    is_postgres = postgres.is_postgres(url)
    refusal = _record_in_postgres(url, entry) if is_postgres else _record_in_file(url, entry)
    if refusal is None:
        return
    if refusal.only_read and warn_if_only_read:
        _LOG.warning(_NOT_AUDITED, refusal.why)
        return
    todo = refusal.todo if is_postgres or refusal.only_read else f"{refusal.todo}, {_THROUGH_API}"
    raise Unaudited(_REFUSED.format(why=refusal.why, todo=todo))


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
        count += len(waiting)
        try:
            for put_aside_as, _ in waiting:
                put_aside_as.unlink(missing_ok=True)
        except PermissionError:  # another user's: written already, and theirs to remove
            break
    return count


def keep_aside(url: str, entries: Sequence[AuditEntry]) -> bool:
    """Put entries aside beside SQLite's file; false where that cannot be, as in PostgreSQL."""
    if postgres.is_postgres(url):
        return False
    file = sqlite.database_file(url)
    try:
        with sqlite.reading(file) as connection:
            known = without_erased_ids(connection, entries)
        put_aside(file, known)
    except (exc.SQLAlchemyError, OperationalError, OSError):
        return False
    return True


def _record_in_file(url: str, entry: AuditEntry) -> Refusal | None:
    file = sqlite.database_file(url)
    try:
        with sqlite.reading(file) as connection:
            is_there = bool(columns_of(connection, AUDIT))
            entries = without_erased_ids(connection, [entry]) if is_there else [entry]
        if not (is_there and _is_written(file, entries)):
            put_aside(file, entries)
    except OSError as error:
        if refusal := refusal_of(url, error):
            return refusal
        words = f"{file.parent} cannot be written ({error.strerror})"
        raise Unaudited(_REFUSED.format(why=words, todo="try again later")) from error
    return None


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


def _record_in_postgres(url: str, entry: AuditEntry) -> Refusal | None:
    try:
        with postgres.recording(url) as connection:
            may_ask = "SELECT has_table_privilege(to_regclass(:name), 'SELECT')"
            may = connection.scalar(sa.text(may_ask), {"name": ERASED.name})
            insert(connection, without_erased_ids(connection, [entry]) if may else [entry])
    except exc.DBAPIError as error:
        if refusal := refusal_of(url, error):
            return refusal
        if getattr(error.orig, "sqlstate", None) == _HELD:
            words = f"the table of {shown(url)} is being changed just now"
            raise Unaudited(_REFUSED.format(why=words, todo="try again in a moment")) from error
        if postgres.is_gone(error):
            found = f"{shown(url)} cannot be used now: {postgres.words(error)}"
            raise Unreachable(found) from error
        raise
    return None


_REFUSED = (
    "who reads subscribers' risks is recorded in the audit, and {why}, so nothing is shown; {todo}"
)


def _user() -> str:
    """The user as the operating system knows them: environment variables may say anything."""
    try:
        from pwd import getpwuid

        return getpwuid(os.getuid()).pw_name
    except KeyError:  # a number without a name, as in containers
        return str(os.getuid())
    except ImportError:  # Windows
        return getuser()
