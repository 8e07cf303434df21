"""Today's list: whom to call, in the order of what a call is worth, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast
from urllib.parse import urlencode

import sqlalchemy as sa

from perdura.risk.desk.messages import CAUSES
from perdura.risk.night import Night
from perdura.risk.query.accounts import has_accounts
from perdura.risk.query.cursors import BadCursor, NightChanged, is_text
from perdura.risk.query.filters import LISTED, Cause, Wanted, listed
from perdura.risk.query.pages import Page, current
from perdura.risk.schema.contacts import CONTACTS
from perdura.risk.schema.recent import STATES_KNOWN
from perdura.risk.schema.tables import BANDS
from perdura.risk.schema.views import CURRENT

PAGE = 25
#: Who can still be kept.
_HERE = ("trial", "active", "past_due", "paused")
_C = CURRENT.c
_KEYS = (_C.band, _C.action, _C.plan, _C.country, _C.currency, _C.value_currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilters:
    """What of the night is shown; empty is everything, but by default only who is worth a call."""

    band: str = "high"
    state: str = "here"
    cause: str = ""
    action: str = ""
    plan: str = ""
    country: str = ""
    account: str = ""
    new: str = ""
    group: str = ""

    @property
    def query(self) -> str:
        """As a page's address says it: only what is not the default."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        return urlencode({f.name: told[f.name] for f in fields(self) if told[f.name] != f.default})

    def wanted(self, after: str | None = None) -> Wanted:
        """The same in the words of ``risk.query.filters``."""
        return Wanted(
            bands=_any(self.band),
            states=_HERE if self.state == "here" else _any(self.state),
            cause=cast("Cause", self.cause) if self.cause else None,
            actions=_any(self.action),
            plans=_any(self.plan),
            countries=_any(self.country),
            accounts=_any(self.account),
            new=bool(self.new),
            held_out=self.group == "control",
            size=PAGE,
            after=after,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a night is made of, for filters and for telling money.

    Attributes:
        actions: Codes and their words.
        plans: That there are.
        countries: That there are.
        lifetime: Whether the night knows what is lost of the future, and not only of the month.
        currencies: In so many are the amounts by which the list is in order.
        before: Whether a night before was looked at: then who has no band there is new.
        accounts: Whether the account of any subscriber is known.
    """

    actions: Mapping[str, str]
    plans: tuple[str, ...]
    countries: tuple[str, ...]
    lifetime: bool
    currencies: int
    before: bool
    accounts: bool


def filters_of(asked: Mapping[str, str]) -> ListFilters:
    """The filters that an address asks for; what nobody can ask for is taken as not asked."""
    known = {"band": (*BANDS, ""), "state": (*STATES_KNOWN, "here", ""), "cause": (*CAUSES, "")}
    known["group"] = ("", "control")
    told: dict[str, str] = {}
    for field in fields(ListFilters):
        value = asked.get(field.name, str(field.default))
        whole = is_text(value) if field.name == "account" else value.isprintable()
        fits = len(value) <= 200 and whole
        if fits and value in known.get(field.name, (value,)):
            told[field.name] = value
    return ListFilters(**told)


def facts_of(connection: sa.Connection, night: Night) -> Facts:
    """The facts of the newest night, counted once while it is the newest."""
    key = (night.scored_on, night.fingerprint)
    if (found := _facts_known.get(key)) is None:
        _facts_known.clear()
        found = _facts_known[key] = _facts(connection)
    return found


def of_account(account: str) -> ListFilters:
    """All subscribers of an account who can still be kept."""
    return ListFilters(band="", account=account)


def people(connection: sa.Connection, filters: ListFilters, after: str | None) -> tuple[Page, bool]:
    """One page, and whether it is the first although another was asked for."""
    try:
        return current(connection, filters.wanted(after)), False
    except (BadCursor, NightChanged):
        return current(connection, filters.wanted()), True


def totals(connection: sa.Connection, filters: ListFilters) -> tuple[int, list[tuple[int, str]]]:
    """How many people the filters leave, and their expected loss a month in each currency."""
    counted = sa.select(_C.currency, sa.func.count(), sa.func.sum(_C.expected_loss))
    counted = counted.where(*listed(filters.wanted()))
    rows = connection.execute(counted.group_by(_C.currency).order_by(_C.currency)).all()
    money = [(int(loss), currency) for currency, _, loss in rows if currency and loss is not None]
    return sum(count for _, count, _ in rows), money


def control_group(connection: sa.Connection, filters: ListFilters) -> int:
    """How many of the control group the filters would leave: they are neither listed nor summed."""
    control = replace(filters, group="control").wanted()
    counted = sa.select(sa.func.count()).select_from(CURRENT).where(*listed(control))
    return connection.scalar(counted) or 0


def last_contacts(connection: sa.Connection, who: list[str]) -> dict[str, Any]:
    """The newest contact that stands, of each of these people who has one."""
    query = sa.select(CONTACTS.c.subscriber_id, CONTACTS.c.action, CONTACTS.c.happened_at).where(
        CONTACTS.c.subscriber_id.in_(who), CONTACTS.c.undone_at.is_(None)
    )
    rows = connection.execute(query.order_by(CONTACTS.c.happened_at))
    return {row.subscriber_id: row for row in rows}


_facts_known: dict[tuple[Any, ...], Facts] = {}


def _any(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _facts(connection: sa.Connection) -> Facts:
    counts = (
        sa.func.count(_C.band_before).label("befores"),
        sa.func.min(_C.subscriber_id).label("somebody"),
    )
    rows = connection.execute(sa.select(*_KEYS, *counts).where(LISTED).group_by(*_KEYS)).all()
    lifetimes = {row.value_currency for row in rows} - {None}
    return Facts(
        actions=_in_words(connection, {row.action: row.somebody for row in rows}),
        plans=tuple(sorted({row.plan for row in rows if row.plan})),
        countries=tuple(sorted({row.country for row in rows if row.country})),
        lifetime=bool(lifetimes),
        currencies=len(lifetimes or {row.currency for row in rows} - {None}),
        before=any(row.befores for row in rows),
        accounts=has_accounts(connection),
    )


def _in_words(connection: sa.Connection, somebody: Mapping[str, str]) -> dict[str, str]:
    """The words of each action, as they are told to somebody to whom it applies."""
    query = sa.select(_C.action, _C.action_text).where(_C.subscriber_id.in_(somebody.values()))
    return dict(sorted((row.action, row.action_text) for row in connection.execute(query)))
