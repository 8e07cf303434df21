"""Risk by account: the risks of a company's subscribers added up, for lists, pages and commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import prod

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.query.account_order import AccountRows, ordered
from perdura.risk.query.cursors import BadCursor, Position, cursor, position_of
from perdura.risk.query.filters import Filters, begins, conditions
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.queries import published_night
from perdura.risk.schema.all_tables import columns_of
from perdura.risk.schema.tables import BANDS, NIGHTS, RISK
from perdura.risk.schema.views import CURRENT
from perdura.risk.store.connect import reading

_SUMMED = ("subscriber_id", "risk", "band", "mrr", "expected_loss", "currency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account in one night.

    Attributes:
        account: Its name.
        subscribers: Number of its subscribers that are scored.
        expected_leavers: How many of them are expected to leave within the horizon.
        any_leaves: The risk that at least one of them does, as if each decided alone.
        riskiest: The subscriber with the highest risk.
        risk: Their risk.
        band: The highest band of its subscribers.
        mrr: Minor units a month, by currency; of unknown amounts nothing.
        expected_loss: The part of it that is expected to be lost, likewise.
    """

    account: str
    subscribers: int
    expected_leavers: float
    any_leaves: float
    riskiest: str
    risk: float
    band: str
    mrr: Mapping[str, int] = field(default_factory=dict[str, int])
    expected_loss: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """One page of accounts.

    Attributes:
        night: Of the accounts.
        accounts: In the order of the query.
        after: The cursor of the next page; none: this is the last.
    """

    night: Night
    accounts: tuple[Account, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class AccountRisks:
    """The accounts of a night, highest expected loss first.

    Attributes:
        scored_on: The night.
        accounts: Of most expected loss first.
        without: How many scored subscribers have no account.
        control: How many are in the control group, which is left out of all sums.
        trial: Whether a model version that was refused scored the night.
    """

    scored_on: date
    accounts: tuple[Account, ...]
    without: int
    control: int
    trial: bool


def accounts(connection: sa.Connection, list_query: ListQuery) -> AccountPage:
    """A page of the accounts of the newest night.

    Only subscribers that fit the filters are added up. But the filter ``prefix`` is how the
    account's name begins, ``minimum`` is the account's, and ``list_query.sort`` is ``worth``
    (expected loss; amounts of several currencies as multiples of what is usual in theirs), ``risk``
    (of the riskiest subscriber), each highest first, or ``id`` (the account's name).

    Raises:
        NoNight: Nothing has been published.
        BadCursor: ``list_query.after`` is no cursor of this question.
        NightChanged: It is one of another night.
    """
    night, question = published_night(connection), ("accounts", *list_query.question)
    start = None if list_query.after is None else position_of(list_query.after, night, question)
    if start and start[0] is None:  # made up: each account has a key
        raise BadCursor("the cursor was not given with a page of this question")
    rows = _newest(night, list_query.filters)
    found = _positions(connection, rows, list_query, start)
    shown = found[: list_query.size]
    after = cursor(night, question, shown[-1]) if len(found) > list_query.size else None
    names = [name for _, name in shown]
    return AccountPage(night=night, accounts=_summed(connection, rows, names), after=after)


def account_of(connection: sa.Connection, name: str, filters: Filters) -> Account | None:
    """One account of the newest night; ``None`` where no subscriber of it fits the filters."""
    rows = _newest(published_night(connection), filters)
    return next(iter(_summed(connection, rows, [name])), None)


def has_accounts(connection: sa.Connection) -> bool:
    """Whether the newest night knows the account of any subscriber."""
    query = sa.select(CURRENT.c.subscriber_id).where(CURRENT.c.account.is_not(None)).limit(1)
    return connection.execute(query).first() is not None


def risks_by_account(url: str, top: int, *, scored_on: date | None = None) -> AccountRisks:
    """The first accounts of a night, by default of the newest as states are now.

    Raises:
        NoNight: Says which nights there are.
    """
    with reading(url) as connection:
        night = published_night(connection, scored_on)
        if RISK.c.account.name not in columns_of(connection, RISK):  # of an older version
            return AccountRisks(night.scored_on, (), night.rows, 0, bool(night.trial))
        newest = connection.scalar(sa.select(sa.func.max(NIGHTS.c.scored_on)))
        c = RISK.c
        if night.scored_on == newest:
            rows = _newest(night, Filters(held_out=False))
        else:  # as states were then
            kept = (c.scored_on == night.scored_on, c.account.is_not(None), c.held_out.is_not(True))
            rows = AccountRows(night, RISK, kept)
        first = _positions(connection, rows, ListQuery(size=top), None)[:top]
        found = _summed(connection, rows, [name for _, name in first])
        counts = sa.select(
            sa.func.count().filter(c.account.is_(None), c.held_out.is_not(True)),
            sa.func.count().filter(c.held_out.is_(True)),
        ).where(c.scored_on == night.scored_on)
        without, control = connection.execute(counts).one()
        return AccountRisks(night.scored_on, found, without, control, bool(night.trial))


def _newest(night: Night, filters: Filters) -> AccountRows:
    of_subscribers = filters.model_copy(update={"prefix": "", "minimum": None})
    kept = [CURRENT.c.account.is_not(None), *conditions(of_subscribers)]
    if filters.prefix:
        kept.append(begins(CURRENT.c.account, filters.prefix))
    return AccountRows(night, CURRENT, kept)


def _positions(
    connection: sa.Connection, rows: AccountRows, list_query: ListQuery, after: Position | None
) -> list[Position]:
    """Sort key and name of the accounts of a page, and of the one behind it."""
    query = ordered(connection, rows, list_query, after)
    found = connection.execute(query.limit(list_query.size + 1))
    return [(row.key, row.account) for row in found]


def _summed(
    connection: sa.Connection, rows: AccountRows, names: Sequence[str]
) -> tuple[Account, ...]:
    """These accounts, in this order; those without rows are left out."""
    c = rows.table.c
    query = sa.select(c.account, *(c[name] for name in _SUMMED)).where(*rows.which)
    members: dict[str, list[sa.RowMapping]] = {name: [] for name in names}
    for row in connection.execute(query.where(c.account.in_(names))).mappings():
        members[row["account"]].append(row)
    return tuple(_account(name, found) for name, found in members.items() if found)


def _account(account: str, rows: Sequence[sa.RowMapping]) -> Account:
    riskiest = min(rows, key=lambda row: (-row["risk"], row["subscriber_id"]))
    return Account(
        account=account,
        subscribers=len(rows),
        expected_leavers=sum(row["risk"] for row in rows),
        any_leaves=1 - prod(1 - row["risk"] for row in rows),
        riskiest=riskiest["subscriber_id"],
        risk=riskiest["risk"],
        band=min((row["band"] for row in rows), key=BANDS.index),
        mrr=_money(rows, "mrr"),
        expected_loss=_money(rows, "expected_loss"),
    )


def _money(rows: Iterable[sa.RowMapping], column: str) -> dict[str, int]:
    """Amounts by currency: those of several are never added."""
    sums: dict[str, int] = {}
    for row in rows:
        if row[column] is not None and row["currency"] is not None:
            sums[row["currency"]] = sums.get(row["currency"], 0) + row[column]
    return dict(sorted(sums.items()))
