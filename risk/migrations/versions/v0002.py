"""Places in the order of calls, and indexes that hold whatever a list is filtered by."""

import sqlalchemy as sa
from alembic import op

from perdura.risk.migrations.short_locks import change
from perdura.risk.schema.all_tables import complete
from perdura.risk.schema.tables import INDEXED_RANKS, LONGEST_KEY, NIGHTS, RISK

revision = "0002"
down_revision = "0001"

_GONE = ("riskiest_by_rank", "dearest_by_currency")


def upgrade() -> None:
    """Make what is missing; until the next night the order of calls is that of risk."""
    connection = op.get_bind()
    if RISK.name in sa.inspect(connection).get_table_names():
        for column in (RISK.c.plan, RISK.c.country):
            # To what an index can hold, as publishing does since.
            long = sa.func.length(column) > LONGEST_KEY
            cut = sa.func.substr(column, 1, LONGEST_KEY)
            connection.execute(sa.update(RISK).where(long).values({column.name: cut}))
    complete(connection)
    newest = sa.select(sa.func.max(NIGHTS.c.scored_on)).scalar_subquery()
    lacking = sa.update(RISK).where(RISK.c.scored_on == newest, RISK.c.call_rank.is_(None))
    connection.execute(lacking.where(RISK.c.rank <= INDEXED_RANKS).values(call_rank=RISK.c.rank))
    change(connection, _drop_indexes)  # last: from here on readers wait


def _drop_indexes(connection: sa.Connection) -> None:
    for name in _GONE:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
