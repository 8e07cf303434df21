"""Today's list: subscribers in the order of what a call is worth, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perdura.risk.desk.list_filters import FREE_CHOICES, PageFilters, page_filters
from perdura.risk.night import Night
from perdura.risk.query.accounts import has_accounts
from perdura.risk.query.cursors import BadCursor, NightChanged
from perdura.risk.query.filters import LISTED, listed
from perdura.risk.query.pages import Page, current
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.views import CURRENT

_C = CURRENT.c
_KEYS = (_C.band, *(_C[name] for name in FREE_CHOICES), _C.currency, _C.value_currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a night is made of, for filters and for telling money.

    Attributes:
        actions: Codes and their words.
        values: What there is of each column by which the page's form filters, in order.
        lifetime: Whether the night knows what is lost of the future, and not only of the month.
        currencies: Number of currencies of the amounts by which the list is in order.
        before: Whether there is a night before: then a subscriber without a band there is new.
        accounts: Whether the account of any subscriber is known.
    """

    actions: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]
    lifetime: bool
    currencies: int
    before: bool
    accounts: bool


def facts_of(connection: sa.Connection, night: Night) -> Facts:
    """The facts of the newest night, counted once while it is the newest."""
    key = (night.scored_on, night.fingerprint)
    if key in _counted:
        return _counted[key]
    counts = (
        sa.func.count(_C.band_before).label("befores"),
        sa.func.min(_C.subscriber_id).label("example"),
    )
    rows = connection.execute(sa.select(*_KEYS, *counts).where(LISTED).group_by(*_KEYS)).all()
    lifetimes = {row.value_currency for row in rows} - {None}
    examples = {row.action: row.example for row in rows}.values()
    actions = sa.select(_C.action, _C.action_text).where(_C.subscriber_id.in_(examples))
    found = Facts(
        actions=dict(sorted((row.action, row.action_text) for row in connection.execute(actions))),
        values={
            name: tuple(sorted({value for row in rows if (value := getattr(row, name))}))
            for name in FREE_CHOICES
        },
        lifetime=bool(lifetimes),
        currencies=len(lifetimes or {row.currency for row in rows} - {None}),
        before=any(row.befores for row in rows),
        accounts=has_accounts(connection),
    )
    _counted.clear()
    _counted[key] = found
    return found


def page_of_list(
    connection: sa.Connection, filters: PageFilters, after: str | None
) -> tuple[Page, bool]:
    """One page, and whether it is the first although another was asked for."""
    try:
        return current(connection, filters.list_query(after)), False
    except (BadCursor, NightChanged):
        return current(connection, filters.list_query()), True


def totals(connection: sa.Connection, filters: PageFilters) -> tuple[int, list[tuple[int, str]]]:
    """Subscribers that the filters leave, and their expected loss a month in each currency."""
    counted = sa.select(_C.currency, sa.func.count(), sa.func.sum(_C.expected_loss))
    counted = counted.where(*listed(filters.filters))
    rows = connection.execute(counted.group_by(_C.currency).order_by(_C.currency)).all()
    money = [(int(loss), currency) for currency, _, loss in rows if currency and loss is not None]
    return sum(count for _, count, _ in rows), money


def control_group(connection: sa.Connection, filters: PageFilters) -> int:
    """How many of the control group the filters would leave: they are neither listed nor summed."""
    control = listed(page_filters(**{**filters.words, "group": "control"}).filters)
    counted = sa.select(sa.func.count()).select_from(CURRENT).where(*control)
    return connection.scalar(counted) or 0


def last_contacts(connection: sa.Connection, subscriber_ids: list[str]) -> dict[str, Any]:
    """The newest contact that stands, of each of these subscribers who has one."""
    query = sa.select(CONTACTS.c.subscriber_id, CONTACTS.c.action, CONTACTS.c.happened_at).where(
        CONTACTS.c.subscriber_id.in_(subscriber_ids), CONTACTS.c.undone_at.is_(None)
    )
    rows = connection.execute(query.order_by(CONTACTS.c.happened_at))
    return {row.subscriber_id: row for row in rows}


_counted: dict[tuple[Any, ...], Facts] = {}
