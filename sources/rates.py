"""What amounts of several currencies are worth beside each other, by the rates of a day."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.sources.currencies import DIGITS

#: ``rate``: what one unit of the currency was in units of the reporting currency on that day.
DAILY = pl.Schema({"date": pl.Date(), "currency": pl.String(), "rate": pl.Float64()})


@dataclass(frozen=True, slots=True, eq=False)
class DatedRates:
    """Exchange rates into one currency, day by day.

    Attributes:
        currency: The reporting currency, ISO 4217.
        daily: As ``DAILY``; of several rates of one day and currency the last counts.
    """

    currency: str
    daily: pl.DataFrame

    def factors(self, as_of: datetime) -> dict[str, float]:
        """What a minor unit of each currency was in those of ours, by days before ``as_of``."""
        newest = newest_before(self.daily, as_of)
        rates = dict(newest.select("currency", "rate").iter_rows()) | {self.currency: 1.0}
        minor_units = {currency: 10 ** DIGITS.get(currency, 2) for currency in rates}
        ours = minor_units[self.currency]
        return {currency: rate * ours / minor_units[currency] for currency, rate in rates.items()}


def newest_before(daily: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Of ``daily`` (as ``DAILY``) each currency's last rate of days before ``as_of``, one row per
    currency.
    """
    before = daily.filter(pl.col("date") < as_of.date())
    return before.sort("date", maintain_order=True).group_by("currency").last()
