"""The column contract: what a model reads, and how; and what it refuses before it predicts."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.predictor.column_contract import ColumnContract, ColumnMismatch, learn_contract

# So many that what an unknown plan means can be learnt.
UNKNOWN = 60
ROWS = pl.DataFrame(
    {
        "failed": [0.0, 2.0, None, 1.0] + [0.0] * UNKNOWN,
        "plan": ["plus", "basic", "plus", None] + [None] * UNKNOWN,
        "churned": [False, True, False, True] + [False] * UNKNOWN,
    }
)
CONTRACT = learn_contract(ROWS, ["failed", "plan"])
FRAME = ROWS.drop("churned").head(4)


def test_categories_are_coded_by_rising_churn_and_unknown_is_nan():
    assert CONTRACT.columns[1].categories == ("plus", "basic")
    assert np.array_equal(
        CONTRACT.encode(FRAME), [[0, 0], [2, 1], [np.nan, 0], [1, np.nan]], equal_nan=True
    )
    assert CONTRACT.encode(FRAME).dtype == np.float64


def test_a_rare_category_is_ranked_near_everybody_and_not_by_its_few_rows():
    rows = pl.DataFrame(
        {
            "plan": ["calm"] * 200 + ["wild"] * 200 + ["rare"],
            "churned": [False] * 200 + [True] * 100 + [False] * 100 + [True],
        }
    )
    assert learn_contract(rows, ["plan"]).columns[0].categories == ("calm", "rare", "wild")


def test_a_text_that_was_seen_without_an_outcome_is_no_stranger():
    new = pl.DataFrame({"failed": [0.0], "plan": ["launched last week"], "churned": [None]})
    contract = learn_contract(ROWS, ["failed", "plan"], seen=new)
    contract.check(new.drop("churned"))


def test_the_order_of_columns_and_who_and_when_beside_them_do_not_matter():
    shuffled = FRAME.select("plan", "failed").with_columns(
        subscriber_id=pl.lit("ana"), as_of=pl.lit(0)
    )
    assert np.array_equal(CONTRACT.encode(shuffled), CONTRACT.encode(FRAME), equal_nan=True)


def test_a_contract_comes_back_from_json_as_it_was():
    assert ColumnContract.from_json(CONTRACT.to_json()) == CONTRACT


def test_a_missing_column_is_refused_by_name():
    with pytest.raises(
        ColumnMismatch, match=r"missing 'plan'; not known to it none.*perdura train"
    ):
        CONTRACT.check(FRAME.drop("plan"))


def test_an_extra_column_is_refused_by_name():
    with pytest.raises(ColumnMismatch, match="missing none; not known to it 'usage_30d'"):
        CONTRACT.check(FRAME.with_columns(usage_30d=1.0))


def test_text_where_numbers_were_is_refused():
    with pytest.raises(ColumnMismatch, match=r"'failed' holds String .* fitted on numbers"):
        CONTRACT.check(FRAME.with_columns(pl.col("failed").cast(pl.String)))


def test_numbers_where_text_was_are_refused():
    with pytest.raises(ColumnMismatch, match=r"'plan' holds Int32 .* fitted on text"):
        CONTRACT.check(FRAME.with_columns(plan=pl.lit(1)))


def test_a_text_that_was_never_seen_is_read_as_an_unknown_one_and_found_by_column():
    new = FRAME.with_columns(plan=pl.Series(["gold", "basic", None, "gold"]))
    assert np.isnan(CONTRACT.encode(new)[:, 1]).tolist() == [True, False, True, True]
    assert {name: rows.to_list() for name, rows in CONTRACT.unseen(new).items()} == {
        "plan": [True, False, False, True]
    }
    assert CONTRACT.unseen(FRAME) == {}


def test_where_no_text_was_unknown_an_unknown_one_is_read_as_the_one_nearest_to_everybody():
    churned = [False] * 100 + [True] * 20 + [False] * 80 + [True] * 90 + [False] * 10
    plans = ["calm"] * 100 + ["usual"] * 100 + ["wild"] * 100
    contract = learn_contract(pl.DataFrame({"plan": plans, "churned": churned}), ["plan"])
    assert contract.columns[0].categories == ("calm", "usual", "wild")
    new = pl.DataFrame({"plan": ["gold", None, "wild"]})
    assert contract.encode(new).ravel().tolist() == [1, 1, 2]
    assert ColumnContract.from_json(contract.to_json()) == contract


def test_a_contract_of_an_older_version_reads_unknown_texts_as_nan():
    stored = [{"name": "plan", "categories": ["plus", "basic"]}]
    contract = ColumnContract.from_json(stored)
    assert np.isnan(contract.encode(pl.DataFrame({"plan": ["gold"]}))).all()


def test_a_column_where_nothing_is_known_today_is_read_as_unknown():
    frame = pl.DataFrame({"failed": [None], "plan": [None]})
    assert np.isnan(CONTRACT.encode(frame)).all()


@pytest.mark.parametrize("kind", ["str", "object", "category"])
def test_text_from_pandas_is_text_however_pandas_holds_it(kind):
    frame = pd.DataFrame({"failed": [1.0, 0.0], "plan": pd.Series(["basic", "plus"], dtype=kind)})
    assert CONTRACT.encode(pl.from_pandas(frame)).tolist() == [[1, 1], [0, 0]]


TEXTS = st.none() | st.sampled_from(["basic", "plus", "gold", "", "é"])


@given(st.lists(st.tuples(st.none() | st.floats(allow_nan=False), TEXTS), max_size=12))
def test_each_value_is_read_by_itself(rows):
    frame = pl.DataFrame(rows, {"failed": pl.Float64, "plan": pl.String}, orient="row")
    codes = {"plus": 0.0, "basic": 1.0}
    expected = [
        [np.nan if failed is None else failed, codes.get(plan or "none", np.nan)]
        for failed, plan in rows
    ]
    np.testing.assert_array_equal(CONTRACT.encode(frame), np.reshape(expected, (len(rows), 2)))
    unseen = [plan is not None and plan not in codes for _, plan in rows]
    found = CONTRACT.unseen(frame)
    assert {name: marks.to_list() for name, marks in found.items()} == (
        {"plan": unseen} if any(unseen) else {}
    )


@given(
    st.lists(st.tuples(TEXTS, st.sampled_from([True, False, None])), min_size=1, max_size=40),
)
def test_texts_are_ranked_by_how_often_they_left_drawn_towards_all(rows):
    frame = pl.DataFrame(rows, {"plan": pl.String, "churned": pl.Boolean}, orient="row")
    column = learn_contract(frame, ["plan"]).columns[0]
    labelled = [(plan, left) for plan, left in rows if plan is not None and left is not None]
    overall = sum(left for _, left in labelled) / len(labelled) if labelled else 0.0
    texts = {plan for plan, _ in rows if plan is not None}

    def rate(text):
        own = [left for plan, left in labelled if plan == text]
        return (sum(own) + 50 * overall) / (len(own) + 50)

    ranked = column.categories or ()
    assert {*ranked} == texts
    assert all(rate(a) <= rate(b) + 1e-12 for a, b in pairwise(ranked))
    if texts:
        nearest = min(abs(rate(text) - overall) for text in texts)
        assert column.unknown is not None
        assert abs(rate(ranked[int(column.unknown)]) - overall) == pytest.approx(nearest, abs=1e-12)


def test_only_the_first_five_wrong_columns_are_named():
    names = [f"c{n}" for n in range(8)]
    contract = learn_contract(pl.DataFrame({name: [1.0] for name in names}), names)
    with pytest.raises(ColumnMismatch) as refused:
        contract.check(pl.DataFrame({"failed": [1.0]}))
    assert "reads 8 columns and was given 1" in str(refused.value)
    assert "missing 'c0', 'c1', 'c2', 'c3', 'c4' and 3 more" in str(refused.value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([True, False], pl.Boolean), ([1, 0], pl.UInt8), ([1, 0], pl.Decimal(10, 2))],
)
def test_numbers_of_any_kind_are_numbers(values, kind):
    frame = pl.DataFrame({"failed": pl.Series(values, dtype=kind), "plan": ["plus", "plus"]})
    assert CONTRACT.encode(frame)[:, 0].tolist() == [1, 0]


def test_a_category_of_any_kind_is_text():
    for kind in (pl.Categorical, pl.Enum(["plus", "basic", "gold"])):
        frame = pl.DataFrame({"failed": [0.0], "plan": pl.Series(["basic"], dtype=kind)})
        assert CONTRACT.encode(frame).tolist() == [[0, 1]]
