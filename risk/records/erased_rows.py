"""Erase rows about people in short transactions, so that others write in between.

What takes long (a night summed up without them, a table searched for them) is read before, and
readers hold up no writer. A transaction that finds the night changed since does it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from time import sleep
from typing import Any

import sqlalchemy as sa

from perdura.risk.query.phrases import said_by_these_alone
from perdura.risk.query.portfolio import Sums, put_sums, sums_of
from perdura.risk.records.mentions import (
    SUBSCRIBER_ID,
    ErasedAccount,
    instead_of,
    masked,
    mentioning,
    text_columns,
)
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store import connect as store

_ROWS_AT_A_TIME = 200
#: After each, for writers that wait for SQLite's only lock: they try it every 0.1 s at most.
_PAUSE_SECONDS = 0.02

_Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A night as it was read: its fingerprint, rows of the accounts in it, the sums without.

    ``companies`` are values of the column ``account`` that name one, and their replacements.
    ``phrases`` are numbers of those that no other row says.
    """

    fingerprint: str | None
    rows: int
    sums: Sums
    companies: dict[str, str]
    phrases: list[int]


def about(table: sa.Table, accounts: Sequence[ErasedAccount]) -> sa.ColumnElement[bool]:
    """The rows of a table that are about the accounts."""
    theirs = table.c[SUBSCRIBER_ID].in_([account.name for account in accounts])
    if table.name != RISK.name:
        return theirs
    # Night by night in the primary key: there is no index that starts with the subscriber.
    return table.c.scored_on.in_(_ALL_NIGHTS) & theirs


