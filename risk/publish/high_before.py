"""Subscribers in the high band of the night before: they stay in it while the risk is near."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from perdura.risk.errors import NoNight
from perdura.risk.publish.band_changes import night_before
from perdura.risk.schema.all_tables import columns_of
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store.connect import reading


def high_before(url: str, scored_on: date, *, trial: bool = False) -> list[str]:
    """Ids in the high band of the night before ``scored_on``; none where there is no such night."""
    try:
        with reading(url) as connection:
            if NIGHTS.c.trial.name not in columns_of(connection, NIGHTS):
                return []  # made by an older version, which this night brings up to date
            before = night_before(connection, scored_on, trial=trial)
            if before is None:
                return []
            query = sa.select(RISK.c.subscriber_id).where(
                RISK.c.scored_on == before.scored_on, RISK.c.band == "high"
            )
            return list(connection.scalars(query.order_by(RISK.c.subscriber_id)))
    except NoNight:
        return []
