"""The versions of a store, and how one of an older version is brought up to this one's.

A new version is a file ``versions/v000N.py`` for Alembic, and its number last in ``VERSIONS``. The
first makes whatever is missing of ``risk.schema.all_tables.TABLES`` as they are today, so later
ones look before they change: in a store that is made today there is nothing left to do. What only
adds tables, columns that may be null, or indexes, calls ``risk.schema.all_tables.complete``; what
only changes views does nothing. There is no way down: that is a backup.
"""

from __future__ import annotations

from threading import Lock

import sqlalchemy as sa

from perdura.risk.migrations.short_locks import change
from perdura.risk.schema.all_tables import WHOLE, columns_of
from perdura.risk.schema.roles import let_read
from perdura.risk.schema.views import create_views, drop_views

#: All that this code knows, oldest first.
VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
NEWEST = VERSIONS[-1]

_KEPT = sa.table("alembic_version", sa.column("version_num"))

_ONE_AT_A_TIME = Lock()  # Alembic keeps what it works on in its modules


class NewerStore(RuntimeError):
    """The store was written by a newer version of Perdura. Nothing was done."""


def version_of(connection: sa.Connection) -> str | None:
    """The version of the store; none where it is empty, or older than there were versions.

    Raises:
        NewerStore: This code does not know it.
    """
    if not columns_of(connection, _KEPT):
        return None
    found = connection.scalar(sa.select(_KEPT.c.version_num))
    if found is not None and found not in VERSIONS:
        raise NewerStore(
            f"the risk table's database has version {found}, written by a newer Perdura; this one "
            f"knows versions up to {NEWEST}: upgrade it"
        )
    return found


def look(connection: sa.Connection) -> None:
    """Refuse a newer store; a connection that is kept is asked once.

    Raises:
        NewerStore: This code does not know it.
    """
    if WHOLE not in connection.info and version_of(connection) == NEWEST:
        connection.info[WHOLE] = True


def bring_up(connection: sa.Connection) -> None:
    """Make the store one of the newest version, inside the transaction of the caller."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "perdura.risk:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if connection.dialect.name == "sqlite":  # which alters no table that a broken view reads
        drop_views(connection)
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")
    change(connection, _make_views_anew)
    let_read(connection)


def _make_views_anew(connection: sa.Connection) -> None:
    """Last of all: no other session reads them until they are committed."""
    drop_views(connection)
    create_views(connection)
