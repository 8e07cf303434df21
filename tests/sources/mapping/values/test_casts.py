"""Casts that fail cost their own row, and only where the outcome hangs on them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.values.cast_tree import casts_in, expression_of, tree_of
from perdura.sources.mapping.values.casts import lenient

texts = st.lists(st.sampled_from(["1", "-7", "x", "", " ", "2.5", None]), min_size=1, max_size=6)


def results(sql: str, **columns: list | pl.Series) -> list[tuple[object, bool]]:
    """Of each row what the expression gives, and whether it hangs on a failed cast."""
    made = lenient(pl.sql_expr(sql))
    failed = pl.lit(value=False) if made.failed is None else made.failed.fill_null(value=False)
    frame = pl.DataFrame(columns).with_columns(value=made.value, failed=failed)
    return frame.select("value", "failed").rows()


def whole(text: str | None) -> int | None:
    """A text as CAST(... AS INTEGER) reads it."""
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


@given(texts)
def test_a_cast_gives_null_where_it_fails_and_says_so_unless_there_was_nothing(values):
    found = results("CAST(x AS INTEGER)", x=pl.Series(values, dtype=pl.String))
    for text, row in zip(values, found, strict=True):
        says_nothing = text is None or not text.strip()
        assert row == (whole(text), whole(text) is None and not says_nothing)


@given(texts)
def test_try_cast_was_told_to_give_null(values):
    found = results("TRY_CAST(x AS INTEGER) > 0", x=pl.Series(values, dtype=pl.String))
    for text, (value, failed) in zip(values, found, strict=True):
        number = whole(text)
        assert value == (None if number is None else number > 0)
        assert failed == (number is None and bool(text and text.strip()))


@pytest.mark.parametrize(
    ("sql", "x", "kind", "value", "failed"),
    [
        # A branch that is not taken costs nothing.
        ("CASE WHEN kind = 'n' THEN CAST(x AS INTEGER) ELSE 0 END", "bad", "t", 0, False),
        ("CASE WHEN kind = 'n' THEN CAST(x AS INTEGER) ELSE 0 END", "bad", "n", None, True),
        ("CASE WHEN kind = 'n' THEN CAST(x AS INTEGER) ELSE 0 END", "5", "n", 5, False),
        # Where anything that could stand there gives the same, the outcome does not hang on it.
        ("CAST(x AS INTEGER) * 0", "bad", "n", None, True),
        ("kind = 'n' OR CAST(x AS INTEGER) > 3", "bad", "n", True, False),
        ("kind = 'n' OR CAST(x AS INTEGER) > 3", "bad", "t", None, True),
        ("kind = 'n' AND CAST(x AS INTEGER) > 3", "bad", "t", False, False),
        ("COALESCE(TRY_CAST(x AS INTEGER), 7)", "bad", "n", 7, False),
        ("COALESCE(CAST(x AS INTEGER), 7)", "bad", "n", 7, True),
        ("CAST(CAST(x AS INTEGER) AS DOUBLE)", "bad", "n", None, True),
        ("STRPTIME(x, '%d.%m.%Y') > DATE '2026-01-01'", "soon", "n", None, True),
        ("STRPTIME(x, '%d.%m.%Y') > DATE '2026-01-01'", "01.02.2026", "n", True, False),
        ("kind = 'n' OR STRPTIME(x, '%d.%m.%Y') > DATE '2026-01-01'", "soon", "n", True, False),
        ("CAST(x AS VARCHAR)", "bad", "n", "bad", False),
        ("x", "bad", "n", "bad", False),
    ],
)
def test_a_row_is_refused_if_its_outcome_hangs_on_a_cast_that_failed(sql, x, kind, value, failed):
    assert results(sql, x=[x], kind=[kind]) == [(value, failed)]


def test_a_row_that_fails_leaves_its_neighbours_as_polars_reads_them_alone():
    found = results("CAST(x AS INTEGER) + 1", x=["1", "bad", "3"])
    assert found == [(2, False), (None, True), (4, False)]


def test_what_a_cast_reads_and_makes_is_told_for_messages():
    made = lenient(pl.sql_expr("CAST(price * 100 AS BIGINT) + CAST(tax AS DOUBLE)"))
    frame = pl.DataFrame({"price": [19.99, 0.5], "tax": [1.0, 2.0]})
    (pair,) = made.whole  # of the two casts the one to whole numbers
    read, cut = (frame.select(one.alias("x"))["x"].to_list() for one in pair)
    assert read == [1998.9999999999998, 50.0]
    assert cut == [1998, 50]
    assert made.reads in {"price", "tax"}


def test_an_expression_without_casts_is_itself():
    made = lenient(pl.sql_expr("x + 1"))
    assert (made.failed, made.reads, made.whole) == (None, None, ())
    assert made.value.meta.eq(pl.sql_expr("x + 1"))


@pytest.mark.parametrize(
    "sql", ["CAST(x AS INTEGER)", "CASE WHEN a > 1 THEN 'x' ELSE UPPER(b) END", "a || '''' || b"]
)
def test_a_tree_stands_for_its_expression(sql: str):
    assert expression_of(tree_of(pl.sql_expr(sql))).meta.eq(pl.sql_expr(sql))


def test_casts_are_found_outer_ones_first_wherever_they_are():
    sql = "CASE WHEN TRY_CAST(a AS DOUBLE) > 0 THEN CAST(CAST(b AS INTEGER) AS DOUBLE) END"
    found = [(one.strict, one.into) for one in casts_in(tree_of(pl.sql_expr(sql)))]
    assert sorted(found) == [(False, "Float64"), (True, "Float64"), (True, "Int32")]
    assert found.index((True, "Float64")) < found.index((True, "Int32"))
