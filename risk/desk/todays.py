"""Today's list: whom to call, in the order of what a call is worth, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode

import sqlalchemy as sa

from risk.contacts import CONTACTS
from risk.listing import Cause, Wanted, conditions
from risk.night import Night
from risk.recent import STATES_KNOWN
from risk.schema import BANDS, INDEXED_RANKS, NIGHTS
from risk.views import CURRENT

PAGE = 25
#: Who can still be kept.
_HERE = ("trial", "active", "past_due", "paused")
CAUSES = ("voluntary", "payment")
_C = CURRENT.c
# The sort key counts money in thousandths of what is usual, where there are several currencies.
_PARTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of the night is shown; empty is everything, but by default only who is worth a call."""

    band: str = "high"
    state: str = "here"
    cause: str = ""
    action: str = ""
    plan: str = ""
    country: str = ""
    new: str = ""

    @property
    def query(self) -> str:
        """As a page's address says it: only what is not the default."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        return urlencode({f.name: told[f.name] for f in fields(self) if told[f.name] != f.default})


@dataclass(frozen=True)
class Facts:
    """What a night is made of, for filters and for comparing money.

    Attributes:
        actions: Codes and their words.
        plans: That there are.
        countries: That there are.
        lifetime: Whether the night knows what is lost of the future, and not only of the month.
        usual: Mean MRR by currency, where amounts come in several.
        before: Whether there is a night before.
    """

    actions: Mapping[str, str]
    plans: tuple[str, ...]
    countries: tuple[str, ...]
    lifetime: bool
    usual: Mapping[str, float]
    before: bool

    @cached_property
    def worth(self) -> sa.ColumnElement[int]:
        """What a call is worth, as a number to sort by; -1 where the money is not known."""
        amount = _C.expected_lifetime_loss if self.lifetime else _C.expected_loss
        if self.usual:
            scale = {name: _PARTS / mean for name, mean in self.usual.items()}
            currency = _C.value_currency if self.lifetime else _C.currency
            amount = sa.cast(amount * sa.case(scale, value=currency, else_=0.0), sa.BigInteger)
        return sa.func.coalesce(amount, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page ends: the next begins behind it."""

    night: str
    worth: int
    rank: int

    def __str__(self) -> str:
        return f"{self.night}.{self.worth}.{self.rank}"


def filters_of(asked: Mapping[str, str]) -> Filters:
    """The filters that an address asks for; what nobody can ask for is taken as not asked."""
    known = {"band": (*BANDS, ""), "state": (*STATES_KNOWN, "here", ""), "cause": (*CAUSES, "")}
    told: dict[str, str] = {}
    for field in fields(Filters):
        value = asked.get(field.name, field.default)
        fits = len(value) <= 200 and value.isprintable()
        if fits and value in known.get(field.name, (value,)):
            told[field.name] = value
    return Filters(**told)


def place_of(text: str, night: Night) -> Place | None:
    """The place that an address names, if it is one of this night's list."""
    day, _, rest = text.partition(".")
    worth, _, rank = rest.partition(".")
    signed = worth.removeprefix("-")
    if day != night.scored_on.isoformat() or not (_is_number(signed) and _is_number(rank)):
        return None
    return Place(night=day, worth=int(worth), rank=int(rank))


def place_after(night: Night, row: Mapping[str, Any]) -> Place:
    """The place behind a row of ``people``."""
    return Place(night=night.scored_on.isoformat(), worth=row["worth"], rank=row["rank"])


def facts_of(connection: sa.Connection, night: Night) -> Facts:
    """The facts of the newest night, counted once while it is the newest."""
    nights = connection.scalar(sa.select(sa.func.count()).select_from(NIGHTS)) or 0
    key = (night.scored_on, night.fingerprint, nights)
    if (found := _facts_known.get(key)) is None:
        _facts_known.clear()
        found = _facts_known[key] = _facts(connection, before=nights > 1)
    return found


