"""The MRR of subscribers that a night did not score: with the scored, all MRR of the day.

Subscribers who have cancelled still pay until their term ends, and subscribers who are paused or
on trial pay nothing yet. None of them is scored, so without this table the MRR of a night would not
add up to the MRR of the business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from operator import attrgetter

import sqlalchemy as sa

from perdura.risk.schema.not_scored import NOT_SCORED

_ORDER = attrgetter("state", "currency")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotScored:
    """One row of the table ``not_scored``, without its night."""

    state: str
    currency: str
    subscribers: int
    mrr: int
    unpriced: int = 0


def write_not_scored(connection: sa.Connection, scored_on: date, rows: Iterable[NotScored]) -> None:
    """Replace the rows of a night, unless they are there already."""
    ordered = sorted(rows, key=_ORDER)
    if not_scored_of(connection, scored_on) == ordered:
        return
    connection.execute(sa.delete(NOT_SCORED).where(NOT_SCORED.c.scored_on == scored_on))
    if ordered:
        values = [{"scored_on": scored_on, **asdict(row)} for row in ordered]
        connection.execute(sa.insert(NOT_SCORED), values)


def not_scored_of(connection: sa.Connection, scored_on: date) -> list[NotScored]:
    """The rows of a night by state and currency; none where the night was published without."""
    if not sa.inspect(connection).has_table(NOT_SCORED.name):
        return []
    columns = (c for c in NOT_SCORED.c if c.name != "scored_on")
    query = sa.select(*columns).where(NOT_SCORED.c.scored_on == scored_on)
    rows = (NotScored(**row) for row in connection.execute(query).mappings())
    return sorted(rows, key=_ORDER)
