"""Notes on values that look odd and are no fault: told where they help, and where not, not."""

from datetime import UTC, datetime

import polars as pl
import pytest

from perdura.sources.events import PAYMENTS
from perdura.sources.mapping.columns import ColumnRequest, Expressions
from perdura.sources.mapping.expressions import Scope
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.values.number_marks import numbers_in
from perdura.sources.mapping.values.odd_values import odd_values

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


def request(event: Expressions, columns: list[str], **keys: object) -> ColumnRequest:
    source = Input.model_validate({"file": "a.csv", "columns": event, **keys})
    return ColumnRequest(PAYMENTS, source, Scope("here", columns), UNTIL)


def notes(values: list, event: Expressions, **keys: object) -> tuple[str, ...]:
    asked = request(event, ["x"], **keys)
    return odd_values(asked, pl.LazyFrame({"x": values}), [event])


@pytest.mark.parametrize(
    ("values", "sql", "column", "says"),
    [
        (["17850.0", "a"], "x", "payment_id", "1 id in x is a whole number with .0, such as"),
        ([1.0, 2.0], "x", "subscriber_id", "2 ids in x are whole numbers with .0, such as"),
        (["17850.0/a", "b"], "x", "payment_id", "1 id in x holds a whole number with .0"),
        (["12e5", "123", "456"], "x", "invoice_id", "1 id in x may be a number in powers of ten"),
        (["nan", "card"], "x", "method", "1 value of x looks like no value: 'nan'; if that is so"),
        (["NULL", "None", "card"], "x", "method", ("2 values of x look like no value: 'NULL', "
         "'None'; if that is so write null_words = ['NULL', 'None']")),
        ([19.99, 20.0, 5.0], "x", "amount", ("1 of 3 values of x has decimals and is rejected; "
         "the others are read as minor units (cents)")),
        ([19.99], "CAST(x * 100 AS BIGINT)", "amount", ("1 of 1 value of amount loses decimals in "
         "a CAST to whole numbers")),
    ],
)  # fmt: skip
def test_what_looks_odd_is_told_with_how_many_and_what_to_write(values, sql, column, says):
    (note,) = notes(values, {column: sql})
    assert note.startswith(says)


@pytest.mark.parametrize(
    ("values", "sql", "column"),
    [
        (["17850", "a"], "x", "payment_id"),
        (["12e5", "a", "b", "c"], "x", "payment_id"),  # codes, not numbers
        (["nan", "started"], "x", "kind"),  # an unknown kind is a fault of its own
        ([19.99, 20.5], "x", "amount"),  # all of them: no other is taken for cents
        ([1999, 500], "x", "amount"),
        ([19.99], "CAST(ROUND(x * 100) AS BIGINT)", "amount"),
        (["card", None], "x", "method"),
        ([], "x", "method"),
    ],
)
def test_what_is_as_it_should_be_is_not(values, sql, column):
    frame = pl.Series("x", values, dtype=pl.String if not values else None)
    assert notes(frame.to_list() if values else [None], {column: sql}) == ()


class TestNumbers:
    def found(self, values: list, event: Expressions | None = None, **keys: object):
        asked = request(event or {"amount": "x"}, ["x"], **keys)
        return numbers_in(asked, pl.LazyFrame({"x": values}))

    def test_one_that_is_none_but_by_a_comma_makes_the_others_unsure(self):
        assert self.found(["1.299", "49,90"]).by_comma == {"x"}
        assert self.found(["1.299", "49.90"]).by_comma == frozenset()

    def test_where_the_mapping_says_how_numbers_are_written_nothing_is_unsure(self):
        assert self.found(["1.299", "49,90"], decimal=",").by_comma == frozenset()

    def test_points_that_all_stand_before_three_digits_are_noted_once(self):
        (note,) = self.found(["1.299", "12.500", "7"]).notes
        assert note.startswith("all 2 values of x with a point have three digits after it; they")
        assert self.found(["1.299", "12.50"]).notes == ()
        assert self.found(["1299"]).notes == ()

    @pytest.mark.parametrize(
        ("values", "whole"),
        [
            ([19.99, 5.5, 20.0], True),  # more than half
            ([19.99, 20.0], False),
            ([1999.0], False),
            (["19.99", "5.00", "7"], True),  # decimals written out count, as .00
            (["1200.0", "500.0"], False),  # pandas, of cents
            ([1999, 500], False),
            ([None, 19.99], True),
        ],
    )
    def test_amounts_of_which_most_have_decimals_are_in_whole_units(self, values, whole: bool):
        assert self.found(values).in_whole_units == (frozenset("x") if whole else frozenset())

    def test_only_columns_that_are_amounts_as_they_stand_are_looked_at(self):
        rounded: Expressions = {"amount": "ROUND(x * 100)"}
        assert self.found([19.99], rounded).in_whole_units == frozenset()
        assert self.found(["x"], {"method": "x"}) == self.found(["y"], {"method": "x"})
