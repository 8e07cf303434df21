"""Conditions of features: which kinds they count, as asking a row of each kind says."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.conditions import BadFeature, check_condition, kinds_counted, readable_columns
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, USAGE

KIND = st.sampled_from(PAYMENTS.kinds)


@st.composite
def comparisons(draw):
    """One comparison of the kind, as people write it."""
    kinds = draw(st.lists(KIND, min_size=1, max_size=3, unique=True))
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    name = draw(st.sampled_from(["kind", '"kind"'])) if len(kinds) > 1 else "kind"
    return draw(
        st.sampled_from(
            [
                f"{name} = '{kinds[0]}'",
                f"'{kinds[0]}' = {name}",
                f"{name} <> '{kinds[0]}'",
                f"{name} != '{kinds[0]}'",
                f"{name} IN ({listed})",
                f"{name} not in ({listed})",
            ]
        )
    )


@given(comparisons(), st.sampled_from(["", " AND amount > 3", " AND method IS NOT NULL"]))
def test_a_kind_counts_if_any_of_its_rows_may(comparison, rest):
    condition = comparison + rest
    rows = pl.DataFrame({"kind": PAYMENTS.kinds, "amount": [9] * 6, "method": ["card"] * 6})
    counted = rows.filter(pl.sql_expr(condition))["kind"].to_list()
    assert kinds_counted(PAYMENTS, condition) == tuple(counted)


@pytest.mark.parametrize(
    ("condition", "kinds"),
    [
        ("true", ()),
        ("amount > 3", ()),
        (
            "kind <> 'paid' AND kind <> 'failed'",
            ("invoiced", "refunded", "disputed", "written_off"),
        ),
        ("kind = 'failed' OR kind = 'paid'", ("paid", "failed")),  # in the order of the table
        ("method = 'kind'", ()),
        ("kind = 'paid' AND kind <> 'failed'", ("paid",)),
    ],
)
def test_kinds_by_hand(condition, kinds):
    assert kinds_counted(PAYMENTS, condition) == kinds


def test_what_was_before_an_event_may_be_read_where_the_table_keeps_it():
    columns = readable_columns(SUBSCRIPTIONS)
    assert {name for name in columns if name.endswith("_before")} == {
        "plan_before",
        "mrr_before",
        "quantity_before",
        "currency_before",
    }
    assert columns["mrr_before"] == columns["mrr"]
    assert readable_columns(PAYMENTS) == dict(PAYMENTS.schema)


@pytest.mark.parametrize(
    "condition",
    [
        "kind = 'paid'",
        "amount IS NULL",
        "method LIKE 'c%'",
        "length(method) > 3",
        "CASE WHEN amount > 3 THEN true ELSE false END",
        "coalesce(amount, 0) = 0",
        "null",
    ],
)
def test_a_condition_on_one_row_is_none_to_refuse(condition):
    check_condition("x", PAYMENTS, condition)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("kind = 'zzz'", "have no kind 'zzz'; there are invoiced, paid, failed, refunded"),
        ("kind in ('paid', 'fail')", "no kind 'fail'; did you mean 'failed'"),
        ("mrr > 3", "payments have no column 'mrr'"),
        ("amount > 3 AND", r"which is no condition in SQL \("),
        ("sum(amount) > 3", "looks at many rows at once; a condition asks one row at a time"),
        ("amount > (SELECT 3)", "which cannot be asked"),
        ("amount + 1", "which is Int64 and neither true nor false"),
        ("amount = 'card'", "which cannot be asked|neither true nor false"),
        ("kind", "which is String and neither true nor false"),
    ],
)
def test_a_condition_that_rows_cannot_answer_is_refused_in_words(condition, message):
    with pytest.raises(BadFeature, match=message) as refused:
        check_condition("late", PAYMENTS, condition)
    assert str(refused.value).startswith("feature 'late' counts rows of payments where ")
    assert "\n" not in str(refused.value)


def test_any_kind_is_allowed_where_a_table_names_none():
    check_condition("x", USAGE, "kind = 'anything'")
    with pytest.raises(BadFeature, match="tickets have no kind 'anything'"):
        check_condition("x", TICKETS, "kind = 'anything'")
