"""The risks of a night added up by account: a company with several subscribers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import prod
from typing import Any

import sqlalchemy as sa

from risk.queries import published_night
from risk.schema import RISK
from risk.store import reading

#: Of which subscriber which account is told, as of a night.
AccountsOf = Callable[[date], Mapping[str, str]]

_COLUMNS = (RISK.c.subscriber_id, RISK.c.risk, RISK.c.mrr, RISK.c.expected_loss, RISK.c.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account in one night.

    Attributes:
        account: Its name.
        subscribers: How many of its subscribers are scored.
        expected_leavers: How many of them are expected to leave within the horizon.
        any_leaves: The risk that at least one of them does, as if each decided alone.
        riskiest: The one with the highest risk; ``risk`` is theirs.
        mrr: What they pay a month, minor units, by currency; of unknown amounts nothing.
        expected_loss: What of it is expected to be lost, likewise.
    """

    account: str
    subscribers: int
    expected_leavers: float
    any_leaves: float
    riskiest: str
    risk: float
    mrr: Mapping[str, int] = field(default_factory=dict)
    expected_loss: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountRisks:
    """The accounts of a night, of most expected leavers first; and subscribers ``without`` one."""

    scored_on: date
    accounts: tuple[Account, ...]
    without: int


def risks_by_account(
    url: str, accounts_of: AccountsOf, *, scored_on: date | None = None
) -> AccountRisks:
    """Add up a night's risks, by default of the newest.

    Raises:
        NoNight: Says which nights there are.
    """
    with reading(url) as connection:
        night = published_night(connection, scored_on)
        query = sa.select(*_COLUMNS).where(RISK.c.scored_on == night.scored_on)
        rows = [row._asdict() for row in connection.execute(query)]
    accounts, groups = accounts_of(night.scored_on), dict[str, list[dict[str, Any]]]()
    for row in rows:
        if account := accounts.get(row["subscriber_id"]):
            groups.setdefault(account, []).append(row)
    found = [_added(account, some) for account, some in groups.items()]
    found.sort(key=lambda one: (-one.expected_leavers, one.account))
    without = len(rows) - sum(one.subscribers for one in found)
    return AccountRisks(night.scored_on, tuple(found), without)


def _added(account: str, rows: list[dict[str, Any]]) -> Account:
    riskiest = min(rows, key=lambda row: (-row["risk"], row["subscriber_id"]))
    return Account(
        account=account,
        subscribers=len(rows),
        expected_leavers=sum(row["risk"] for row in rows),
        any_leaves=1 - prod(1 - row["risk"] for row in rows),
        riskiest=riskiest["subscriber_id"],
        risk=riskiest["risk"],
        mrr=_money(rows, "mrr"),
        expected_loss=_money(rows, "expected_loss"),
    )


def _money(rows: Iterable[Mapping[str, Any]], column: str) -> dict[str, int]:
    """Amounts by currency: those of several are never added."""
    sums: dict[str, int] = {}
    for row in rows:
        if row[column] is not None and row["currency"] is not None:
            sums[row["currency"]] = sums.get(row["currency"], 0) + row[column]
    return dict(sorted(sums.items()))
