"""One person out of the database: every table is asked, those of other versions and programs too.

Rows about the person go. The audit keeps that somebody was read of: a hash stands in for the name,
as it does wherever another row mentions the person, in a note say.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SAWarning

from risk import postgres, sqlite, store
from risk.audit_aside import aside
from risk.audited_reads import take_over
from risk.book import BOOK, sum_up_again
from risk.queries import NoNight
from risk.schema import NIGHTS, RISK

#: Rows of these tables stay, without the name.
KEPT = ("audit",)

_WHO = "subscriber_id"
_WORDLESS = (sa.Numeric, sa.Integer, sa.Date, sa.DateTime, sa.Boolean, sa.LargeBinary)
_WAIT_SECONDS = 60.0


class StillRead(RuntimeError):
    """Somebody reads a state of the database from before the erasure, and keeps it from going."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom to look for.

    Attributes:
        name: The ``subscriber_id``.
        instead: What stands in for it where a row stays.
        spellings: How it may stand in a text; none where it cannot be told from other words.
        pattern: Finds any of them where it is no piece of a longer word.
    """

    name: str
    instead: str
    spellings: tuple[str, ...]
    pattern: re.Pattern[str]


def exists(url: str) -> bool:
    """Whether anything has been written there."""
    try:
        with store.reading(url):
            return True
    except NoNight:
        return False


def rows_about(url: str, accounts: Sequence[Account]) -> dict[str, int]:
    """How many rows each table has about the accounts; tables without any are left out."""
    if not exists(url):
        return {}
    with store.reading(url) as connection:
        return _some(
            (table.name, _count(connection, table, _about(table, accounts)))
            for table in _tables(connection)
            if _WHO in table.c
        )


def mentions(url: str, accounts: Sequence[Account]) -> dict[str, int]:
    """How many rows of each table hold an account as a value, or mention it in a text."""
    if not exists(url):
        return {}
    with store.reading(url) as connection:
        found = _mentions(connection, accounts)
    return found | _some([("audit, put aside", _mentions_aside(url, accounts))])


def _mentions_aside(url: str, accounts: Sequence[Account]) -> int:
    entries = [] if postgres.is_postgres(url) else aside(sqlite.database_file(url))
    names = {account.name for account in accounts}
    return sum(
        entry.subscriber_id in names or _masked(dict(entry.detail), accounts) != entry.detail
        for _, entry in entries
    )


def mentions_in_file(file: Path, accounts: Sequence[Account]) -> dict[str, int]:
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


def erase(url: str, accounts: Sequence[Account]) -> dict[str, int]:
    """Take accounts out of every table, in one transaction; how many rows of each changed or went.

    Nights and their books count the rows that are left. A night has another fingerprint then:
    scored again it is published again. Ranks stay, as nobody else's row is touched.
    """
    if not exists(url):
        return {}
    _end_retention(url)
    take_over(url, patience=_WAIT_SECONDS)
    with store.writing(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        nights = _recount(connection, accounts)
        gone = [(table.name, _erase(connection, table, accounts)) for table in _tables(connection)]
        for scored_on in nights:
            sum_up_again(connection, scored_on)
    return _some(gone)


def _end_retention(url: str) -> None:
    """Months that are half taken off are in no query any more, and may hold anybody."""
    with store.reading(url) as connection:
        oldest = connection.scalar(sa.select(sa.func.min(NIGHTS.c.scored_on)))
    if oldest:
        store.drop_months(url, oldest)


def scrub(url: str, *, patience: float = _WAIT_SECONDS) -> None:
    """Let go of the pages and the log that still hold what was erased.

    SQLite's file is written anew, which takes as much room again for as long as it takes; readers
    do not wait. PostgreSQL frees the rows; its own logs, replicas and backups are its keeper's.

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
        _write_anew(sqlite.database_file(url), patience)


def _write_anew(file: Path, patience: float) -> None:
    with closing(sqlite3.connect(file, isolation_level=None, timeout=patience)) as opened:
        opened.execute("VACUUM")
        deadline = monotonic() + patience
        while opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if monotonic() > deadline:
                raise StillRead(
                    f"a program has been reading {file} since before the erasure, so the log "
                    "beside it cannot be emptied; end that program and run the same command again"
                )
            sleep(0.1)


