"""States of subscribers: those of a night, and those that changed since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from perdura.risk.query.queries import published_night
from perdura.risk.schema.recent import STATES
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store.connect import reading, writing
from perdura.risk.store.loading import replace_all

if TYPE_CHECKING:
    import polars as pl

_AT_A_TIME = 500


def newest_night(url: str) -> date:
    """The day of the newest night.

    Raises:
        NoNight: Nothing has been published.
    """
    with reading(url) as connection:
        return published_night(connection).scored_on


def night_states(url: str, scored_on: date, subscriber_ids: Sequence[str]) -> dict[str, str]:
    """The states in a night, of those of these subscribers that it scored."""
    found: dict[str, str] = {}
    query = sa.select(RISK.c.subscriber_id, RISK.c.state).where(RISK.c.scored_on == scored_on)
    with reading(url) as connection:
        for start in range(0, len(subscriber_ids), _AT_A_TIME):
            some = RISK.c.subscriber_id.in_(subscriber_ids[start : start + _AT_A_TIME])
            found.update((id_, state) for id_, state in connection.execute(query.where(some)))
    return found


def put_states(url: str, scored_on: date, as_of: datetime, rows: pl.DataFrame) -> bool:
    """Replace the table ``states`` by ``rows``, if the night is still the newest.

    Returns:
        Whether it is. If not, nothing has changed: the newer night knows more.
    """
    with writing(url) as connection:
        if connection.scalar(sa.select(sa.func.max(NIGHTS.c.scored_on))) != scored_on:
            return False
        replace_all(connection, STATES, rows)
        this = NIGHTS.c.scored_on == scored_on
        connection.execute(sa.update(NIGHTS).where(this).values(states_as_of=as_of))
    return True
