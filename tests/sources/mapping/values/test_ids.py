"""Ids as text: what spreadsheets and pandas made of them is undone, or told to be lost."""

import math
import struct

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.values.ids import (
    as_id,
    has_float_within,
    has_marks,
    is_id,
    may_be_odd,
    may_be_power,
    was_float,
)


def ids(values: list, dtype: pl.DataType) -> list[str | None]:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return frame.select(as_id(pl.col("x"), dtype)).to_series().to_list()


def of_float(value: float | None, bound: int) -> str | None:
    """An id that came as a float, by the rule in words: whole ones as such, none past exactness."""
    if value is None or abs(value) >= bound:
        return None
    if value == math.floor(value):
        return str(int(value))
    return ""  # has decimals: some text, whichever


class TestFloats:
    @given(
        st.lists(
            st.none()
            | st.integers(-(2**54), 2**54).map(float)
            | st.floats(allow_nan=False, allow_infinity=True)
        )
    )
    def test_whole_ones_below_2_to_the_53_are_ids_and_larger_ones_are_lost(self, values):
        for value, found in zip(values, ids(values, pl.Float64()), strict=True):
            expected = of_float(value, 2**53)
            assert found == expected or (expected == "" and found is not None)

    def test_at_the_bound_itself_digits_may_be_lost(self):
        assert ids([2.0**53 - 1, 2.0**53, -(2.0**53)], pl.Float64()) == [str(2**53 - 1), None, None]
        assert ids([2.0**24 - 1, 2.0**24], pl.Float32()) == [str(2**24 - 1), None]

    @given(st.integers(-(2**25), 2**25))
    def test_of_32_bits_are_exact_to_2_to_the_24(self, number):
        (value,) = struct.unpack("f", struct.pack("f", number))
        assert ids([value], pl.Float32()) == [of_float(value, 2**24)]


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_whole_numbers_are_their_digits(numbers: list[int]):
    assert ids(numbers, pl.Int64()) == [str(number) for number in numbers]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("17850.0", "17850"),
        ("17850.000", "17850"),
        ("-5.0", "-5"),
        ("007.0", "007"),
        ("+5.0", "+5"),
        ("007", "007"),
        ("17850.5", "17850.5"),
        ("a.0", "a.0"),
        ("1.0.0", "1.0.0"),
        ("9007199254740991.0", "9007199254740991"),
        ("9007199254740992.0", None),  # 2^53: its neighbour is the same float
        ("9007199254740993", "9007199254740993"),  # never was a float
        ("99999999999999999999.0", None),
        ("1.23457E+11", None),  # a spreadsheet's: digits are gone
        ("1,23457E+11", None),
        ("1e+16", None),
        ("1.5e5", None),
        ("12e5", "12e5"),  # a code, as well as a number
        ("1e5", "1e5"),
        ("", ""),
        ("a,b+c.d", "a,b+c.d"),
        (" 5.0", " 5.0"),
    ],
)
def test_a_text_is_one_id_or_lost(text: str, read: str | None):
    assert ids([text, "x", None, text], pl.String()) == [read, "x", None, read]


@given(st.lists(st.text(max_size=12) | st.none()))
def test_a_text_changes_only_by_losing_point_and_zeros(texts: list[str | None]):
    for text, found in zip(texts, ids(texts, pl.String()), strict=True):
        if text is None or found is None:
            continue
        assert found == text or (
            text.startswith(found + ".") and not text[len(found) + 1 :].strip("0")
        )


@given(st.lists(st.text("0123456789.,+-eEab/", max_size=8)))
def test_only_texts_with_a_mark_are_ever_changed(texts: list[str]):
    series = pl.Series("x", texts, dtype=pl.String)
    marked = has_marks(series).to_list()
    for text, mark, found in zip(texts, marked, ids(texts, pl.String()), strict=True):
        assert mark or found == text


def test_which_columns_hold_ids():
    assert [
        name for name in ("subscriber_id", "merged_into", "invoice_id") if not is_id(name)
    ] == []
    assert [name for name in ("id", "identity", "kind", "by") if is_id(name)] == []


@pytest.mark.parametrize(
    ("text", "came_as_float", "within", "power"),
    [
        ("17850.0", True, False, False),
        ("17850.0/a", False, True, False),
        ("a/17850.0", False, True, False),
        ("a17850.0", False, False, False),  # a piece of a word
        ("v1.0", False, False, False),
        ("1.0/a", False, False, False),  # one digit: a version, rather
        ("12e5", False, False, True),
        ("1.2e5", False, False, False),
        ("12", False, False, False),
    ],
)
def test_what_looks_odd_about_an_id(text: str, came_as_float: bool, within: bool, power: bool):
    x, kind = pl.col("x"), pl.String()
    found = pl.DataFrame({"x": [text]}).select(
        floats=was_float(x, kind), within=has_float_within(x, kind), power=may_be_power(x, kind)
    )
    assert found.row(0) == (came_as_float, within, power)


@given(st.lists(st.text("0123456789.eE/a+", max_size=9), min_size=1))
def test_the_quick_look_misses_nothing_odd(texts: list[str]):
    x, kind = pl.col("x"), pl.String()
    odd = was_float(x, kind) | has_float_within(x, kind) | may_be_power(x, kind)
    found = pl.DataFrame({"x": texts}).select(odd=odd, suspect=may_be_odd(x, kind))
    assert found.filter(pl.col("odd") & ~pl.col("suspect")).is_empty()


def test_of_floats_those_without_parts_are_odd_and_infinity_is_not():
    x = pl.col("x")
    frame = pl.DataFrame({"x": [1.0, 1.5, -3.0, math.inf, math.nan, None]})
    found = frame.select(was_float(x, pl.Float64())).to_series().to_list()
    assert found[:4] == [True, False, True, False]
    assert found[4] is not True
    assert found[5] is None
