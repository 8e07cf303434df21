"""Whose turn to be called came, and how the lot fell: what contact does is measured from it."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.schema.declare import Utc
from perdura.risk.schema.tables import INDEXED_RANKS, NIGHTS, RISK


def assign(connection: sa.Connection, scored_on: date, quarter: str, *, now: datetime) -> int:
    """Write down how the lot fell for those of a night whose band is high for the first time.

    Only for the newest night, which is the one that people are called by, and once a season for
    each: run again it changes nothing. Of a night the ``INDEXED_RANKS`` riskiest are looked at; of
    a trial, by which nobody is called, nobody.

    Returns:
        How many were written.
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
