"""Words of a record: integers that are added and compared exactly as the values are."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.definition import Balance, Latest, Over
from perdura.features.engine.column_plan import Field, plans
from perdura.features.engine.record_words import channel_bits, word_of_row, word_values
from perdura.sources.events import PAYMENTS, TICKETS
from tests.support.measured import a_feature


def words(values, kind, form, texts=()):
    """The integers of one column of values."""
    word = Field("v", form)
    rows = pl.DataFrame({"v": pl.Series(values, dtype=kind)})
    known = {"v": pl.Series(texts, dtype=pl.String)}
    frame = rows.select(word_of_row(word, known).alias("word 0"))
    return word_values(frame, [word])[0].tolist()


FLOATS = st.floats(allow_nan=False) | st.sampled_from(
    [0.0, math.inf, -math.inf, 5e-324, -5e-324, 1.7e308, 1e-9, -1e-9]
)


@given(st.lists(FLOATS, min_size=2, max_size=20))
def test_ordered_bits_compare_as_the_floats_do(values):
    found = words(values, pl.Float64, "order")
    for (a, x), (b, y) in zip(
        zip(values, found, strict=True), zip(values[1:], found[1:], strict=True), strict=False
    ):
        if a != b:
            assert (a < b) == (x < y)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
def test_millionths_are_added_in_any_order(values):
    found = words(values, pl.Float64, "millionths")
    assert all(
        abs(whole - value * 1e6) <= 0.5 + abs(value) * 1e-9
        for whole, value in zip(found, values, strict=True)
    )
    assert sum(found) == sum(found[::-1])


@pytest.mark.parametrize(
    ("values", "kind", "form", "found"),
    [
        ([1.0000004, 1.0000006, None], pl.Float64, "millionths", [1_000_000, 1_000_001, 0]),
        ([0.0, None], pl.Float64, "order", [0, 0]),
        ([2**53 + 1, -1, None], pl.Int64, "number", [2**53 + 1, -1, 0]),
        ([7, -7, None], pl.Int32, "number", [7, -7, 0]),
    ],
)  # fmt: skip
def test_a_value_is_a_whole_number_and_null_is_zero(values, kind, form, found):
    assert words(values, kind, form) == found


@given(st.lists(st.none() | st.text(max_size=3), max_size=12))
def test_a_text_is_its_place_in_order_and_null_is_before_all(values):
    texts = sorted({text for text in values if text is not None}, key=lambda one: one.encode())
    found = words(values, pl.String, "text", texts)
    assert found == [-1 if text is None else texts.index(text) for text in values]


@given(st.lists(st.text(max_size=4), min_size=1, max_size=12))
def test_things_are_apart_by_their_hash(values):
    found = words(values, pl.String, "thing")
    assert len({*found}) == len({*values})
    assert found == words(values, pl.String, "thing"), "the same in every block of rows"


def test_several_words_lie_one_below_the_other():
    fields = [Field("a", "number"), Field("b", "order")]
    rows = pl.DataFrame({"a": [1, 2], "b": [0.5, -0.5]}).select(
        word_of_row(one, {}).alias(f"word {index}") for index, one in enumerate(fields)
    )
    found = word_values(rows, fields)
    assert found.shape == (2, 2)
    assert found[0].tolist() == [1, 2]
    assert found[1, 1] < 0 < found[1, 0]
    assert found[1, :1].view(np.float64).tolist() == [0.5]
    assert word_values(rows.limit(0), fields).shape == (2, 0)


def test_a_row_has_a_bit_for_each_channel_that_it_counts_in():
    (plan,) = plans(
        [
            a_feature(PAYMENTS, Over("count"), "kind = 'paid'", (30,), name="a"),
            a_feature(PAYMENTS, Over("sum", "amount"), "kind = 'paid'", (30,), name="b"),
            a_feature(PAYMENTS, Latest("method"), name="c", unit="category"),
        ]
    )
    rows = pl.DataFrame(
        {
            "kind": ["paid", "paid", "failed", None, "failed"],
            "amount": [5, None, 5, 5, None],
            "method": ["card", None, "card", None, None],
        }
    )
    assert rows.select(channel_bits(plan)).to_series().to_list() == [0b111, 0b001, 0b100, 0, 0]


def test_what_is_neither_true_nor_false_counts_in_no_channel():
    (plan,) = plans([a_feature(PAYMENTS, Over("count"), "NOT (amount > 3)", (30,))])
    rows = pl.DataFrame({"kind": ["paid"] * 3, "amount": [3, 4, None]})
    assert rows.select(channel_bits(plan)).to_series().to_list() == [1, 0, 0]


def test_a_thing_without_a_name_counts_in_neither_side_of_a_balance():
    opens = Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id")
    (plan,) = plans([a_feature(TICKETS, opens)])
    rows = pl.DataFrame({"kind": ["opened", "resolved", "opened"], "ticket_id": ["1", "1", None]})
    assert rows.select(channel_bits(plan)).to_series().to_list() == [0b01, 0b10, 0]
