"""Where the risk table and what stands around it are kept, by URL: SQLite or PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
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


class Unreachable(ConnectionError):
    """The database did not answer, went away or is full. What was begun did not happen.

    Only where it went away during the very last step nobody knows: then it happened whole, or not.
    """


class NoRoles(ValueError):
    """Roles were asked for where there are none, or by who may not make them."""


@contextmanager
def reading(url: str) -> Iterator[sa.Connection]:
    """A transaction that sees one moment, waits for nobody and can change nothing.

    Raises:
        NewerStore: A newer version of Perdura wrote it.
        NoNight: Nothing has ever been written there.
        Unreachable: The database does not answer, or went away.
        ValueError: ``url`` names no store.
    """
    with _told(url), _reading(url) as connection:
        yield connection


@contextmanager
def writing(url: str, *, durable: bool = False) -> Iterator[sa.Connection]:
    """A transaction that happens whole or, after an error or a kill, not at all.

    Args:
        url: Where to; made where absent.
        durable: Whether not even a power cut may take it back, as of what people wrote.

    Raises:
        NewerStore: A newer version of Perdura wrote it.
        Unreachable: The database does not answer, or went away.
        ValueError: ``url`` names no store.
    """
    with _told(url), _writing(url, durable=durable) as connection:
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
    if with_roles:
        with _told(url), _let_make_roles(url), postgres.as_oneself(url) as connection:
            roles.create(connection)


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
    """Be the only one who publishes until the transaction of ``writing`` ends."""
    if connection.dialect.name == "postgresql":
        postgres.take_turn(connection)


def create_partition(connection: sa.Connection, scored_on: date) -> None:
    """Make the part of the table that the night is to be in."""
    if connection.dialect.name == "postgresql":
        partitions.make(connection, scored_on)


def finalise(connection: sa.Connection, scored_on: date) -> None:
    """Let those who ask for the night find it as fast as they will later."""
    if connection.dialect.name == "postgresql":
        partitions.analyze(connection, scored_on)


def drop_months(url: str, before: date, *, patience: float = partitions.PATIENCE) -> None:
    """Give back the room of nights that ``risk.publish.retention`` has taken out, outside a
    transaction.

    What somebody reads for longer than ``patience`` (seconds) goes the next time.
    """
    if postgres.is_postgres(url):
        with _told(url), postgres.at_once(url) as connection:
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
    """The rows of a night as SQL can read them, so many at a time, and how many they are.

    To be called by who has taken the turn, inside ``writing``.
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
def swept_after_failure(url: str) -> Iterator[None]:
    """Where what is inside fails, tables that ``filled`` has put aside are removed, too.

    Only once the transaction has ended: until then it reads them. In SQLite ``filled`` does it.
    """
    try:
        yield
    except BaseException as error:
        if postgres.is_postgres(url) and not isinstance(error, Unreachable):
            with suppress(Exception):  # what went wrong is said; the next to publish sweeps too
                _sweep(url)
        raise


def _sweep(url: str) -> None:
    from perdura.risk.store import postgres_bulk

    with postgres.writing(url) as connection:
        if postgres.try_turn(connection):  # else another publishes, and has swept
            postgres_bulk.drop_staged(connection)


def _reading(url: str) -> AbstractContextManager[sa.Connection]:
    if postgres.is_postgres(url):
        return postgres.reading(url)
    file = sqlite.database_file(url)
    if not file.exists():
        raise NoNight(f"nothing has been published at {shown(url)}: {file} does not exist")
    return sqlite.reading(file)


def _writing(url: str, *, durable: bool) -> AbstractContextManager[sa.Connection]:
    if postgres.is_postgres(url):
        return postgres.writing(url)  # always is
    return sqlite.writing(sqlite.database_file(url), durable=durable)


@contextmanager
def _let_make_roles(url: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":  # insufficient_privilege
            raise
        raise NoRoles(
            f"{shown(url)}: {postgres.words(error)}; to make roles, be a superuser, or the owner "
            "of the tables with CREATEROLE. No role was made"
        ) from error


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Say in one way that a database is not there; all other errors are let through."""
    try:
        yield
    except Exception as error:
        if not postgres.is_postgres(url):
            _say_full(url, error)
            raise
        if not postgres.is_gone(error):
            raise
        raise Unreachable(f"{shown(url)} cannot be used now: {postgres.words(error)}") from error


def _say_full(url: str, error: Exception) -> None:
    said = str(getattr(error, "orig", None) or error).lower()
    if any(words in said for words in ("disk is full", "no space left", "disk quota exceeded")):
        raise Unreachable(
            f"the disk of {sqlite.database_file(url).parent} is full; make room there and run the "
            "same command again: nothing was written"
        ) from error
