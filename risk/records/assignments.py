"""Random assignments of a quarter: the effect of contacts is estimated from them."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.schema.declare import Utc
from perdura.risk.schema.tables import INDEXED_RANKS, NIGHTS, RISK


def assign(connection: sa.Connection, scored_on: date, quarter: str, *, now: datetime) -> int:
    """Write down the assignments of a night's subscribers in the high band, once a quarter each.

    Only for the newest night, which is the list that is called; run again it changes nothing. Only
    the ``INDEXED_RANKS`` riskiest are looked at, and no trial.

    Returns:
        Number of assignments written.
    """
    newest = connection.scalar(sa.select(sa.func.max(NIGHTS.c.scored_on)))
    if newest != scored_on:
        return 0
    before = sa.select(ASSIGNMENTS.c.subscriber_id).where(
        ASSIGNMENTS.c.subscriber_id == RISK.c.subscriber_id, ASSIGNMENTS.c.season == quarter
    )
    values = (sa.literal(quarter), sa.literal(now, Utc))
    first = sa.select(RISK.c.subscriber_id, *values, RISK.c.held_out).where(
        RISK.c.scored_on == scored_on,
        # In the index's own words: else SQLite does not see that it holds them.
        RISK.c.rank <= sa.literal_column(str(INDEXED_RANKS)),
        RISK.c.band == "high",
        RISK.c.held_out.is_not(None),
        RISK.c.trial.is_not(True),
        ~before.exists(),
    )
    columns = ["subscriber_id", "season", "drawn_at", "held_out"]
    written = sa.insert(ASSIGNMENTS).from_select(columns, first)
    return connection.execute(written, execution_options={"preserve_rowcount": True}).rowcount
