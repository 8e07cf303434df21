"""One person out of the database: every table is asked, those of other versions and programs too.

Rows about the person go. The audit keeps that somebody was read of: a hash stands in for the name,
as it does wherever another row mentions the person, in a note say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import sqlalchemy as sa

from perdura.risk.errors import NoNight
from perdura.risk.records.audit_aside import aside
from perdura.risk.records.audited_reads import take_over
from perdura.risk.records.erased_rows import about, count, erase_from_nights, erase_from_table
from perdura.risk.records.mentions import WHO, ErasedAccount, masked, mentioning, tables_of
from perdura.risk.records.rewriting import StillRead, rewrite_or_put_off
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store import connect as store
from perdura.risk.store import postgres, sqlite

__all__ = [
    "ErasedAccount",
    "StillRead",
    "erase",
    "exists",
    "mentions",
    "mentions_in_file",
    "rows_about",
    "scrub",
]

#: Rows of these tables stay, without the name.
KEPT = ("audit",)
#: What ``erase_from_nights`` does.
_OF_NIGHTS = (RISK.name, NIGHTS.name, PHRASES.name)

_WAIT_SECONDS = 60.0


def exists(url: str) -> bool:
    """Whether anything has been written there."""
    try:
        with store.reading(url):
            return True
    except NoNight:
        return False


def rows_about(url: str, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    """How many rows each table has about the accounts; tables without any are left out."""
    if not exists(url):
        return {}
    with store.reading(url) as connection:
        return _some(
            (table.name, count(connection, table, about(table, accounts)))
            for table in tables_of(connection)
            if WHO in table.c
        )


def mentions(url: str, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    """How many rows of each table hold an account as a value, or mention it in a text."""
    if not exists(url):
        return {}
    with store.reading(url) as connection:
        found = _mentions(connection, accounts)
    return found | _some([("audit, put aside", _mentions_aside(url, accounts))])


def _mentions_aside(url: str, accounts: Sequence[ErasedAccount]) -> int:
    entries = [] if postgres.is_postgres(url) else aside(sqlite.database_file(url))
    names = {account.name for account in accounts}
    return sum(
        entry.subscriber_id in names or masked(dict(entry.detail), accounts) != entry.detail
        for _, entry in entries
    )


def mentions_in_file(file: Path, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    """The same of any SQLite file, whoever wrote it.

    Raises:
        DatabaseError: It is none.
    """
    opened = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(sqlite.read_only(file), uri=True),
        poolclass=sa.NullPool,
        hide_parameters=True,
    )
    with opened.connect() as connection:
        return _mentions(connection, accounts)


def erase(url: str, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    """Take accounts out of every table; how many rows of each changed or went.

    In many short transactions, between which others write: night by night, the newest first, then
    rows a few at a time; what takes long is read before each. Stopped, it can be run again. The
    audit comes last, when no row is left that somebody could read and be recorded for. Nights and
    their books count the rows that are left. A night has another fingerprint then: scored again it
    is published again. Ranks stay, as nobody else's row is touched.
    """
    if not exists(url):
        return {}
    with store.writing(url):  # tables that an older version has not made are made
        pass
    _end_retention(url)
    take_over(url, patience=_WAIT_SECONDS)
    with store.reading(url) as connection:
        tables = [t for t in tables_of(connection) if t.name not in _OF_NIGHTS]
    gone = {RISK.name: erase_from_nights(url, accounts)}
    for table in sorted(tables, key=lambda table: table.name in KEPT):
        gone[table.name] = erase_from_table(url, table, accounts, keep=table.name in KEPT)
    return _some(gone.items())


def _end_retention(url: str) -> None:
    """Months that are half taken off are in no query any more, and may hold anybody."""
    with store.reading(url) as connection:
        oldest = connection.scalar(sa.select(sa.func.min(NIGHTS.c.scored_on)))
    if oldest:
        store.drop_months(url, oldest)


def _some(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {name: count for name, count in counts if count}


def _mentions(connection: sa.Connection, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    return _some(
        (table.name, sum(1 for _ in mentioning(connection, table, accounts)))
        for table in tables_of(connection)
    )


def scrub(url: str, *, patience: float = _WAIT_SECONDS) -> None:
    """Let go of the pages and the log that still hold what was erased.

    A small SQLite file is written anew; of a large one it is put off until the next night, as
    nobody could write for so long (``risk.records.rewriting``). PostgreSQL frees the rows; its own
    logs, replicas and backups are its keeper's.

    Args:
        url: Of the store.
        patience: Seconds to wait for who reads a state from before.

    Raises:
        StillRead: The log could not be emptied in that time.
    """
    if not exists(url):
        return
    if postgres.is_postgres(url):
        with postgres.at_once(url) as connection:
            connection.exec_driver_sql("VACUUM")
    else:
        rewrite_or_put_off(sqlite.database_file(url), patience)
