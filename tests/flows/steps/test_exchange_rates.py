"""Exchange rates by day: the newest before the night, and nothing that came after."""

from pathlib import Path

import pytest

from perdura.flows.configuration.groups import ChurnSettings, ValueSettings
from perdura.flows.steps.business import business_of
from perdura.flows.steps.exchange_rates import exchange_at, stale_rates
from tests.support.tables import at

RATES = "date,currency,rate\n2026-03-01,USD,0.91\n2026-03-08,USD,0.92\n2026-03-10,USD,0.99\n"


def value(tmp_path: Path, rates: str | None = RATES, currency: str | None = "EUR") -> ValueSettings:
    file = tmp_path / "rates.csv"
    if rates is not None:
        file.write_text(rates, encoding="utf-8")
    return ValueSettings(reporting_currency=currency, exchange_rates=file)


def test_the_newest_rate_before_the_night_counts(tmp_path):
    told = exchange_at(value(tmp_path), at("2026-03-10"))
    assert told is not None
    assert (told.currency, told.rates) == ("EUR", {"USD": 0.92})


def test_states_go_by_the_rates_of_their_own_day(tmp_path):
    told = business_of(ChurnSettings(), value(tmp_path))["rates"]
    assert told is not None
    assert told.factors(at("2026-03-09")) == {"EUR": 1.0, "USD": 0.92}
    assert told.factors(at("2026-03-08")) == {"EUR": 1.0, "USD": 0.91}
    assert business_of(ChurnSettings(), value(tmp_path, currency=None))["rates"] is None
    assert business_of(ChurnSettings(), value(tmp_path, rates="no rates"))["rates"] is None


def test_without_a_reporting_currency_nothing_is_turned(tmp_path):
    assert exchange_at(value(tmp_path, currency=None), at("2026-03-10")) is None


def test_rates_that_are_too_old_degrade_the_night(tmp_path):
    assert not stale_rates(value(tmp_path), at("2026-03-17"), 7)
    assert [*stale_rates(value(tmp_path), at("2026-03-18"), 7)] == ["exchange_rates"]
    assert [*stale_rates(value(tmp_path), at("2026-03-01"), 7)] == ["exchange_rates"]


@pytest.mark.parametrize(
    "rates",
    [
        None,
        "day,currency,rate\n2026-03-01,USD,0.91\n",
        "date,currency,rate\nyesterday,USD,0.91\n",
        "date,currency,rate\n2026-03-01,USD,0\n",
        "date,currency,rate\n2026-03-01,USD,\n",
        "date,currency,rate\n2026-03-01,USD,NaN\n",
        "date,currency,rate\n2026-03-01,USD,inf\n",
    ],
)
def test_a_file_that_holds_no_rates_degrades_the_night_and_stops_nothing(tmp_path, rates):
    settings = value(tmp_path, rates)
    (why,) = stale_rates(settings, at("2026-03-10"), 7)
    assert why.startswith("exchange_rates (")
    assert "rates.csv" in why
    told = exchange_at(settings, at("2026-03-10"))
    assert told is not None
    assert told.rates == {}


def test_each_currency_has_a_newest_rate_of_its_own(tmp_path):
    both = "date,currency,rate\n2025-01-01,GBP,1.2\n2026-03-09,USD,0.92\n2026-03-09, USD,0.93\n"
    settings = value(tmp_path, both)
    assert [*stale_rates(settings, at("2026-03-10"), 7)] == ["exchange_rates"]
    told = exchange_at(settings, at("2026-03-10"))
    assert told is not None
    assert told.rates == {"GBP": 1.2, "USD": 0.93}


def test_codes_are_one_whatever_their_letters(tmp_path):
    told = exchange_at(value(tmp_path, RATES.replace("USD", " usd"), "eur"), at("2026-03-10"))
    assert told is not None
    assert (told.currency, told.rates) == ("EUR", {"USD": 0.92})
