"""The portfolio of a night: MRR and expected loss by band and currency.

Written with the night, so that the money of many nights can be read without reading their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.tables import BANDS, NIGHTS, RISK

if TYPE_CHECKING:
    import polars as pl


#: A night without a portfolio, as of an older version, is summed up on the spot if it is small.
_SMALL = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioEntry:
    """One row of the portfolio, named as in the table."""

    scored_on: date
    band: str
    currency: str
    subscribers: int
    mrr: int
    expected_loss: int
    by_payment: int


class PortfolioSums:
    """Sums up rows while they are published: reading them again takes ten times as long."""

    def __init__(self) -> None:
        self._sums: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Take more rows of the night, with their final bands."""
        import polars as pl

        loss, share = pl.col("expected_loss"), pl.col("risk_payment") / pl.col("risk")
        part = pl.when(pl.col("risk") > 0).then(share).otherwise(0.0) * loss
        summed = rows.group_by("band", pl.col("currency").fill_null("")).agg(
            pl.len().cast(pl.Int64).alias("subscribers"),
            pl.col("mrr").sum(),
            loss.sum(),
            part.sum().alias("by_payment"),
        )
        self._sums.append(summed)

    def write(self, connection: sa.Connection, scored_on: date) -> None:
        """Replace the night's portfolio; to be called when all rows were added."""
        import polars as pl

        summed = pl.concat(self._sums).group_by("band", "currency").sum().sort("band", "currency")
        portfolio = summed.with_columns(pl.col("by_payment").round().cast(pl.Int64))
        sums = [{"scored_on": scored_on, **entry} for entry in portfolio.to_dicts()]
        put_sums(connection, scored_on, sums)


#: The portfolio of a night, as rows to insert.
Sums = list[dict[str, Any]]


def sums_of(connection: sa.Connection, scored_on: date, which: sa.ColumnElement[bool]) -> Sums:
    """The portfolio of a night, of the rows that fulfil a condition. Reads them all."""
    found = connection.execute(_summed(scored_on).where(which)).mappings()
    return [dict(row) for row in found]


def put_sums(connection: sa.Connection, scored_on: date, sums: Sums) -> None:
    """Make ``sums`` the portfolio of a night."""
    connection.execute(sa.delete(PORTFOLIO).where(PORTFOLIO.c.scored_on == scored_on))
    if sums:
        connection.execute(sa.insert(PORTFOLIO), sums)


def portfolio_of(connection: sa.Connection, nights: Sequence[date]) -> list[PortfolioEntry]:
    """The portfolio of these nights, oldest first; none of a large night that was not summed up."""
    found: list[sa.RowMapping] = []
    if sa.inspect(connection).has_table(PORTFOLIO.name):
        query = sa.select(PORTFOLIO).where(PORTFOLIO.c.scored_on.in_(nights))
        found += connection.execute(query).mappings()
    rest = sorted(set(nights) - {row["scored_on"] for row in found})
    small = sa.select(NIGHTS.c.scored_on).where(
        NIGHTS.c.rows <= _SMALL, NIGHTS.c.scored_on.in_(rest)
    )
    for night in connection.scalars(small).all():
        found += connection.execute(_summed(night)).mappings()
    entries = [PortfolioEntry(**row) for row in found]
    return sorted(entries, key=lambda e: (e.scored_on, BANDS.index(e.band), e.currency))


def _summed(scored_on: date) -> sa.Select[*tuple[Any, ...]]:
    c = RISK.c
    part = sa.case((c.risk > 0, c.risk_payment / c.risk), else_=0.0) * c.expected_loss
    return (
        sa.select(
            c.scored_on,
            c.band,
            sa.func.coalesce(c.currency, "").label("currency"),
            sa.func.count().label("subscribers"),
            _sum(c.mrr).label("mrr"),
            _sum(c.expected_loss).label("expected_loss"),
            _sum(part).label("by_payment"),
        )
        .where(c.scored_on == scored_on)
        .group_by(c.scored_on, c.band, c.currency)
    )


def _sum(amount: sa.ColumnElement[float] | sa.Column[int]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.round(sa.func.coalesce(sa.func.sum(amount), 0)), sa.BigInteger)
