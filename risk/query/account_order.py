"""The order of accounts: by expected loss, by risk, or by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.query.cursors import Position
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.portfolio import portfolio_of

#: Amounts of several currencies are compared in millionths of what is usual in theirs: as whole
#: numbers, since sums of floats depend on the order in which a database adds them.
_USUAL = 1_000_000


@dataclass(frozen=True, slots=True)
class AccountRows:
    """Rows of a night that are added up: of ``risk`` or a view, those that fulfil ``which``."""

    night: Night
    table: sa.FromClause
    which: Sequence[sa.ColumnElement[bool]]


def ordered(
    connection: sa.Connection, rows: AccountRows, list_query: ListQuery, after: Position | None
) -> sa.Select[Any, str]:
    """The query for sort key and name of accounts, in order, from behind ``after`` on.

    Args:
        connection: To the store.
        rows: Of the accounts.
        list_query: The order, and the least ``expected_loss`` of an account.
        after: Key and name of the account before the first; ``None``: from the beginning.
    """
    table = rows.table
    key = _key(connection, rows, list_query).label("key")
    grouped = sa.select(key, table.c.account).where(*rows.which).group_by(table.c.account)
    if (minimum := list_query.filters.minimum) is not None:
        grouped = grouped.having(sa.func.sum(table.c.expected_loss) >= minimum)
    sums = grouped.subquery()
    query = sa.select(sums.c.key, sums.c.account).order_by(sums.c.key.desc(), sums.c.account)
    if after is None:
        return query
    lower, same = sums.c.key < after[0], sums.c.key == after[0]
    return query.where(sa.or_(lower, sa.and_(same, sums.c.account > after[1])))


def _key(
    connection: sa.Connection, rows: AccountRows, list_query: ListQuery
) -> sa.ColumnElement[Any]:
    if list_query.sort == "risk":
        return sa.func.max(rows.table.c.risk)
    if list_query.sort == "id":
        return sa.literal(0)
    loss: sa.ColumnElement[int] = sa.func.coalesce(rows.table.c.expected_loss, 0)
    mrr, subscribers = Counter[str](), Counter[str]()
    for entry in portfolio_of(connection, [rows.night.scored_on]):
        if entry.currency:
            mrr[entry.currency] += entry.mrr
            subscribers[entry.currency] += entry.subscribers
    if len(subscribers) > 1:
        # Mean MRR in each currency, at least one minor unit.
        usual = {code: max(1.0, mrr[code] / count) for code, count in subscribers.items()}
        compared = {
            code: sa.cast(sa.func.round(loss * (_USUAL / mean)), sa.BigInteger)
            for code, mean in usual.items()
        }
        loss = sa.case(compared, value=rows.table.c.currency, else_=0)
    return sa.cast(sa.func.sum(loss), sa.BigInteger)