def count(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    """The number of rows of a table that fulfil a condition."""
    query = sa.select(sa.func.count()).select_from(table).where(which)
    return connection.execute(query).scalar_one()


def erase_from_nights(url: str, accounts: Sequence[ErasedAccount]) -> int:
    """Take accounts out of every night, the newest first; how many rows went.

    Each night is a transaction: its rows, its count of rows, its fingerprint and its portfolio.
    """
    with store.reading(url) as connection:
        nights = sorted(connection.scalars(_ALL_NIGHTS), reverse=True)
    erased = 0
    for scored_on in nights:
        while seen := _look(url, scored_on, accounts):
            with _erasing(url) as connection:
                if _take_out(connection, scored_on, accounts, seen):
                    erased += seen.rows
                    break
    return erased


def erase_from_table(
    url: str, table: sa.Table, accounts: Sequence[ErasedAccount], *, keep: bool
) -> int:
    """Take rows about accounts out of another table, and mask them in what stays; how many rows.

    Where rows are to be kept, they are masked, too.
    """
    key, gone = list(table.primary_key.columns), 0
    if not key:  # as other programs make them: nothing tells one row from another
        if keep or SUBSCRIBER_ID not in table.c:
            return 0
        with _erasing(url) as connection:
            return connection.execute(sa.delete(table).where(about(table, accounts))).rowcount
    if SUBSCRIBER_ID in table.c and not keep:
        theirs = about(table, accounts)
        with store.reading(url) as connection:
            keys: list[_Key] = [
                tuple(row) for row in connection.execute(sa.select(*key).where(theirs))
            ]
        for batch in _pieces(keys):
            with _erasing(url) as connection:
                for key_values in batch:
                    connection.execute(sa.delete(table).where(*_is(table, key_values), theirs))
        gone = len(keys)
    return gone + _mask(url, table, accounts)


#: Every night, also those that retention has taken out while their months are still there.
_ALL_NIGHTS = sa.union(sa.select(NIGHTS.c.scored_on), sa.select(PORTFOLIO.c.scored_on))


def _look(url: str, scored_on: date, accounts: Sequence[ErasedAccount]) -> _Seen | None:
    """The night as it is now; ``None`` where no account is in it."""
    theirs = RISK.c[SUBSCRIBER_ID].in_([account.name for account in accounts])
    with store.reading(url) as connection:
        rows = count(connection, RISK, (RISK.c.scored_on == scored_on) & theirs)
        name = RISK.c.account
        named = sa.select(name).where(RISK.c.scored_on == scored_on, name.is_not(None)).distinct()
        companies = {
            company: replacement
            for company in connection.scalars(named)
            if (replacement := masked(instead_of(company, accounts), accounts)) != company
        }
        if not rows and not companies:
            return None
        own = sa.select(NIGHTS.c.fingerprint).where(NIGHTS.c.scored_on == scored_on)
        fingerprint = connection.scalar(own)
        return _Seen(
            fingerprint=fingerprint,
            rows=rows,
            sums=sums_of(connection, scored_on, ~theirs),
            companies=companies,
            phrases=said_by_these_alone(connection, scored_on, theirs),
        )


def _take_out(
    connection: sa.Connection, scored_on: date, accounts: Sequence[ErasedAccount], seen: _Seen
) -> bool:
    """Take them out of the night, if it is as it was seen; whether it is."""
    # Locks the night in PostgreSQL: its publisher waits, or is waited for.
    now = sa.select(NIGHTS.c.fingerprint).where(NIGHTS.c.scored_on == scored_on).with_for_update()
    if connection.scalar(now) != seen.fingerprint:
        return False
    theirs = RISK.c[SUBSCRIBER_ID].in_([account.name for account in accounts])
    connection.execute(sa.delete(RISK).where(RISK.c.scored_on == scored_on, theirs))
    connection.execute(
        sa.delete(PHRASES).where(
            PHRASES.c.scored_on == scored_on, PHRASES.c.number.in_(seen.phrases)
        )
    )
    for company, replacement in seen.companies.items():
        renamed = sa.update(RISK).where(RISK.c.scored_on == scored_on, RISK.c.account == company)
        connection.execute(renamed.values(account=replacement))
    content = repr((seen.fingerprint, sorted(account.pseudonym for account in accounts)))
    values = {
        "rows": NIGHTS.c.rows - seen.rows,
        "fingerprint": hashlib.sha256(content.encode()).hexdigest(),
    }
    connection.execute(sa.update(NIGHTS).where(NIGHTS.c.scored_on == scored_on).values(values))
    put_sums(connection, scored_on, seen.sums)
    return True


def _mask(url: str, table: sa.Table, accounts: Sequence[ErasedAccount]) -> int:
    names = [column.name for column in table.primary_key.columns]
    with store.reading(url) as connection:
        keys = [tuple(row[n] for n in names) for row in mentioning(connection, table, accounts)]
    for batch in _pieces(keys):
        with _erasing(url) as connection:
            for key in batch:
                _mask_row(connection, table, key, accounts)
    return len(keys)


def _mask_row(
    connection: sa.Connection, table: sa.Table, key: _Key, accounts: Sequence[ErasedAccount]
) -> None:
    """Mask a row as it is now, which may have changed since it was found."""
    query = sa.select(table).where(*_is(table, key)).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        return
    values = {column.name: masked(row[column.name], accounts) for column in text_columns(table)}
    if SUBSCRIBER_ID in row:
        values[SUBSCRIBER_ID] = instead_of(row[SUBSCRIBER_ID], accounts)
    # What has not changed is not written: null would become JSON's.
    if changed := {name: value for name, value in values.items() if value != row[name]}:
        connection.execute(sa.update(table).where(*_is(table, key)).values(changed))


def _pieces(keys: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    size = _ROWS_AT_A_TIME
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _is(table: sa.Table, key: _Key) -> Iterator[sa.ColumnElement[bool]]:
    columns: Iterable[sa.Column[Any]] = table.primary_key.columns
    return (column == value for column, value in zip(columns, key, strict=True))


@contextmanager
def _erasing(url: str) -> Generator[sa.Connection]:
    """A short transaction; then other writers have their turn."""
    with store.writing(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        yield connection
    sleep(_PAUSE_SECONDS)
