"""Changes of PostgreSQL's tables that shut readers out: begun only where no session waits long.

A session that waits for a table to change makes all later ones wait. So a lock is asked for
half a second and given up again, until it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

PATIENCE = 60.0  # seconds
_ASKED_MS, _LEFT_SECONDS = 500, 0.5
_LOCK_NOT_AVAILABLE = "55P03"


def change(
    connection: sa.Connection,
    work: Callable[[sa.Connection], None],
    *,
    patience: float = PATIENCE,
) -> None:
    """Do the work, within the transaction of the caller, once its locks are free.

    In SQLite, where readers never wait, at once.

    Raises:
        OperationalError: The table was being read all the time, without a pause.
    """
    if connection.dialect.name != "postgresql":
        work(connection)
        return
    before = connection.scalar(sa.text("SELECT current_setting('lock_timeout')"))
    until = monotonic() + patience
    while not _is_done(connection, work, last=monotonic() > until):
        sleep(_LEFT_SECONDS)
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{before}'")


def _is_done(
    connection: sa.Connection, work: Callable[[sa.Connection], None], *, last: bool
) -> bool:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_ASKED_MS}")
            work(connection)
    except OperationalError as error:
        if last or getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    return True
