"""What a night writes beside the risks: how the lot fell, and what happened lately."""

from datetime import UTC, date, datetime

import sqlalchemy as sa

from perdura.flows.settings import Settings
from perdura.flows.steps.contact_events import contact_events
from perdura.flows.steps.erased_ids import share_erasures
from perdura.flows.steps.recent_events import recent_events
from perdura.models.scoring.control_group import quarter_of
from perdura.risk.records.assignments import assign
from perdura.risk.schema.recent import EVENTS
from perdura.risk.schema.tables import INDEXED_RANKS, NIGHTS, RISK
from perdura.risk.store.connect import reading, writing
from perdura.risk.store.loading import replace_all


def write_beside(settings: Settings, scored_on: date) -> None:
    """Write it for a night that has been published, if it is the newest; run again, the same.

    Events are those of the ``recent_ranks`` riskiest, replaced whole in one transaction.
    """
    # Those of an older version, or from before the table was restored.
    share_erasures(settings.landing_folder, settings.risk_url)
    # In the index's own words: else SQLite does not see that it holds them.
    indexed = RISK.c.rank <= sa.literal_column(str(INDEXED_RANKS))
    bound = RISK.c.rank <= settings.risk_table.recent_ranks
    query = sa.select(RISK.c.subscriber_id).where(RISK.c.scored_on == scored_on, indexed, bound)
    with reading(settings.risk_url) as connection:
        if connection.scalar(sa.select(sa.func.max(NIGHTS.c.scored_on))) != scored_on:
            return
        subscriber_ids = list(connection.scalars(query))
    now, as_of = datetime.now(UTC), settings.nights.as_of(scored_on)
    written = contact_events(settings.risk_url, now)
    events = recent_events(settings.landing, subscriber_ids, as_of, written)
    with writing(settings.risk_url) as connection:
        if settings.support.control_group:
            assign(connection, scored_on, quarter_of(scored_on), now=now)
        replace_all(connection, EVENTS, events)
