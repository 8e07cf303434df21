"""Values in words: what is said, how precisely, and that rounding first says the same."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.catalogue import COLUMNS
from perdura.features.definition import Column, Derived, Language, Phrases
from perdura.features.topics.phrases import as_said, say, say_rounded

NUMBERS = [column for column in COLUMNS.values() if not column.is_category]
UNITS = {column.feature.unit: column for column in NUMBERS}


def column(unit: str, **phrases: str) -> Column:
    """A column of nothing but its words: ``none``, ``1`` or the number."""
    words = Phrases(**{"none": "none", "one": "one", "many": "{n}"} | phrases)
    feature = Derived(name="x", sql="x", unit=unit, signal="s", en=words, es=words)
    return Column("x", feature, None)


def said(unit: str, value: float | None, language: Language = "en") -> str:
    return say(column(unit), value, language, "EUR").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("unit", "value", "en", "es"),
    [
        ("tickets", 0, "none", "none"),
        ("tickets", 1, "one", "one"),
        ("tickets", 2, "2", "2"),
        ("tickets", 2.46, "2.5", "2,5"),
        ("tickets", 0.001, "less than 0.1", "menos de 0,1"),
        ("tickets", 0.06, "0.1", "0,1"),
        ("tickets", 9.96, "10", "10"),
        ("tickets", 10.5, "10", "10"),
        ("tickets", 1_234_567, "1,234,567", "1.234.567"),
        ("tickets", -3, "-3", "-3"),
        ("hours", 0.99, "less than an hour", "menos de una hora"),
        ("hours", 1, "1 hour", "1 hora"),
        ("hours", 1.04, "1 hour", "1 hora"),
        ("hours", 1.06, "1.1 hours", "1,1 horas"),
        ("hours", 10.4, "10 hours", "10 horas"),
        ("days", 0, "less than a day", "menos de un día"),
        ("days", 0.999, "less than a day", "menos de un día"),
        ("days", 1.49, "1 day", "1 día"),
        ("days", 1.5, "2 days", "2 días"),
        ("days", 1_000.2, "1,000 days", "1.000 días"),
        ("months", 1, "one", "one"),
        ("months", 3, "3 months", "3 meses"),
        ("months", 7 / 30.4375, "7 days", "7 días"),
        ("months", 1 / 30.4375, "1 day", "1 día"),
        ("months", 1.5, "1.5 months", "1,5 meses"),
        ("age", 0.3, "less than a day", "menos de un día"),
        ("age", 13.4, "13 days", "13 días"),
        ("age", 14, "2 weeks", "2 semanas"),
        ("money", 100, "€1.00", "1,00 €"),
        ("money", 1, "€0.01", "0,01 €"),
        ("money", 0.2, "€0.00", "0,00 €"),
        ("share", 0.004, "0%", "0 %"),
        ("share", 0.005, "0%", "0 %"),
        ("share", 0.006, "1%", "1 %"),
        ("share", 1, "100%", "100 %"),
        ("share", 2.5, "250%", "250 %"),
        ("points", 0, "0", "0"),
        ("points", 1, "one", "one"),
        ("points", 4.24, "4.2", "4,2"),
    ],
)
def test_a_value_is_said_as_precisely_as_its_unit_allows(unit, value, en, es):
    assert (said(unit, value), said(unit, value, "es")) == (en, es)


@pytest.mark.parametrize("unit", ["tickets", "hours", "days", "age", "money", "share", "points"])
def test_what_is_unknown_is_said_as_unknown_or_else_as_none(unit):
    assert said(unit, None) == "none"
    known_apart = column(unit, unknown="who knows")
    assert say(known_apart, None, "en", "EUR") == "who knows"
    assert say(known_apart, 0.0, "en", "EUR") == "none"


def test_without_a_currency_amounts_are_bare_hundredths():
    assert say(column("money"), 123_456.0, "en", None) == "1,235"
    assert say(column("money"), 250.0, "es", None) == "2,5"


def test_only_a_window_is_said_behind_the_words():
    assert say(COLUMNS["pauses_90d"], 2.0, "en", None) == "paused 2 times in the last 90 days"
    assert say(COLUMNS["pauses_90d"], 2.0, "es", None) == "hizo 2 pausas en los últimos 90 días"
    assert say(COLUMNS["days_since_pause"], 2.0, "en", None) == "last paused or resumed 2 days ago"


@pytest.mark.parametrize(
    ("name", "value", "usual", "en", "es"),
    [
        (
            "amount_paid_365d",
            44_586.0,
            80_000.0,
            "€445.86 was paid in the last 365 days (similar customers: €800.00)",
            "se pagaron 445,86 € en los últimos 365 días (clientes similares: 800,00 €)",
        ),
        (
            "days_since_used",
            40.0,
            3.0,
            "last used the service 40 days ago (similar customers: 3 days ago)",
            "usó el servicio por última vez hace 40 días (clientes similares: hace 3 días)",
        ),
        (
            "days_since_ticket",
            3.0,
            math.inf,
            "the last ticket was opened 3 days ago (similar customers: never)",
            "el último ticket se abrió hace 3 días (clientes similares: nunca)",
        ),
        (
            "usage_30d",
            0.0,
            45.0,
            "did not use the service in the last 30 days (similar customers: 45)",
            "no usó el servicio en los últimos 30 días (clientes similares: 45)",
        ),
    ],
)
def test_what_is_typical_is_said_in_the_unit_of_the_value(name, value, usual, en, es):
    said = (
        say_rounded(COLUMNS[name], value, "en", "EUR", usual),
        say_rounded(COLUMNS[name], value, "es", "EUR", usual),
    )
    assert [text.replace("\xa0", " ") for text in said] == [en, es]


def test_a_text_is_said_as_it_is():
    for text in ("Pro & more", "0", "ünïcode", "{n}"):
        assert say(COLUMNS["plan"], text, "en", None) == f"is on the {text} plan"


@given(
    st.sampled_from(NUMBERS),
    st.floats(0, 1e9) | st.sampled_from([0.05, 0.005, 0.5, 0.95, 0.96, 1.05, 1.5, 2.5, 9.95, 10.5]),
    st.sampled_from(["en", "es"]),
)
def test_a_value_and_what_it_is_rounded_to_are_said_alike(column, value, language):
    rounded = as_said(column, np.array([value]))
    assert say_rounded(column, float(rounded[0]), language, "EUR") == say(
        column, value, language, "EUR"
    )


@given(st.sampled_from([*UNITS]), st.floats(-1e6, 1e6) | st.sampled_from([1e-300, -0.04, 0.1]))
def test_rounding_twice_is_rounding_once_and_only_zero_becomes_zero(unit, value):
    once = as_said(UNITS[unit], np.array([value]))
    assert as_said(UNITS[unit], once).tolist() == once.tolist()
    assert (once[0] == 0) == (value == 0)
    if value:
        assert math.copysign(1, once[0]) == math.copysign(1, value) or unit in _TIMES


#: A negative time is none: it is said as less than one.
_TIMES = {"days", "hours", "age"}


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=20), st.sampled_from([*UNITS]))
def test_rounding_keeps_the_order_of_values(values, unit):
    in_order = np.sort(np.array(values))
    assert (np.diff(as_said(UNITS[unit], in_order)) >= 0).all()


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_what_is_unknown_stays_unknown_by_rounding(unit):
    assert np.isnan(as_said(UNITS[unit], np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("unit", "alike", "apart"),
    [
        ("tickets", (11.6, 12.4), (12.4, 12.6)),
        ("tickets", (1.46, 1.54), (1.54, 1.56)),
        ("money", (99.6, 100.4), (100.4, 100.6)),
        ("share", (0.116, 0.124), (0.124, 0.126)),
        ("days", (0.1, 0.9), (0.9, 1.0)),
        ("hours", (10.6, 11.4), (9.4, 9.6)),
        ("months", (6.6 / 30.4375, 7.4 / 30.4375), (7.4 / 30.4375, 7.6 / 30.4375)),
    ],
)
def test_values_that_read_the_same_are_rounded_to_one(unit, alike, apart):
    first, second = as_said(column(unit), np.array(alike))
    assert first == second
    first, second = as_said(column(unit), np.array(apart))
    assert first != second
