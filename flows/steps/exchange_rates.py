"""Exchange rates by day, from a file that the business keeps."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from perdura.flows.configuration.groups import ValueSettings
from perdura.models.scoring.exchange import Exchange
from perdura.sources.counted import counted
from perdura.sources.rates import DAILY, DatedRates, newest_before

#: Named as degraded where a currency's newest rate is old.
SOURCE = "exchange_rates"


class BadRates(ValueError):
    """The file of exchange rates cannot be used."""


def exchange_at(value: ValueSettings, as_of: datetime) -> Exchange | None:
    """The newest rates of days before ``as_of``; ``None`` where amounts stay as they are.

    The file is CSV: ``date``, ``currency``, ``rate``: what one unit of the currency was in units
    of the reporting currency on that day; of several on one day the last in the file. A file that
    cannot be used gives no rates: what people are worth is then unknown, and their risk is not.
    """
    if value.reporting_currency is None:
        return None
    try:
        newest = newest_before(_read(value.exchange_rates), as_of)
    except BadRates:
        return Exchange(value.reporting_currency, {})
    rates = dict(newest.select("currency", "rate").iter_rows())
    return Exchange(value.reporting_currency, rates)


def dated_rates(value: ValueSettings) -> DatedRates | None:
    """The rates of all days; ``None`` where no reporting currency is set, or no rate can be read.

    Of a file that cannot be read ``stale_rates`` tells.
    """
    if value.reporting_currency is None:
        return None
    try:
        return DatedRates(value.reporting_currency, _read(value.exchange_rates))
    except BadRates:
        return None


def stale_rates(value: ValueSettings, as_of: datetime, stale_after_days: int) -> Mapping[str, str]:
    """``SOURCE`` and why, where a currency's newest rate is too old or there are none.

    Args:
        value: Names the reporting currency and the file.
        as_of: The night's.
        stale_after_days: A rate is too old that is of a day longer before.
    """
    if value.reporting_currency is None or value.exchange_rates is None:
        return {}
    try:
        newest = newest_before(_read(value.exchange_rates), as_of)
    except BadRates as error:
        return {f"{SOURCE} ({error})": "what subscribers are worth is unknown until it is mended"}
    oldest = as_of.date() - timedelta(days=stale_after_days)
    fresh = newest.height and (newest["date"] >= oldest).all()
    if fresh:
        return {}
    return {
        SOURCE: f"a currency's newest rate is older than {counted(stale_after_days, 'day')}. Add "
        f"newer ones to {value.exchange_rates}"
    }


def _read(file: Path | None) -> pl.DataFrame:
    """The rates of all days; none where there is no file, as all is one currency."""
    if file is None:
        return pl.DataFrame(schema=DAILY)
    try:
        rates = pl.read_csv(file, schema_overrides=DAILY).select(*DAILY)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadRates(
            f"asked for exchange rates in {file}; {error}. Write CSV with the columns "
            f"{', '.join(DAILY)}, e.g. 2026-10-31,USD,0.92"
        ) from error
    sound = pl.col("rate").is_finite() & (pl.col("rate") > 0)  # NaN is above everything
    wrong = rates.filter(pl.any_horizontal(pl.all().is_null()) | ~sound)
    if wrong.height:
        raise BadRates(
            f"{file} has {counted(wrong.height, 'row')} without a rate, e.g. {wrong.row(0)}"
        )
    return rates.with_columns(pl.col("currency").str.strip_chars().str.to_uppercase())
