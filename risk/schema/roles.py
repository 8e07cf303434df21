"""Roles in PostgreSQL: one reads what is known of subscribers, one writes everything.

The reader adds its own reads to the audit, and can neither read nor change the audit.

Both may log in, and have no password until an administrator sets one.
"""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.all_tables import TABLES
from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.schema.audit import AUDIT
from perdura.risk.schema.contact_effect import CONTACT_EFFECT
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.not_scored import NOT_SCORED
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.recent import EVENTS, STATES
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.schema.views import VIEWS

READER, WRITER = "perdura_read", "perdura_write"

#: Tables that the reader sees besides the views. Others are private: tokens, the audit, what was
#: sent where.
READABLE = (
    NIGHTS,
    RISK,
    PHRASES,
    PORTFOLIO,
    NOT_SCORED,
    STATES,
    EVENTS,
    CONTACTS,
    CONTACT_EFFECT,
    ASSIGNMENTS,
)

_VERSION = "alembic_version"  # each reader reads it first

_EXISTS = sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name")
_OWN_TABLES = sa.text(
    "SELECT quote_ident(relname) FROM pg_class"
    " WHERE relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('risk'))"
    " AND (relname = ANY(:names) OR relname ~ '^risk_[0-9]{4}_[0-9]{2}$')"
    " AND relkind IN ('r', 'p', 'v') AND relowner <> CAST(:owner AS regrole)"
)


def create(connection: sa.Connection) -> None:
    """Make the roles where they are absent, and let them do what is theirs to do.

    Done again, it changes nothing. To be called inside a transaction of a user who may make
    roles.
    """
    for name in (READER, WRITER):
        if not _there(connection, name):
            connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
    connection.exec_driver_sql(f"ALTER ROLE {READER} SET default_transaction_read_only = on")
    database, schema = connection.execute(
        sa.text("SELECT quote_ident(current_database()), quote_ident(current_schema())")
    ).one()
    connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {database} TO {READER}, {WRITER}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {READER}, {WRITER}")
    connection.exec_driver_sql(f"GRANT CREATE ON SCHEMA {schema} TO {WRITER}")
    # All tables become the writer's: only an owner can add months, and take them off.
    may = "SELECT pg_has_role(current_user, CAST(:name AS regrole), 'MEMBER')"
    if not connection.scalar(sa.text(may), {"name": WRITER}):
        connection.exec_driver_sql(f"GRANT {WRITER} TO CURRENT_USER")
    names = [*(table.name for table in TABLES), *VIEWS, _VERSION]
    for name in connection.scalars(_OWN_TABLES, {"names": names, "owner": WRITER}).all():
        connection.exec_driver_sql(f"ALTER TABLE {name} OWNER TO {WRITER}")
    let_read(connection)


def let_read(connection: sa.Connection) -> None:
    """Let the reader, if there is one, read what is there, and add to the audit that it did.

    Views are made anew now and then, and with them this is done again.
    """
    if connection.dialect.name == "postgresql" and _there(connection, READER):
        names = ", ".join((*(table.name for table in READABLE), *VIEWS, _VERSION))
        connection.exec_driver_sql(f"GRANT SELECT ON {names} TO {READER}")
        connection.exec_driver_sql(f"GRANT INSERT ON {AUDIT.name} TO {READER}")


def _there(connection: sa.Connection, name: str) -> bool:
    return connection.scalar(_EXISTS, {"name": name}) is not None
