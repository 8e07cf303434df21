"""Which of the newest night a list is to name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import sqlalchemy as sa

from perdura.risk.schema.tables import BANDS, INDEXED_RANKS, SCORED_STATES
from perdura.risk.schema.views import CURRENT

Sort = Literal["worth", "risk", "id"]
Cause = Literal["voluntary", "payment"]


#: Within the indexes, in their own words: else SQLite does not see that they hold it.
LISTED = CURRENT.c.rank <= sa.literal_column(str(INDEXED_RANKS))


class BadQuestion(ValueError):
    """The question makes no sense; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the newest night, in which order.

    Attributes:
        bands: Of these; empty: of all.
        states: As they stand by now; by default those who can still be lost. Empty: all.
        cause: The larger part of the risk; equal parts count as voluntary.
        actions: What to do, as codes.
        plans: Of these.
        countries: Of these.
        accounts: Of these; all of theirs are listed, the least risky too.
        currency: Who pays in it.
        minimum: So much ``expected_loss`` at least, in minor units of ``currency``.
        held_out: Only the control group, or only the others.
        new: Only subscribers whose band rose since the night before, or who were not scored then.
        prefix: How the subscriber's id begins.
        sort: ``worth`` of a call or ``risk``, each highest first, or ``id``.
        size: So many a page.
        after: The cursor that came with the page before.
    """

    bands: tuple[str, ...] = ()
    states: tuple[str, ...] = SCORED_STATES
    cause: Cause | None = None
    actions: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    currency: str | None = None
    minimum: int | None = None
    held_out: bool | None = None
    new: bool = False
    prefix: str = ""
    sort: Sort = "worth"
    size: int = 50
    after: str | None = None

    def __post_init__(self) -> None:
        if self.minimum is not None and self.currency is None:
            raise BadQuestion("a minimum of money needs its currency: amounts are never converted")

    @property
    def question(self) -> tuple[Any, ...]:
        """What all pages of one list have in common."""
        paging = ("size", "after")
        return tuple(getattr(self, f.name) for f in fields(self) if f.name not in paging)


def conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What rows of ``risk_current`` must fulfil."""
    c = CURRENT.c
    lists = (
        (c.band, wanted.bands),
        (c.state, wanted.states),
        (c.action, wanted.actions),
        (c.plan, wanted.plans),
        (c.country, wanted.countries),
        (c.account, wanted.accounts),
    )
    told: list[sa.ColumnElement[bool]] = [name.in_(values) for name, values in lists if values]
    if wanted.cause:
        chosen = c.risk_voluntary >= c.risk_payment
        told.append(chosen if wanted.cause == "voluntary" else ~chosen)
    if wanted.currency:
        told.append(c.currency == wanted.currency.upper())
    if wanted.minimum is not None:
        told.append(c.expected_loss >= wanted.minimum)
    if wanted.held_out is not None:
        told.append(c.held_out.is_(True) if wanted.held_out else c.held_out.is_not(True))
    if wanted.new:
        told.append(sa.or_(*_rose(), first_seen()))
    return told + (begins(c.subscriber_id, wanted.prefix) if wanted.prefix else [])


def listed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What rows of ``risk_current`` must fulfil to be in a list in order of worth or risk.

    Subscribers of an account are few and found by an index of their own, whatever their rank.
    """
    return [*([] if wanted.accounts else [LISTED]), *conditions(wanted)]


def _rose() -> list[sa.ColumnElement[bool]]:
    """Of rows of ``risk_current``: each way in which a band is higher than the night before."""
    c = CURRENT.c
    return [
        sa.and_(c.band == higher, c.band_before.in_(BANDS[place:]))
        for place, higher in enumerate(BANDS[:-1], start=1)
    ]


def first_seen() -> sa.ColumnElement[bool]:
    """Of rows of ``risk_current``: not scored the night before; nobody where there was none."""
    other = CURRENT.alias("others")
    ranked = other.c.rank <= sa.literal_column(str(INDEXED_RANKS))
    beside = sa.exists().where(ranked, other.c.band_before.is_not(None))
    return sa.and_(CURRENT.c.band_before.is_(None), beside)


def begins(column: sa.ColumnElement[str], prefix: str) -> list[sa.ColumnElement[bool]]:
    """A range, since texts are in the order of their bytes."""
    return [column >= prefix, column < prefix + "\U0010ffff"]
