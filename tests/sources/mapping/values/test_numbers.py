"""Numbers by declared marks: a text that does not keep to them is no number, and never another."""

import re
from collections.abc import Sequence
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.values.numbers import (
    as_number,
    comma_before_decimals,
    either_mark,
    is_declared,
)


def source_with(marks: dict[str, str]) -> Input:
    return Input.model_validate({"file": "a.csv", **marks})


def reads(texts: Sequence[str | None], **marks: str) -> list[float | None]:
    frame = pl.DataFrame({"x": pl.Series(texts, dtype=pl.String)})
    return frame.select(as_number(pl.col("x"), source_with(marks))).to_series().to_list()


def written(number: Decimal, decimal: str, group: str) -> str:
    """A number with its groups of three, as a person writes it."""
    whole, _, parts = f"{abs(number):f}".partition(".")
    groups = re.sub(r"(?<=\d)(?=(\d{3})+$)", group, whole)
    return f"{'-' if number < 0 else ''}{groups}{decimal + parts if parts else ''}"


amounts = st.decimals(
    min_value=-(10**9), max_value=10**9, places=2, allow_nan=False, allow_infinity=False
)


class TestWhatAPersonWrote:
    @given(number=amounts, marks=st.sampled_from([(",", "."), (".", ","), (",", " "), (".", "'")]))
    def test_is_read_back_by_the_marks_that_it_was_written_with(self, number, marks):
        decimal, group = marks
        text = written(number, decimal, group)
        assert reads([text], decimal=decimal, thousands=group) == [float(number)]

    @given(number=amounts, sign=st.sampled_from(["€", "$", "kr.", "US$", "(x)"]))
    def test_keeps_its_value_beside_a_currency_sign_before_or_after(self, number, sign):
        text = written(number, ",", ".")
        around = [f"{text} {sign}", f"{text}{sign}"]
        if number >= 0:
            around += [f"{sign}{text}", f"{sign} {text}"]
        assert reads(around, decimal=",", currency_sign=sign) == [float(number)] * len(around)

    @given(number=amounts.filter(lambda number: number > 0))
    def test_is_below_zero_wherever_the_minus_stands(self, number):
        text = written(number, ".", ",")
        signed = [f"-{text}", f"\u2212{text}", f"{text}-", f"({text})", f"- {text}"]
        assert reads(signed, decimal=".") == [-float(number)] * 5


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        ({"decimal": ","}, "1.29"),  # never 129
        ({"decimal": ","}, "12.34,5"),
        ({"decimal": ","}, "1,299.99"),
        ({"decimal": "."}, "1.299,99"),
        ({"decimal": "."}, "1,29"),
        ({"thousands": "."}, "1.29"),
        ({"thousands": "."}, "1 299"),
        ({"thousands": "'"}, "1,299"),
        ({"decimal": ","}, "1.299 300"),  # groups by two marks
        ({"decimal": ","}, "--1"),
        ({"decimal": ","}, "(1)-"),
        ({"decimal": ","}, "1€"),
        ({"decimal": ","}, ","),
        ({"decimal": ","}, ""),
        ({"decimal": ","}, "NaN"),
        ({"decimal": ","}, "1e3"),
        ({"currency_sign": "€"}, "€"),
        ({"currency_sign": "€"}, "1 $"),
    ],
)
def test_what_does_not_keep_to_the_marks_is_no_number(marks: dict[str, str], text: str):
    assert reads([text], **marks) == [None]


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e999", "", "  ", "abc", "1,5"])
def test_without_marks_only_finite_numbers_with_a_point_are_numbers(text: str):
    assert reads([text, None, " 1.5 "]) == [None, None, 1.5]


def test_as_plain_text_all_digits_stay():
    frame = pl.DataFrame({"x": ["9.007.199.254.740.993,10 €", "(0,30)", "1.29"]})
    source = Input(file="a.csv", decimal=",", currency_sign="€")
    plain = frame.select(as_number(pl.col("x"), source, as_plain_text=True)).to_series().to_list()
    assert plain == ["9007199254740993.10", "-0.30", None]


def test_any_of_three_keys_declares_how_numbers_are_written():
    assert not is_declared(Input(file="a.csv"))
    for marks in ({"decimal": "."}, {"thousands": " "}, {"currency_sign": "€"}):
        assert is_declared(source_with(marks))


@pytest.mark.parametrize(
    ("text", "by_comma", "either"),
    [
        ("49,90", True, False),
        ("1.299,99", True, False),
        ("(1,5)", True, False),
        ("1,2345", True, False),
        ("1,299", False, False),  # may be a thousand: no proof
        ("1.299", False, True),
        ("-12.345.678", False, True),
        ("1234.567", False, False),  # four digits before: a point before decimals
        ("1.29", False, False),
        ("1299", False, False),
        ("a,5", False, False),
    ],
)
def test_what_a_text_tells_of_its_marks(text: str, by_comma: bool, either: bool):
    frame = pl.DataFrame({"x": [text, f" {text} "]})
    told = frame.select(comma=comma_before_decimals(pl.col("x")), either=either_mark(pl.col("x")))
    assert told.rows() == [(by_comma, either)] * 2
