"""Amounts in one currency, by the exchange rates of a day."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from perdura.features.topics.money import DIGITS


@dataclass(frozen=True, slots=True)
class Exchange:
    """Exchange rates into one currency.

    Attributes:
        currency: The target currency, ISO 4217.
        rates: What one unit (a dollar, not a cent) of each other currency is in units of it.
    """

    currency: str
    rates: Mapping[str, float]

    @property
    def factors(self) -> dict[str, float]:
        """What one minor unit of each currency is in minor units of this one."""

        def minor_units(currency: str) -> int:
            return 10 ** DIGITS.get(currency, 2)

        target = minor_units(self.currency)
        return {
            currency: rate * target / minor_units(currency)
            for currency, rate in {**self.rates, self.currency: 1.0}.items()
        }


def turned(
    amounts: pl.Series, currency: pl.Series, exchange: Exchange | None
) -> tuple[pl.Series, pl.Series]:
    """The amounts (minor units, floats) in the target currency, and the currency of each.

    Null where the amount, the currency or its rate is unknown; unchanged without ``exchange``.
    """
    if exchange is None:
        return amounts.cast(pl.Float64), currency.cast(pl.String)
    factor = currency.cast(pl.String).replace_strict(
        exchange.factors, default=None, return_dtype=pl.Float64
    )
    target = pl.lit(exchange.currency)
    known = pl.select(pl.when(factor.is_not_null()).then(target)).to_series()
    return amounts.cast(pl.Float64) * factor, known