def people(
    connection: sa.Connection, facts: Facts, filters: Filters, after: Place | None
) -> list[dict[str, Any]]:
    """One page of rows as of ``risk_current``, with ``worth``; one row more than fits: go on."""
    query = sa.select(CURRENT, facts.worth.label("worth")).where(*_conditions(facts, filters))
    if after:
        behind = sa.and_(facts.worth == after.worth, _C.rank > after.rank)
        query = query.where(sa.or_(facts.worth < after.worth, behind))
    query = query.order_by(sa.desc("worth"), _C.rank).limit(PAGE + 1)
    return [dict(row) for row in connection.execute(query).mappings()]


def totals(
    connection: sa.Connection, facts: Facts, filters: Filters
) -> tuple[int, list[tuple[int, str]]]:
    """How many people the filters leave, and their expected loss a month in each currency."""
    counted = sa.select(_C.currency, sa.func.count(), sa.func.sum(_C.expected_loss))
    rows = connection.execute(
        counted.where(*_conditions(facts, filters)).group_by(_C.currency).order_by(_C.currency)
    ).all()
    money = [(int(loss), currency) for currency, _, loss in rows if currency and loss is not None]
    return sum(count for _, count, _ in rows), money


def last_contacts(connection: sa.Connection, who: list[str]) -> dict[str, Any]:
    """The newest contact that stands, of each of these people who has one."""
    query = sa.select(CONTACTS.c.subscriber_id, CONTACTS.c.action, CONTACTS.c.happened_at).where(
        CONTACTS.c.subscriber_id.in_(who), CONTACTS.c.undone_at.is_(None)
    )
    rows = connection.execute(query.order_by(CONTACTS.c.happened_at))
    return {row.subscriber_id: row for row in rows}


_facts_known: dict[tuple[Any, ...], Facts] = {}


def _conditions(facts: Facts, filters: Filters) -> list[sa.ColumnElement[bool]]:
    wanted = Wanted(
        bands=_any(filters.band),
        states=_HERE if filters.state == "here" else _any(filters.state),
        cause=cast("Cause", filters.cause) if filters.cause else None,
        actions=_any(filters.action),
        plans=_any(filters.plan),
        countries=_any(filters.country),
    )
    # In the index's own words: else SQLite does not see that it holds them.
    riskiest = _C.rank <= sa.literal_column(str(INDEXED_RANKS))
    found = [riskiest, *conditions(wanted)]
    return [*found, _new(facts)] if filters.new else found


def _any(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _new(facts: Facts) -> sa.ColumnElement[bool]:
    moved = _C.band_before != _C.band
    return sa.or_(moved, _C.band_before.is_(None)) if facts.before else moved


def _facts(connection: sa.Connection, *, before: bool) -> Facts:
    within = _C.rank <= sa.literal_column(str(INDEXED_RANKS))
    keys = (_C.action, _C.action_text, _C.plan, _C.country, _C.currency, _C.value_currency)
    sums = (sa.func.count(_C.mrr), sa.func.sum(_C.mrr), sa.func.count(_C.expected_lifetime_loss))
    rows = connection.execute(sa.select(*keys, *sums).where(within).group_by(*keys)).all()
    lifetime = any(row[8] for row in rows)
    return Facts(
        actions=dict(sorted({row[0]: row[1] for row in rows}.items())),
        plans=tuple(sorted({row[2] for row in rows if row[2]})),
        countries=tuple(sorted({row[3] for row in rows if row[3]})),
        lifetime=lifetime,
        usual=_usual(rows, 5 if lifetime else 4),
        before=before,
    )


def _usual(rows: Any, currency: int) -> dict[str, float]:
    """Mean MRR by currency; empty where amounts are in one currency and need no comparing."""
    counts: dict[str, list[float]] = {}
    for row in rows:
        if row[currency] and row[6]:
            so_far = counts.setdefault(row[currency], [0, 0])
            so_far[0] += row[6]
            so_far[1] += row[7]
    if len(counts) < 2:
        return {}
    return {name: max(money / n, 1.0) for name, (n, money) in counts.items()}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
