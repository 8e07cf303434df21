"""The columns of a prepared table: what is converted, and what is refused in which words."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.table_columns import (
    BadTable,
    as_frame,
    column_of,
    nearest,
    plain_names,
    readable,
    refuse_ids,
    unseen_texts,
)

FRAME = pl.DataFrame({"calls": [1, 2], "plan": ["a", None]})


@pytest.mark.parametrize(
    "table",
    [FRAME, FRAME.lazy(), FRAME.to_pandas(), FRAME.to_arrow()],
    ids=["polars", "lazy", "pandas", "arrow"],
)
def test_any_kind_of_table_is_read(table):
    assert as_frame(table).to_dicts() == FRAME.to_dicts()


def test_an_index_of_pandas_is_no_column():
    table = FRAME.to_pandas().set_index(pd.Index(["x", "y"], name="customer"))
    assert as_frame(table).columns == ["calls", "plan"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("customers.csv", "asked to read a str, which is no table; give a Polars or pandas frame"),
        (None, "asked to read a NoneType, which is no table"),
        (pl.DataFrame(), "the table has no columns; give one row per subscriber"),
        (
            pd.DataFrame([[1, 2]], columns=["calls", "calls"]),
            "two columns are called 'calls'; rename one of them",
        ),
        (
            pd.DataFrame({"calls": [1, "two", None]}),
            "column 'calls' holds values of several kinds: int, str; make them all numbers or all",
        ),
    ],
)
def test_what_is_no_table_is_refused_in_words(table, said):
    with pytest.raises(BadTable) as refused:
        as_frame(table)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series([1, 2, None]), [1.0, 2.0, None]),
        (pl.Series([True, False, None]), [1.0, 0.0, None]),
        (pl.Series([Decimal("1.50"), None]), [1.5, None]),
        (pl.Series([timedelta(hours=36), None]), [1.5, None]),
        (pl.Series(["b", "a", None]), ["b", "a", None]),
        (pl.Series(["b", "a", None], dtype=pl.Categorical), ["b", "a", None]),
        (pl.Series(["b", None], dtype=pl.Enum(["a", "b"])), ["b", None]),
        (pl.Series([None, None]), [None, None]),
        (pl.Series([-(2**63), 2**63 - 1]), [-float(2**63), float(2**63)]),
    ],
)
def test_numbers_and_texts_are_read_as_what_they_are(values, expected):
    found = readable(values.alias("x").to_frame(), ["x"])["x"]
    assert found.to_list() == expected
    assert found.dtype in {pl.Float64, pl.String}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pl.Series([date(2026, 2, 28)]), "column 'x' holds dates, which say nothing by themselves"),
        (pl.Series([datetime(2026, 2, 28, tzinfo=UTC)]), "(pl.col('as_of') - pl.col('x'))"),
        (pl.Series([[1, 2]]), "column 'x' holds List(Int64), which is neither numbers nor text"),
        (pl.Series([{"a": 1}]), "neither numbers nor text; turn it into columns"),
        (pl.Series([b"x"]), "column 'x' holds Binary"),
        (
            pl.Series([1.0, float("inf"), float("-inf")]),
            "column 'x' holds infinite numbers in 2 of 3 rows, first in row 1; make them null",
        ),
        (pl.Series([float("inf")]), "infinite numbers in 1 of 1 row, first in row 0"),
    ],
)
def test_what_is_neither_is_refused_with_what_to_do(values, said):
    with pytest.raises(BadTable) as refused:
        readable(values.alias("x").to_frame(), ["x"])
    assert said in str(refused.value)


def test_only_the_columns_that_are_meant_are_read():
    frame = pl.DataFrame({"x": [1], "when": [date(2026, 1, 1)], "y": ["a"]})
    assert readable(frame, ["y", "x"]).columns == ["y", "x"]


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("csta", ["csat", "plan"], "; did you mean 'csat'?"),
        ("CSAT", ["csat", "plan"], "; did you mean 'csat'?"),
        ("csat", ["CSAT"], "; did you mean 'CSAT'?"),
        ("zzz", ["a", "b"], "; it has 'a', 'b'"),
        ("zzz", [f"c{k}" for k in range(12)], "'c9' ..."),
        ("zzz", [], "; it has "),
    ],
)
def test_a_missing_name_is_answered_with_the_nearest(name, known, said):
    assert nearest(name, known).endswith(said)


def test_a_missing_column_is_named_with_what_it_is_for():
    assert column_of(FRAME, "plan", "the plan").to_list() == ["a", None]
    with pytest.raises(BadTable) as refused:
        column_of(FRAME, "plans", "the outcome")
    assert str(refused.value) == (
        "the table has no column 'plans' (the outcome); did you mean 'plan'?"
    )


@given(names=st.lists(st.text(max_size=6), min_size=1, max_size=8, unique=True))
def test_every_column_has_a_plain_name_of_its_own(names):
    found = plain_names(names)
    assert len(set(found)) == len(names)
    assert all(name.isascii() and name.replace("_", "a").isalnum() for name in found)


def test_a_plain_name_stays_as_it_is_and_is_not_taken_twice():
    assert plain_names(["csat", "año", "column_1", "a b"]) == [
        "csat",
        "_column_1_",
        "column_1",
        "column_3",
    ]


def ids(count: int, each: int, *, empty: int = 0) -> pl.DataFrame:
    """So many texts, each in so many rows, and rows without one."""
    texts: list[str | None] = [f"t{k // each}" for k in range(count * each)]
    return pl.DataFrame({"x": [*texts, *[None] * empty]}, schema={"x": pl.String})


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (ids(3, 1), "column 'x' holds another text in each of 3 rows, as ids do"),
        (ids(51, 2), "holds 51 different texts in 102 rows, as ids do"),
        (ids(60, 1, empty=5), "another text in each of 60 rows that are filled in"),
    ],
)
def test_columns_of_ids_are_refused(frame, said):
    with pytest.raises(BadTable) as refused:
        refuse_ids(frame)
    assert said in str(refused.value)
    assert "name it as `who`" in str(refused.value)


@pytest.mark.parametrize(
    "frame",
    [
        ids(50, 1, empty=1),  # up to fifty texts may be categories
        ids(51, 3),
        ids(1, 1),
        ids(0, 1),
        ids(0, 1, empty=9),
        pl.DataFrame({"x": list(range(200))}),
    ],
)
def test_columns_of_categories_and_of_numbers_are_read(frame):
    refuse_ids(frame)


def test_unseen_texts_are_counted_the_most_frequent_first():
    rows = pl.DataFrame({"plan": ["gold", "pro", "zinc", "gold"], "n": [1, 2, 3, 4]})
    unseen = {"plan": pl.Series([True, False, True, True])}
    assert unseen_texts(unseen, rows) == {"plan": {"gold": 2, "zinc": 1}}
    assert list(unseen_texts(unseen, rows)["plan"]) == ["gold", "zinc"]
    assert unseen_texts({}, rows) == {}


def test_an_arrow_table_of_several_chunks_is_read_whole():
    table = pa.concat_tables([FRAME.to_arrow(), FRAME.to_arrow()])
    assert as_frame(table).height == 4
