"""PostgreSQL: connections that are kept, transactions that see one moment, one publisher at a time.

Readers take no lock that a publisher wants, and the other way round: rows are replaced, months are
attached, and nothing that readers know is altered or dropped while a night is published.

PgBouncer may stand between, in transaction mode: whatever a transaction sets (a role, a time limit)
is set for it alone, no statement is prepared, and nothing relies on meeting the same session again.
Publishing takes up to four sessions at once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from perdura.risk.migrations import NEWEST, bring_up, look, version_of
from perdura.risk.migrations.short_locks import change
from perdura.risk.schema.all_tables import add_columns
from perdura.risk.store.urls import shown

_LOG = logging.getLogger(__name__)

_NAMES = ("postgresql", "postgresql+psycopg", "postgres")

_CONNECT_SECONDS = 10
_POOL = {"pool_size": 10, "max_overflow": 10, "pool_timeout": 30, "pool_recycle": 300}

_LOCK_SECONDS = 10  # for readers of a table that is to change
_RECORDING_MS = 500

_OWNER = sa.text(
    "SELECT rolname FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner"
    " WHERE pg_class.oid = to_regclass('risk') AND rolname <> current_user"
    " AND pg_has_role(relowner, 'MEMBER')"
)
_IS_SUPERUSER = sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")

# Connection failures, no resources (a full disk, too many sessions), being shut down, failures of
# the machine.
_GONE = ("08", "53", "57P", "58")

_ENGINES: dict[tuple[str, int], sa.Engine] = {}
_ENGINES_LOCK = Lock()

# Of advisory locks, which are numbers that all users of a database share.
_PUBLISHING, _MIGRATING = 0x70657264_0001, 0x70657264_0002


class NotOwner(PermissionError):
    """The tables' owner alone may do it. Nothing was done."""


def is_postgres(url: str) -> bool:
    """Whether the URL names a PostgreSQL database."""
    return url.partition("://")[0] in _NAMES


@contextmanager
def reading(url: str) -> Generator[sa.Connection]:
    """A transaction that sees one moment of the database and can change nothing."""
    with _engine(url).connect() as connection:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with connection.execution_options(**options).begin():
            look(connection)
            yield connection


@contextmanager
def writing(url: str) -> Generator[sa.Connection]:
    """A transaction that happens whole or not at all; the tables are made where absent.

    Many may write at once, each row is one writer's at a time; see ``take_turn``.
    """
    with _engine(url).begin() as connection:
        if version_of(connection) != NEWEST:
            _migrate(url)
        yield connection


def take_turn(connection: sa.Connection) -> None:
    """Wait until no other publishes, and keep others waiting until the transaction ends."""
    if not try_turn(connection):
        _LOG.warning("  waiting for another night to be published")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PUBLISHING)))
        _as_owner(connection)


def try_turn(connection: sa.Connection) -> bool:
    """As ``take_turn`` without waiting: false where another process publishes now."""
    free = connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_PUBLISHING)))
    if free:
        _as_owner(connection)
    return bool(free)


@contextmanager
def as_oneself(url: str) -> Generator[sa.Connection]:
    """A transaction in a store that is there, as the user of the URL."""
    with _engine(url).begin() as connection:
        yield connection


@contextmanager
def recording(url: str) -> Generator[sa.Connection]:
    """A transaction that adds to the audit, also of the role that otherwise only reads.

    It makes no tables, and waits half a second at most for one that is being changed.
    """
    with _engine(url).begin() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_RECORDING_MS}ms'")
        yield connection


@contextmanager
def at_once(url: str) -> Generator[sa.Connection]:
    """No transaction: every statement is one of its own, with the rights of the tables' owner.

    Raises:
        NotOwner: Through PgBouncer no user can take on another role for that.
    """
    with _engine(url).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        owner = connection.scalar(_OWNER)
        if owner is None or connection.scalar(_IS_SUPERUSER):
            yield connection
            return
    with _connected_as(url, owner) as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _connected_as(url: str, owner: str) -> Generator[sa.Connection]:
    """A connection that has the role from its start: none is set that another could meet."""
    escaped = owner.replace("\\", "\\\\").replace(" ", "\\ ")
    given = sa.make_url(url).query.get("options") or ()
    options = " ".join([*((given,) if isinstance(given, str) else given), f"-c role={escaped}"])
    engine = _new_engine(url, poolclass=sa.NullPool, options=options)
    try:
        connection = engine.connect()
    except exc.OperationalError as error:
        if "startup parameter" not in words(error):
            raise
        raise NotOwner(
            f"{shown(url)} is PgBouncer's, through which no user can act as the owner of the "
            f"tables outside a transaction; connect as {owner}, or directly"
        ) from error
    with connection:
        yield connection


def connect_string(url: str) -> str:
    """The connection string of libpq, and so of ADBC; it holds the password."""
    from psycopg.conninfo import make_conninfo

    engine = _engine(url)
    _, arguments = engine.dialect.create_connect_args(engine.url)
    arguments.pop("context", None)  # psycopg's own
    parameters: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, **arguments}
    return make_conninfo(**parameters)


def is_gone(error: BaseException) -> bool:
    """Whether the database did not answer, went away, or has no room: another time it may do.

    ADBC and psycopg give the codes of PostgreSQL (its manual, Appendix A), or none where no server
    answered.
    """
    if isinstance(error, exc.TimeoutError):  # all connections are taken
        return True
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    cause: Any = getattr(error, "orig", None) or error
    if type(cause).__module__.partition(".")[0] not in ("psycopg", "adbc_driver_manager"):
        return False
    code = str(getattr(cause, "sqlstate", None) or "")
    return code.startswith(_GONE) if code else type(cause).__name__ == "OperationalError"


def words(error: BaseException) -> str:
    """What the database, or its driver, said."""
    return str(getattr(error, "orig", None) or error).strip()


def _migrate(url: str) -> None:
    """In transactions of its own, so that readers wait only for what takes a moment.

    A column that is added shuts them out until it is committed, so it is before indexes are made.
    """
    with _migrating(url) as connection:
        if version_of(connection) != NEWEST:
            change(connection, add_columns)
    with _migrating(url) as connection:
        if version_of(connection) != NEWEST:
            bring_up(connection)


@contextmanager
def _migrating(url: str) -> Generator[sa.Connection]:
    with _engine(url).begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
        _as_owner(connection)
        yield connection


def _as_owner(connection: sa.Connection) -> None:
    """For this transaction be the table's owner, where the user may: all that is made is theirs."""
    owner = connection.scalar(_OWNER)
    if owner is not None:
        quoted = connection.dialect.identifier_preparer.quote_identifier(owner)
        connection.exec_driver_sql(f"SET LOCAL ROLE {quoted}")


def close(url: str) -> None:
    """Let go of the connections that are kept for it."""
    with _ENGINES_LOCK:
        engine = _ENGINES.pop((url, os.getpid()), None)
    if engine is not None:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    """Of this process: a forked one must not speak through its parent's connections."""
    key = (url, os.getpid())
    with _ENGINES_LOCK:
        if key not in _ENGINES:
            _ENGINES[key] = _new_engine(url)
        return _ENGINES[key]


def _new_engine(url: str, poolclass: type[sa.Pool] | None = None, **connect_args: str) -> sa.Engine:
    """A connection that the server closed, as when it is restarted, is replaced before it is used.

    Error messages name no subscriber.
    """
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": _CONNECT_SECONDS, "prepare_threshold": None}
        | connect_args,
        pool_pre_ping=True,
        hide_parameters=True,
        **({"poolclass": poolclass} if poolclass else _POOL),
    )
