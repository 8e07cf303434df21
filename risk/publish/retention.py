"""Retention: nights stay for a number of months, the newest night's among them."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.tables import NIGHTS, RISK


def first_kept(connection: sa.Connection, scored_on: date, months: int) -> date:
    """The first day of nights that stay. It is a first of a month, so whole months go.

    Counted from the newest night, so that one is never older; nor is the night of ``scored_on``,
    which has just been published.
    """
    if months < 1:
        raise ValueError(f"nights of at least 1 month are kept, got {months}")
    newest = connection.scalar(sa.select(sa.func.max(NIGHTS.c.scored_on))) or scored_on
    number = newest.year * 12 + newest.month - 1 - (months - 1)
    return min(date(number // 12, number % 12 + 1, 1), scored_on.replace(day=1))


def forget_nights(connection: sa.Connection, before: date) -> None:
    """Take older nights out, inside a transaction.

    In PostgreSQL their rows go with their months, once no reader has them open:
    ``risk.store.partitions``. The portfolio stays: it names no subscriber.
    """
    rows = () if connection.dialect.name == "postgresql" else (RISK,)
    for table in (NIGHTS, PHRASES, *rows):
        connection.execute(sa.delete(table).where(table.c.scored_on < before))
