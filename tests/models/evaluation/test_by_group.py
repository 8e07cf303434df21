"""Metrics within groups: each group is as if there were no other, and says how sure that is."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from perdura.models.evaluation.bootstrap import resample
from perdura.models.evaluation.by_group import by_cause, by_group
from perdura.models.evaluation.intervals import basic
from tests.support.evaluated_rows import rows_to_evaluate, slow_auc, table_of

COLUMNS = ["group", "value", "rows", "churned", "rate", "risk", "roc_auc", "low", "high"]


@given(rows=rows_to_evaluate())
def test_each_group_is_counted_and_ranked_by_itself(rows):
    table = by_group(rows, "currency")
    assert table.columns == COLUMNS
    assert table["group"].unique().to_list() == ["currency"]
    assert table["value"].is_sorted()
    values = {currency or "unknown" for currency in rows["currency"]}
    assert table["value"].to_list() == sorted(values)
    for line in table.to_dicts():
        part = [row for row in rows.to_dicts() if (row["currency"] or "unknown") == line["value"]]
        risk, left = [row["risk"] for row in part], [row["churned"] for row in part]
        assert (line["rows"], line["churned"]) == (len(part), sum(left))
        assert line["rate"] == pytest.approx(np.mean(left))
        assert line["risk"] == pytest.approx(np.mean(risk))
        if len(set(left)) == 1:
            assert (line["roc_auc"], line["low"], line["high"]) == (None, None, None)
        else:
            assert line["roc_auc"] == pytest.approx(slow_auc(risk, left))
            assert 0 <= line["low"] <= line["high"] <= 1


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.0, 0.25, 12.0], ["0.25", "1", "12"]),
        ([3, 12, None], ["12", "3", "unknown"]),
        ([True, False, None], ["False", "True", "unknown"]),
        (["Ñandú", "a|b", "<b>"], ["<b>", "a|b", "Ñandú"]),
        (
            [datetime(2024, 2, 29, tzinfo=UTC), None, datetime(2023, 12, 31, tzinfo=UTC)],
            ["2023-12-31", "2024-02-29", "unknown"],
        ),
    ],
)
def test_a_value_is_written_as_a_reader_would_write_it(values, texts):
    table = by_group(table_of([0.1, 0.2, 0.3], [0, 1, 0], kind=values), "kind")
    assert table["value"].to_list() == texts
    assert table["rows"].to_list() == [1, 1, 1]


def test_the_interval_is_that_of_resampled_subscribers_of_the_group():
    random = np.random.default_rng(2)
    risk = random.random(200)
    plan = ["a", "b"] * 100
    rows = table_of(risk.tolist(), (random.random(200) < risk).astype(int).tolist(), plan=plan)
    part = rows.filter(pl.col("plan") == "b")
    line = by_group(rows, "plan").row(1, named=True)
    expected = basic(line["roc_auc"], resample(part, seed=0)["auc"])
    assert (line["low"], line["high"]) == (expected.low, expected.high)


def test_accounts_of_one_owner_are_resampled_together():
    random = np.random.default_rng(3)
    risk = random.random(60)
    left = (random.random(60) < risk).astype(int)
    owner = [f"o{index % 6}" for index in range(60)]
    apart = table_of(risk.tolist(), left.tolist(), plan=["a"] * 60)
    wide = by_group(apart.with_columns(owner=pl.Series(owner)), "plan").row(0, named=True)
    narrow = by_group(apart, "plan").row(0, named=True)
    assert wide["roc_auc"] == narrow["roc_auc"]
    assert (wide["low"], wide["high"]) != (narrow["low"], narrow["high"])


def test_a_group_of_dates_holds_all_subscribers_of_each():
    rows = table_of([0.1, 0.9], [0, 1])
    later = rows.with_columns(pl.col("as_of") + timedelta(days=31), churned=pl.lit(value=False))
    table = by_group(pl.concat([rows, later]), "as_of")
    assert table.select("value", "rows", "churned", "roc_auc").rows() == [
        ("2026-03-01", 2, 1, 1.0),
        ("2026-04-01", 2, 0, None),
    ]


def test_churners_of_another_cause_are_no_evidence_against_a_cause():
    rows = table_of(
        [0.9, 0.8, 0.2, 0.1],
        [1, 1, 1, 0],
        cause=["payment", "payment", "voluntary", None],
        risk_voluntary=[0.9, 0.9, 0.3, 0.2],
        risk_payment=[0.4, 0.1, 0.9, 0.2],
    )
    voluntary, payment = by_cause(rows).to_dicts()
    assert (voluntary["group"], payment["group"]) == ("cause", "cause")
    assert (voluntary["rows"], voluntary["churned"], voluntary["roc_auc"]) == (2, 1, 1.0)
    assert (payment["rows"], payment["churned"], payment["roc_auc"]) == (3, 2, 0.5)
    assert payment["risk"] == pytest.approx((0.4 + 0.1 + 0.2) / 3)


def test_where_no_one_left_by_a_cause_its_ranking_is_unknown():
    rows = table_of(
        [0.2, 0.1],
        [1, 0],
        cause=["voluntary", None],
        risk_voluntary=[0.2, 0.1],
        risk_payment=[0.0, 0.0],
    )
    assert by_cause(rows).select("value", "churned", "roc_auc").rows() == [
        ("voluntary", 1, 1.0),
        ("payment", 0, None),
    ]
