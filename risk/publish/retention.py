"""How long nights stay: so many months, the newest night's among them."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.tables import NIGHTS, RISK


def first_kept(connection: sa.Connection, scored_on: date, months: int) -> date:
    """The first day of which a night stays. It is a first of a month, so whole months go.

    Counted from the newest night, so that one is never older; nor is the night of ``scored_on``,
    which was asked for just now.
    """
    if months < 1:
        raise ValueError(f"nights of at least 1 month are kept, got {months}")
    newest = connection.scalar(sa.select(sa.func.max(NIGHTS.c.scored_on))) or scored_on
    number = newest.year * 12 + newest.month - 1 - (months - 1)
    return min(date(number // 12, number % 12 + 1, 1), scored_on.replace(day=1))


def forget_nights(connection: sa.Connection, before: date) -> None:
    """Take older nights out, in the transaction that somebody else began.

    In PostgreSQL their rows go with their months, once nobody reads them:
    ``risk.store.partitions``. The book stays: it names nobody.
    """
    rows = () if connection.dialect.name == "postgresql" else (RISK,)
    for table in (NIGHTS, PHRASES, *rows):
        connection.execute(sa.delete(table).where(table.c.scored_on < before))