def _some(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {name: count for name, count in counts if count}


def _mentions(connection: sa.Connection, accounts: Sequence[Account]) -> dict[str, int]:
    return _some(
        (table.name, sum(1 for _ in _mentioning(connection, table, accounts)))
        for table in _tables(connection)
    )


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Every table that there is, as it is there; of those in partitions the whole."""
    found, partitions = sa.MetaData(), set()
    if connection.dialect.name == "postgresql":
        query = "SELECT relname FROM pg_class WHERE relispartition"
        partitions = set(connection.scalars(sa.text(query)))
    with warnings.catch_warnings():
        # Prefect's database has indexes of expressions, which are left out: none is asked for.
        warnings.simplefilter("ignore", SAWarning)
        found.reflect(connection, only=lambda name, _: name not in partitions)
    return [found.tables[name] for name in sorted(found.tables)]  # keys may go in circles


def _count(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(which)
    return connection.execute(query).scalar_one()


def _about(table: sa.Table, accounts: Sequence[Account]) -> sa.ColumnElement[bool]:
    about = table.c[_WHO].in_([account.name for account in accounts])
    if table.name != RISK.name:
        return about
    # Night by night in the primary key: there is no index that starts with the subscriber. The book
    # also knows nights that retention has taken out, and whose months are still to go.
    nights = sa.union(sa.select(NIGHTS.c.scored_on), sa.select(BOOK.c.scored_on))
    return table.c.scored_on.in_(nights) & about


def _recount(connection: sa.Connection, accounts: Sequence[Account]) -> list[date]:
    """Let the nights that they are in count as many rows fewer; which nights."""
    about, night = _about(RISK, accounts), NIGHTS.c.scored_on
    taken = sa.select(RISK.c.scored_on, sa.func.count()).where(about).group_by(RISK.c.scored_on)
    nights = connection.execute(taken).all()
    for scored_on, count in nights:
        was = connection.scalar(sa.select(NIGHTS.c.fingerprint).where(night == scored_on))
        told = repr((was, sorted(account.instead for account in accounts)))
        values = {
            "rows": NIGHTS.c.rows - count,
            "fingerprint": hashlib.sha256(told.encode()).hexdigest(),
        }
        connection.execute(sa.update(NIGHTS).where(night == scored_on).values(values))
    return [scored_on for scored_on, _ in nights]


def _erase(connection: sa.Connection, table: sa.Table, accounts: Sequence[Account]) -> int:
    """The audit's rows mention the account and are left to that."""
    gone = 0
    if _WHO in table.c and table.name not in KEPT:
        gone = connection.execute(sa.delete(table).where(_about(table, accounts))).rowcount
    # Nights and their rows mention nobody else, and there are very many of them.
    wordless = table.name in (RISK.name, NIGHTS.name) or not table.primary_key.columns
    return gone if wordless else gone + _mask(connection, table, accounts)


def _mask(connection: sa.Connection, table: sa.Table, accounts: Sequence[Account]) -> int:
    found = list(_mentioning(connection, table, accounts))
    for row in found:
        key = (column == row[column.name] for column in table.primary_key.columns)
        told = {each.name: _masked(row[each.name], accounts) for each in _wordy(table)}
        told |= {_WHO: _instead(row[_WHO], accounts)} if _WHO in row else {}
        # What has not changed is not written: null would become JSON's.
        changed = {name: value for name, value in told.items() if value != row[name]}
        connection.execute(sa.update(table).where(*key).values(changed))
    return len(found)


def _instead(name: str | None, accounts: Sequence[Account]) -> str | None:
    return next((account.instead for account in accounts if account.name == name), name)


def _masked(value: Any, accounts: Sequence[Account]) -> Any:
    """The text, or what JSON holds, with what stands in for the accounts that can be told in it."""
    if isinstance(value, Mapping):
        return {_masked(name, accounts): _masked(each, accounts) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, accounts) for each in value]
    if isinstance(value, str):
        for account in (account for account in accounts if account.spellings):
            value = account.pattern.sub(lambda _found, by=account.instead: by, value)
    return value


def _mentioning(
    connection: sa.Connection, table: sa.Table, accounts: Sequence[Account]
) -> Iterator[sa.RowMapping]:
    """The rows with an account in the column of ids, or anywhere in a text.

    Which texts have a spelling in them is asked of the database, and whether it is a word of its
    own of Python.
    """
    columns = _wordy(table)
    texts = [sa.cast(column, sa.Text) for column in columns]
    wanted = [_has(connection, text, account) for text in texts for account in accounts]
    if _WHO in table.c:
        wanted.append(table.c[_WHO].in_([account.name for account in accounts]))
    for row in connection.execute(sa.select(table).where(sa.or_(sa.false(), *wanted))).mappings():
        named = any(row.get(_WHO) == account.name for account in accounts)
        if named or any(_masked(row[each.name], accounts) != row[each.name] for each in columns):
            yield row


def _has(
    connection: sa.Connection, text: sa.ColumnElement[str], account: Account
) -> sa.ColumnElement[bool]:
    place = sa.func.instr if connection.dialect.name == "sqlite" else sa.func.strpos
    return sa.or_(sa.false(), *(place(text, spelt) > 0 for spelt in account.spellings))


def _wordy(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if not isinstance(column.type, _WORDLESS)]
