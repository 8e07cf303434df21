"""Amounts in minor units, as people of each language write them."""

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.topics.money import grouped, written


def plain(text: str) -> str:
    """With ordinary blanks for those that keep amount and currency together."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("amount", "currency", "en", "es"),
    [
        (0, "EUR", "€0.00", "0,00 €"),
        (1, "EUR", "€0.01", "0,01 €"),
        (123_450, "EUR", "€1,234.50", "1.234,50 €"),
        (123_456_789, "EUR", "€1,234,567.89", "1.234.567,89 €"),
        (-123_450, "EUR", "-€1,234.50", "-1.234,50 €"),
        (12_345, "JPY", "¥12,345", "12.345 JPY"),
        (12_345, "KWD", "KWD12.345", "12,345 KWD"),
        (123_456, "UYW", "UYW12.3456", "12,3456 UYW"),
        (50, "XXX", "¤0.50", "0,50 ¤"),
        (50, "QQQ", "QQQ0.50", "0,50 QQQ"),  # no currency of ISO 4217: of hundredths
    ],
)
def test_an_amount_has_the_digits_of_its_currency(amount, currency, en, es):
    said = [plain(written(amount, currency, language)) for language in ("en", "es")]
    assert said == [en, es]


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.4, "€0.00"), (99.6, "€1.00"), (100.4, "€1.00"), (99_999.6, "€1,000.00")],
)
def test_a_part_of_a_minor_unit_is_rounded(amount, text):
    assert written(amount, "EUR", "en") == text


@given(st.floats(0, 1e12, allow_nan=False), st.integers(0, 4), st.sampled_from(["en", "es"]))
def test_a_number_is_grouped_as_babel_groups_it(number, digits, language):
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    assert grouped(number, digits, language) == format_decimal(
        f"{number:.{digits}f}", pattern, locale=language
    )
