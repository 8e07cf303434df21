"""What ids, currencies, periods and amounts mean, whatever they look like."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.currencies import DIGITS
from perdura.sources.events import PAYMENTS, USAGE
from perdura.sources.mapping.checks.rules import FAULT, FAULTS
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.values.meaning import (
    USUAL,
    as_codes,
    as_ids,
    in_iso_units,
    normalised,
    says_nothing,
    with_months,
    without_null_words,
)


def each(values: list, expression: pl.Expr, dtype: type[pl.DataType] = pl.String) -> list:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return frame.select(expression.alias("x")).to_series().to_list()


def ids(
    values: list, dtype: type[pl.DataType] = pl.String, **keys: Any
) -> list[tuple[str | None, str | None]]:
    source = Input(file=keys.pop("file", "a.csv"), **keys)
    rows = each(values, as_ids(pl.col("x"), dtype(), source), dtype)
    return [(row["id"], row["fault"]) for row in rows]


class TestIds:
    @given(
        word=st.sampled_from(USUAL),
        case=st.sampled_from([str.lower, str.upper, str.title]),
        blank=st.sampled_from(["", " ", "\t"]),
    )
    def test_no_subscriber_is_called_null(self, word, case, blank):
        text = f"{blank}{case(word)}{blank}"
        assert ids([text, "ann"]) == [(None, "null_word"), ("ann", None)]
        assert ids([text], null_words=()) == [(text, None)]

    @pytest.mark.parametrize("name", ["nullam", "n/ab", "none1", "naan", "nat5", "Nil Smith", "-"])
    def test_a_word_that_only_begins_like_that_is_an_id(self, name: str):
        assert ids([name]) == [(name, None)]

    def test_what_json_has_in_place_of_an_id_is_none_there_and_a_text_elsewhere(self):
        values = ["true", "false", '{"a":1}', "[1]", "truest", "ann"]
        in_json = [fault for _, fault in ids(values, file="a.jsonl")]
        assert in_json == ["bad_type"] * 4 + [None] * 2
        assert ids(values) == [(value, None) for value in values]

    def test_true_and_false_are_no_ids_in_any_format(self):
        found = ids([True, None, False], dtype=pl.Boolean)
        assert found == [(None, "bad_type"), (None, None), (None, "bad_type")]

    def test_the_first_fault_is_told_and_ids_beside_stay(self):
        values = ["17850.0", "9007199254740992.0", None, "1e+16", "NULL", "b"]
        assert ids(values) == [
            ("17850", None),
            (None, "imprecise_id"),
            (None, None),
            (None, "imprecise_id"),
            (None, "null_word"),
            ("b", None),
        ]

    def test_of_floats_nan_is_no_id_and_breaks_no_rule(self):
        found = ids([1.0, float("nan"), None, 2.0**53], dtype=pl.Float64)
        assert found == [("1", None), (None, None), (None, None), (None, "imprecise_id")]


@given(st.lists(st.text("aB 1€ü", max_size=4) | st.none()))
def test_a_code_is_three_letters_in_capitals(values: list[str | None]):
    for value, found in zip(values, each(values, as_codes(pl.col("x"))), strict=True):
        code = (value or "").strip().upper()
        fits = len(code) == 3 and code.isascii() and code.isalpha()
        assert found == (code if fits else None)


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("1", 1.0),
        ("12.0", 12.0),
        ("yearly", 12.0),
        ("P3M", 3.0),
        ("0", None),
        ("-1", None),
        ("x", None),
    ],
)
def test_a_period_is_a_number_above_zero_or_a_word(text: str, months: float | None):
    fitted = with_months(pl.col("x"), pl.String(), Input(file="a.csv"))
    assert each([text], fitted.value) == [months]
    assert each([text], fitted.fault) == [None if months else "bad_type"]


class TestMinorUnits:
    @given(
        amount=st.integers(-(10**9), 10**9),
        code=st.sampled_from(["EUR", "ISK", "UGX", "KWD", "JPY", "CLF"]),
        digits=st.integers(0, 5),
    )
    def test_are_those_of_iso_4217_and_money_is_never_rounded(self, amount, code, digits):
        source = Input(file="a.csv", currency_digits={code.lower(): digits})
        typed = pl.LazyFrame(
            {"amount": [amount, amount, None], "currency": [code, "XXX", code]},
            schema={"amount": pl.Int64, "currency": pl.String},
        ).with_columns(pl.lit(None, FAULTS).alias(FAULT + "amount"))
        found = in_iso_units(PAYMENTS, source, typed).collect()
        true = Decimal(amount).scaleb(DIGITS.get(code, 2) - digits)
        exact = true == true.to_integral_value()
        assert found["amount"].to_list() == [int(true) if exact else None, amount, None]
        assert found[FAULT + "amount"].to_list() == [None if exact else "bad_type", None, None]

    def test_tables_without_money_and_inputs_that_say_nothing_stay_as_they_are(self):
        frame, isk = pl.LazyFrame({"quantity": [1.5]}), {"ISK": 2}
        assert in_iso_units(USAGE, Input(file="a.csv", currency_digits=isk), frame) is frame
        assert in_iso_units(PAYMENTS, Input(file="a.csv"), frame) is frame


def test_texts_are_put_as_the_mapping_wants_them_step_by_step():
    source = Input(file="a.csv", normalise={"subscriber_id": ("trim", "upper"), "plan": ("lower",)})
    x = pl.col("x")
    values = [" ab-1 ", "ÄB", None, ""]
    assert each(values, normalised(x, pl.String(), "subscriber_id", source)) == [
        "AB-1", "ÄB", None, "",
    ]  # fmt: skip
    assert each(values, normalised(x, pl.String(), "plan", source)) == [" ab-1 ", "äb", None, ""]
    assert each(values, normalised(x, pl.String(), "kind", source)) == values
    assert each([1, None], normalised(x, pl.Int64(), "plan", source), pl.Int64) == [1, None]


def test_null_words_are_the_whole_value_and_of_texts_alone():
    frame = pl.LazyFrame({"a": ["NULL", " NULL ", "NULLABLE", "null", None], "n": [0, 1, 2, 3, 4]})
    found = without_null_words(frame, ("NULL", "0")).collect()
    assert found["a"].to_list() == [None, None, "NULLABLE", "null", None]
    assert found["n"].to_list() == [0, 1, 2, 3, 4]
    assert without_null_words(frame, ()) is frame
    assert without_null_words(frame, None) is frame


def test_words_for_nothing_stand_alone():
    texts = ["NULL", " n/a\n", "#N/A", "\\N", "null and void", ""]
    found = each(texts, says_nothing(pl.col("x")))
    assert found == [True, True, True, True, False, False]
