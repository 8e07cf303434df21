"""What amounts of several currencies are worth beside each other, by rates of days before."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.counted import counted, either
from perdura.sources.currencies import CODE, DIGITS
from perdura.sources.periods import DAYS_A_MONTH, months_in
from perdura.sources.rates import DAILY, DatedRates


def rates(*rows: tuple[int, str, float], currency: str = "EUR") -> DatedRates:
    days = [(date(2026, 1, day), code, rate) for day, code, rate in rows]
    return DatedRates(currency, pl.DataFrame(days, schema=DAILY, orient="row"))


def factors(dated: DatedRates, day: int) -> dict[str, float]:
    return dated.factors(datetime(2026, 1, day, tzinfo=UTC))


def test_the_newest_rate_of_a_day_before_counts():
    dated = rates((3, "USD", 0.9), (1, "USD", 0.5), (2, "USD", 0.7))
    assert factors(dated, 1) == {"EUR": 1.0}
    assert factors(dated, 3)["USD"] == 0.7  # the rate of that very day is not known yet
    assert factors(dated, 4)["USD"] == 0.9


def test_of_several_rates_of_one_day_the_last_counts():
    assert factors(rates((1, "USD", 0.5), (1, "USD", 0.6)), 2)["USD"] == 0.6


def test_a_minor_unit_is_what_the_currency_has():
    dated = rates((1, "JPY", 0.006), (1, "KWD", 3.0), (1, "CLF", 35.0))
    found = factors(dated, 2)
    assert found["JPY"] == pytest.approx(0.6)  # a yen in cents
    assert found["KWD"] == pytest.approx(0.3)  # a fils in cents
    assert found["CLF"] == pytest.approx(0.35)
    assert factors(rates((1, "EUR", 150.0), currency="JPY"), 2)["EUR"] == pytest.approx(1.5)


def test_our_own_currency_is_worth_itself_whatever_a_table_says():
    assert factors(rates((1, "EUR", 7.0)), 2) == {"EUR": 1.0}


def test_currencies_are_codes_and_have_other_digits_than_two():
    pattern = pl.Series([*DIGITS]).str.contains(CODE)
    assert pattern.all()
    assert {*DIGITS.values()} == {0, 3, 4}
    assert (DIGITS["JPY"], DIGITS["KWD"], DIGITS["CLF"]) == (0, 3, 4)


@given(count=st.integers(1, 400), unit=st.sampled_from(["day", "week", "month", "quarter", "year"]))
def test_a_period_is_its_count_times_its_unit_however_it_is_written(count: int, unit: str):
    months = {
        "day": 1 / DAYS_A_MONTH,
        "week": 7 / DAYS_A_MONTH,
        "month": 1,
        "quarter": 3,
        "year": 12,
    }
    texts = [f"{count} {unit}s", f"{count}{unit}", f" {count} {unit.upper()} "]
    if unit != "quarter":
        texts.append(f"P{count}{unit[0].upper()}")
    found = pl.DataFrame({"x": texts}).select(months_in(pl.col("x"))).to_series()
    assert found.to_list() == pytest.approx([count * months[unit]] * len(texts), abs=1e-8)


@pytest.mark.parametrize("text", ["", "often", "-1 month", "1.5 months", "month 2", "P1Y2M", "2"])
def test_what_is_no_period(text: str):
    assert pl.DataFrame({"x": [text]}).select(months_in(pl.col("x"))).item() is None


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 events"), (1, "1 event"), (2, "2 events"), (1200, "1,200 events"), (-1, "-1 events")],
)
def test_a_number_with_its_noun(number: int, words: str):
    assert counted(number, "event") == words
    assert either(number, "is", "are") == ("is" if number == 1 else "are")
