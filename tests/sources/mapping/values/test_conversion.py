"""Values in the contract's types: converted without loss, or refused; none is guessed."""

import math
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.values.conversion import blank_as_null, can_be_time, convert, parsed

SOURCE = Input(file="a.csv")


def converted(values: list, dtype: pl.DataType, wanted: pl.DataType, **keys) -> list[tuple]:
    """Of each value what it is as wanted, and the rule that it breaks."""
    source = Input(file="a.csv", **keys)
    fitted = convert(pl.col("x"), dtype, wanted, source)
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return frame.select(value=fitted.value, fault=fitted.fault).rows()


@given(st.lists(st.none() | st.floats()))
def test_a_float_is_a_whole_number_only_if_it_is_one(values):
    for value, (found, fault) in zip(
        values, converted(values, pl.Float64(), pl.Int64()), strict=True
    ):
        if value is None:
            assert (found, fault) == (None, None)
        elif math.isfinite(value) and abs(value) < 2**63 and value == round(value):
            assert (found, fault) == (round(value), None)
        elif found is None:
            assert fault == "bad_type"
        else:  # a calculation that missed the whole number by a hair
            assert abs(found - value) < 1e-6


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("1999", 1999),
        (" 1999 ", 1999),
        ("-5", -5),
        ("1200.0", 1200),  # pandas, of a column with gaps
        ("12.00", None),  # euros, rather than cents
        ("12.50", None),
        ("1e3", 1000),
        ("9007199254740993", 9007199254740993),  # past what a double tells apart
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("1,5", None),
        ("ten", None),
        ("nan", None),
        ("inf", None),
        ("true", None),
    ],
)
def test_a_text_as_whole_number(text: str, whole: int | None):
    fault = "bad_type" if whole is None else None
    assert converted([text], pl.String(), pl.Int64()) == [(whole, fault)]


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_whole_number_written_out_is_read_to_its_last_digit(number: int):
    assert converted([str(number)], pl.String(), pl.Int64()) == [(number, None)]


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_what_does_not_fit_a_narrower_type_is_refused_and_not_wrapped(numbers):
    for number, found in zip(numbers, converted(numbers, pl.Int64(), pl.Int32()), strict=True):
        fits = -(2**31) <= number < 2**31
        assert found == ((number, None) if fits else (None, "bad_type"))


@pytest.mark.parametrize("wanted", [pl.Int64(), pl.Int32(), pl.Float64()])
def test_true_and_false_are_no_numbers(wanted: pl.DataType):
    assert converted([True, False, None], pl.Boolean(), wanted) == [
        (None, "bad_type"),
        (None, "bad_type"),
        (None, None),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_is_finite(value: float):
    assert converted([value], pl.Float64(), pl.Float64()) == [(None, "bad_type")]


def test_words_for_true_and_false():
    yes, no = ["true", "T", "Yes", "1"], ["false", " F ", "no", "0"]
    other = ["", "2", "y", "on"]
    found = converted([*yes, *no, *other], pl.String(), pl.Boolean())
    assert found == [(True, None)] * 4 + [(False, None)] * 4 + [(None, "bad_type")] * 4


def test_marks_of_the_input_hold_for_whole_numbers_too():
    found = converted(["1.299", "1.299,5", "12"], pl.String(), pl.Int64(), decimal=",")
    assert found == [(1299, None), (None, "bad_type"), (12, None)]


@pytest.mark.parametrize(
    ("dtype", "formats", "can"),
    [
        (pl.String(), (), True),
        (pl.Date(), (), True),
        (pl.Datetime("ms", "Europe/Madrid"), (), True),
        (pl.Null(), (), True),
        (pl.Int64(), (), False),
        (pl.Int64(), ("epoch_s",), True),
        (pl.Float64(), ("%Y%m%d",), True),
        (pl.Boolean(), ("epoch_s",), False),
        (pl.Time(), (), False),
        (pl.Duration(), ("epoch_s",), False),
    ],
)
def test_what_can_tell_a_time(dtype: pl.DataType, formats: tuple[str, ...], can: bool):
    assert can_be_time(dtype, formats) is can


def times(values: list, dtype: pl.DataType) -> list[tuple]:
    until = datetime(2026, 3, 1, tzinfo=UTC)
    own = parsed(pl.col("x"), dtype, SOURCE, until)
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return frame.select(own.alias("x")).unnest("x").select("moment", "fault").rows()


def test_moments_with_a_zone_are_taken_as_they_are_if_they_can_be():
    zoned = pl.Datetime("ns", "Europe/Madrid")
    good, early = datetime(2026, 1, 31, 9, 30, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)
    found = times([good, early, None], zoned)
    assert found[0] == (good, None)
    assert found[1] == (None, "implausible_time")
    assert found[2][0] is None


def test_a_type_that_tells_no_time_is_refused_and_nothing_is_nothing():
    assert times([True, None], pl.Boolean()) == [(None, "unparseable_time"), (None, None)]
    assert times([None, None], pl.Null()) == [(None, None)] * 2


@given(st.lists(st.text(" \t\n\u00a0ab", max_size=4) | st.none()))
def test_a_text_of_blanks_says_nothing(texts):
    frame = pl.DataFrame({"x": pl.Series(texts, dtype=pl.String)})
    found = frame.select(blank_as_null(pl.col("x"), pl.String())).to_series().to_list()
    assert found == [text if text and text.strip() else None for text in texts]


def test_values_that_are_no_texts_stay():
    frame = pl.DataFrame({"x": [0, None, 1]})
    assert frame.select(blank_as_null(pl.col("x"), pl.Int64())).to_series().to_list() == [
        0,
        None,
        1,
    ]
