"""Connections to the store of the risk table, by URL: SQLite or PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from perdura.risk.errors import NoNight
from perdura.risk.schema import roles
from perdura.risk.store import partitions, postgres, sqlite
from perdura.risk.store.urls import shown

if TYPE_CHECKING:
    import polars as pl


_FULL = ("disk is full", "no space left", "disk quota exceeded")


class Unreachable(ConnectionError):
    """The database did not answer, went away or is full. What was begun did not happen.

    Only where it went away while committing it is not known: then it happened whole, or not.
    """


class NoRoles(ValueError):
    """SQLite has no roles, or the user may not make them."""


@contextmanager
def reading(url: str) -> Generator[sa.Connection]:
    """A transaction that sees one moment, waits for no other and can change nothing.

    Raises:
        NewerStore: A newer version of Perdura wrote it.
        NoNight: Nothing has ever been written there.
        Unreachable: The database does not answer, or went away.
        ValueError: ``url`` names no store.
    """
    with _clear_errors(url):
        if postgres.is_postgres(url):
            opened = postgres.reading(url)
        elif (file := sqlite.database_file(url)).exists():
            opened = sqlite.reading(file)
        else:
            raise NoNight(
                f"nothing has been published at {shown(url)}: {file} does not exist; "
                "`perdura score` publishes the first night"
            )
        with opened as connection:
            yield connection


@contextmanager
def writing(url: str, *, durable: bool = False) -> Generator[sa.Connection]:
    """A transaction that happens whole or, after an error or a kill, not at all.

    Args:
        url: Where to; made where absent.
        durable: Whether it survives a power cut, as contacts that people logged must.

    Raises:
        NewerStore: A newer version of Perdura wrote it.
        Unreachable: The database does not answer, or went away.
        ValueError: ``url`` names no store.
    """
    with _clear_errors(url):
        if postgres.is_postgres(url):
            opened = postgres.writing(url)  # always durable
        else:
            opened = sqlite.writing(sqlite.database_file(url), durable=durable)
        with opened as connection:
            yield connection


def init(url: str, *, with_roles: bool = False) -> None:
    """Make what is missing, and in PostgreSQL, where that is asked for, the two roles.

    Raises:
        NewerStore: A newer version of Perdura wrote it.
        NoRoles: SQLite has none, or the user may make none.
        Unreachable: The database does not answer, or went away.
        ValueError: ``url`` names no store.
    """
    if with_roles and not postgres.is_postgres(url):
        raise NoRoles(f"{shown(url)} is a file: who may read and write it, its folder says")
    with writing(url):
        pass
    if not with_roles:
        return
    with _clear_errors(url):
        try:
            with postgres.as_oneself(url) as connection:
                roles.create(connection)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != "42501":  # insufficient_privilege
                raise
            raise NoRoles(
                f"{shown(url)}: {postgres.words(error)}; to make roles, be a superuser, or the "
                "owner of the tables with CREATEROLE. No role was made"
            ) from error


def close(url: str) -> None:
    """Let go of the connections that this process keeps for it."""
    if postgres.is_postgres(url):
        postgres.close(url)


def fold_log(url: str) -> None:
    """Leave no log beside SQLite's file, where no other program has that open."""
    if not postgres.is_postgres(url):
        sqlite.fold_log(sqlite.database_file(url))


def folder_beside(url: str) -> Path:
    """Where a night may wait until the last of its rows has come.

    Raises:
        ValueError: ``url`` names no store.
    """
    if postgres.is_postgres(url):
        return Path(tempfile.gettempdir())
    return sqlite.database_file(url).parent


def take_turn(connection: sa.Connection) -> None:
    """Be the only publisher until the transaction of ``writing`` ends."""
    if connection.dialect.name == "postgresql":
        postgres.take_turn(connection)


def create_partition(connection: sa.Connection, scored_on: date) -> None:
    """Make the part of the table that the night is to be in."""
    if connection.dialect.name == "postgresql":
        partitions.make(connection, scored_on)


def finalise(connection: sa.Connection, scored_on: date) -> None:
    """Let readers find the night as fast as they will later."""
    if connection.dialect.name == "postgresql":
        partitions.analyze(connection, scored_on)


def drop_months(url: str, before: date, *, patience: float = partitions.PATIENCE) -> None:
    """Give back the room of nights that ``risk.publish.retention`` has taken out, outside a
    transaction.

    A month that a reader has open for longer than ``patience`` (seconds) goes the next time.
    """
    if postgres.is_postgres(url):
        with _clear_errors(url), postgres.at_once(url) as connection:
            partitions.drop(connection, before, patience)


def filled(
    connection: sa.Connection,
    url: str,
    windows: Iterator[pl.DataFrame],
    columns: Sequence[str],
    rows: int,
    *,
    rows_at_a_time: int,
) -> Generator[tuple[sa.Select[Any], int], None, None]:
    """The rows of a night as SQL can read them, ``rows_at_a_time``, and the number of each batch.

    To be called inside ``writing``, after ``take_turn``.
    """
    from perdura.risk.store import postgres_bulk, sqlite_bulk

    if postgres.is_postgres(url):
        return postgres_bulk.filled(
            connection, url, windows, columns, rows, rows_at_a_time=rows_at_a_time
        )
    file = sqlite.database_file(url)
    return sqlite_bulk.filled(
        connection, file, windows, columns, rows, rows_at_a_time=rows_at_a_time
    )


@contextmanager
def swept_after_failure(url: str) -> Generator[None]:
    """On a failure inside, remove the tables that ``filled`` has put aside.

    Only once the transaction has ended: until then it reads them. In SQLite ``filled`` does it.
    """
    try:
        yield
    except BaseException as error:
        if postgres.is_postgres(url) and not isinstance(error, Unreachable):
            from perdura.risk.store import postgres_bulk

            # The failure is raised below; the next publisher sweeps too.
            with suppress(Exception), postgres.writing(url) as connection:
                if postgres.try_turn(connection):  # else another publishes, and has swept
                    postgres_bulk.drop_staged(connection)
        raise


@contextmanager
def _clear_errors(url: str) -> Generator[None]:
    """Raise ``Unreachable`` where the database is away or its disk full; other errors as they are.

    Raises:
        Unreachable: Says what to do.
    """
    try:
        yield
    except Exception as error:
        if postgres.is_postgres(url):
            if not postgres.is_gone(error):
                raise
            found = f"{shown(url)} cannot be used now: {postgres.words(error)}"
            raise Unreachable(found) from error
        found = str(getattr(error, "orig", None) or error).lower()
        if any(words in found for words in _FULL):
            raise Unreachable(
                f"the disk of {sqlite.database_file(url).parent} is full; make room there and run "
                "the same command again: nothing was written"
            ) from error
        raise
