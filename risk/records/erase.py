"""Erase one person from the database, from tables of other versions and programs too.

Rows about the person go. The audit keeps that a subscriber was read: a hash stands in for the name,
as it does in any other row that mentions the person, in a note say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from perdura.risk.errors import NoNight
from perdura.risk.records.audit_aside import aside
from perdura.risk.records.audited_reads import take_over
from perdura.risk.records.erased_rows import about, count, erase_from_nights, erase_from_table
from perdura.risk.records.mentions import (
    SUBSCRIBER_ID,
    ErasedAccount,
    masked,
    mentioning,
    tables_of,
)
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
        counts = {
            table.name: count(connection, table, about(table, accounts))
            for table in tables_of(connection)
            if SUBSCRIBER_ID in table.c
        }
    return {name: number for name, number in counts.items() if number}


def mentions(url: str, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    """How many rows of each table hold an account as a value, or mention it in a text."""
    if not exists(url):
        return {}
    with store.reading(url) as connection:
        found = _mentions(connection, accounts)
    entries = [] if postgres.is_postgres(url) else aside(sqlite.database_file(url))
    names = {account.name for account in accounts}
    put_aside = sum(
        entry.subscriber_id in names or masked(dict(entry.detail), accounts) != entry.detail
        for _, entry in entries
    )
    return found | ({"audit, put aside": put_aside} if put_aside else {})


def mentions_in_file(file: Path, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    """The same of any SQLite file.

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
    audit comes last, when no row is left of which a read could be recorded. Nights and
    their portfolios count the rows that are left. A night has another fingerprint then: scored
    again it is published again. Ranks stay, as no other row is touched.
    """
    if not exists(url):
        return {}
    with store.writing(url):  # tables that an older version has not made are made
        pass
    with store.reading(url) as connection:
        oldest = connection.scalar(sa.select(sa.func.min(NIGHTS.c.scored_on)))
    if oldest:  # months that are half taken off are in no query any more, and may hold the person
        store.drop_months(url, oldest)
    take_over(url, patience=_WAIT_SECONDS)
    with store.reading(url) as connection:
        tables = [t for t in tables_of(connection) if t.name not in _OF_NIGHTS]
    gone = {RISK.name: erase_from_nights(url, accounts)}
    for table in sorted(tables, key=lambda table: table.name in KEPT):
        gone[table.name] = erase_from_table(url, table, accounts, keep=table.name in KEPT)
    return {name: number for name, number in gone.items() if number}


def _mentions(connection: sa.Connection, accounts: Sequence[ErasedAccount]) -> dict[str, int]:
    counts = {
        table.name: sum(1 for _ in mentioning(connection, table, accounts))
        for table in tables_of(connection)
    }
    return {name: number for name, number in counts.items() if number}


def scrub(url: str, *, patience: float = _WAIT_SECONDS) -> None:
    """Let go of the pages and the log that still hold what was erased.

    A small SQLite file is written anew; a large one waits for the next night, as no process could
    write meanwhile (``risk.records.rewriting``). PostgreSQL frees the rows; its own logs, replicas
    and backups are its administrator's.

    Args:
        url: Of the store.
        patience: Seconds to wait for readers of a state from before.

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
