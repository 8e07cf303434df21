"""The lead's page: money at risk, the trend, the contacts made, and their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from perdura.risk.desk.charts import Line, line, widths
from perdura.risk.night import Night
from perdura.risk.publish.not_scored import NotScored, not_scored_of
from perdura.risk.query.portfolio import PortfolioEntry, portfolio_of
from perdura.risk.query.trial import of_kind
from perdura.risk.records.contact_effect import ContactEffect, newest_contact_effect
from perdura.risk.schema.contacts import ACTIONS, CONTACTS
from perdura.risk.schema.tables import BANDS, NIGHTS

#: The trend and the contacts that are shown.
NIGHTS_SHOWN, LATELY = 90, timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One sum: how long it is drawn (percent), and what it is the sum of."""

    name: str
    amount: int
    width: float
    subscribers: int | None = None
    mrr: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What is at risk in one currency.

    Attributes:
        at_risk: Expected loss a month, of all.
        mrr: What all pay.
        bands: At risk by band.
        causes: At risk by cause.
        trend: At risk over the nights; none before the second.
        all_mrr: All MRR in this currency; none where the night does not know of the others.
    """

    currency: str
    at_risk: int
    mrr: int
    bands: tuple[Bar, ...]
    causes: tuple[Bar, ...]
    trend: Line | None
    all_mrr: AllMrr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllMrr:
    """The MRR of a day: of the scored, and of the states that are not scored.

    Attributes:
        rows: Name, subscribers and MRR of each part, the scored first.
        unpriced: How many of the others have no known MRR.
    """

    rows: tuple[tuple[str, int, int], ...]
    unpriced: int

    @property
    def total(self) -> int:
        """All MRR of the day."""
        return sum(mrr for _, _, mrr in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The lead's page: money by currency, contacts and subscribers by action."""

    money: tuple[Money, ...]
    done: tuple[tuple[str, int, int], ...]
    effect: ContactEffect | None


def overview(connection: sa.Connection, night: Night, now: datetime) -> Overview:
    """Everything that the page shows, of the newest ``night``."""
    newest = sa.select(NIGHTS.c.scored_on).order_by(NIGHTS.c.scored_on.desc())
    newest = newest.where(of_kind(trial=bool(night.trial)))
    nights = connection.scalars(newest.limit(NIGHTS_SHOWN)).all()
    c = CONTACTS.c
    subscribers = sa.func.count(sa.distinct(c.subscriber_id))
    contacts = sa.select(c.action, sa.func.count(), subscribers).where(
        c.undone_at.is_(None), c.happened_at >= now - LATELY
    )
    found = {row[0]: row for row in connection.execute(contacts.group_by(c.action))}
    return Overview(
        money=_money(
            portfolio_of(connection, nights),
            night.scored_on,
            not_scored_of(connection, night.scored_on),
        ),
        done=tuple(found[name] for name in ACTIONS if name in found),
        effect=newest_contact_effect(connection),
    )


def _money(
    portfolio: Sequence[PortfolioEntry], newest: date, others: Sequence[NotScored]
) -> tuple[Money, ...]:
    found_in = {entry.currency for entry in (*portfolio, *others)}
    currencies = sorted(found_in - {""})
    found = [
        _in_currency(
            [e for e in portfolio if e.currency == name],
            name,
            newest,
            [other for other in others if other.currency == name],
        )
        for name in currencies
    ]
    return tuple(sorted((m for m in found if m.mrr or m.all_mrr), key=lambda m: m.currency))


def _in_currency(
    portfolio: Sequence[PortfolioEntry], currency: str, newest: date, others: Sequence[NotScored]
) -> Money:
    now = {entry.band: entry for entry in portfolio if entry.scored_on == newest}
    at_risk = sum(entry.expected_loss for entry in now.values())
    by_payment = sum(entry.by_payment for entry in now.values())
    rest = ((other.state, other.subscribers, other.mrr) for other in others)
    scored = "scored", sum(e.subscribers for e in now.values()), sum(e.mrr for e in now.values())
    unpriced = sum(other.unpriced for other in others)
    nights: dict[date, int] = {}
    for entry in portfolio:
        nights[entry.scored_on] = nights.get(entry.scored_on, 0) + entry.expected_loss
    return Money(
        currency=currency,
        at_risk=at_risk,
        mrr=sum(entry.mrr for entry in now.values()),
        bands=_bars({band: now[band].expected_loss for band in BANDS if band in now}, now),
        causes=_bars({"voluntary": at_risk - by_payment, "payment": by_payment}, {}),
        trend=line(sorted(nights.items())) if len(nights) > 1 else None,
        all_mrr=AllMrr(rows=(scored, *rest), unpriced=unpriced) if others else None,
    )


def _bars(amounts: Mapping[str, int], entries: Mapping[str, PortfolioEntry]) -> tuple[Bar, ...]:
    return tuple(
        Bar(
            name=name,
            amount=amount,
            width=width,
            subscribers=entries[name].subscribers if name in entries else None,
            mrr=entries[name].mrr if name in entries else None,
        )
        for (name, amount), width in zip(
            amounts.items(), widths(list(amounts.values())), strict=True
        )
    )
