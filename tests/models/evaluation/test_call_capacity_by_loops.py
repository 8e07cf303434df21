"""What calls are worth, beside a loop over each date's list."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.evaluation.call_capacity import at_capacity
from perdura.models.evaluation.metrics import evaluate
from tests.support.evaluated_rows import rows_to_evaluate, table_of


def slow_capacity(
    rows: pl.DataFrame, risk: str, calls: int, save_share: float
) -> dict[str, float | None]:
    dates = sorted(set(rows["as_of"]))
    counts = Counter(value for value in rows["currency"] if value is not None)
    common = min(counts, key=lambda name: (-counts[name], name)) if counts else None
    phoned: list[dict[str, object]] = []
    for date in dates:
        day = [row for row in rows.to_dicts() if row["as_of"] == date and row[risk] is not None]
        phoned += sorted(day, key=lambda row: (-row[risk], row["subscriber_id"]))[:calls]
    left = [row for row in phoned if row["churned"]]
    rate = sum(rows["churned"]) / rows.height
    mrr = sum(row["mrr"] or 0 for row in left if row["currency"] == common)
    return {
        "called": len(phoned) / len(dates),
        "left": len(left) / len(dates),
        "precision": len(left) / len(phoned) if phoned else None,
        "lift": len(left) / len(phoned) / rate if phoned and rate else None,
        "mrr_called": mrr / len(dates),
        "mrr_saved": mrr / len(dates) * save_share,
    }


@given(
    rows=rows_to_evaluate().filter(lambda rows: rows["churned"].any()),
    calls=st.integers(1, 4),
    save_share=st.sampled_from([0.0, 0.2, 1.0]),
)
def test_a_line_per_model_is_what_a_loop_over_the_dates_finds(rows, calls, save_share):
    rows = rows.with_columns(other=pl.when(pl.col("mrr") != 100).then(1 - pl.col("risk")))
    risks = [("model", "risk"), ("champion", "other")]
    found = at_capacity(rows, risks, calls=calls, save_share=save_share)
    assert found["who"].to_list() == ["model", "champion"]
    for line, (_, risk) in zip(found.drop("who").to_dicts(), risks, strict=True):
        expected = slow_capacity(rows, risk, calls, save_share)
        assert line == pytest.approx(expected)


@given(rows=rows_to_evaluate().filter(lambda rows: rows["churned"].any()), calls=st.integers(1, 4))
def test_its_lift_is_the_lift_of_the_metrics(rows, calls):
    line = at_capacity(rows, [("model", "risk")], calls=calls, save_share=0.2).row(0, named=True)
    assert line["lift"] == pytest.approx(evaluate(rows, calls=calls).lift)


def test_where_capacity_is_above_the_number_of_subscribers_all_are_called():
    rows = table_of([0.9, 0.5, 0.1], [1, 0, 1])
    line = at_capacity(rows, [("model", "risk")], calls=99, save_share=0.5).row(0, named=True)
    assert (line["called"], line["left"], line["lift"]) == (3, 2, 1)
    assert (line["mrr_called"], line["mrr_saved"]) == (200, 100)


def test_an_unknown_mrr_is_nothing_and_not_unknown():
    rows = table_of([0.9, 0.5], [1, 1]).with_columns(mrr=pl.Series([None, 300]))
    line = at_capacity(rows, [("model", "risk")], calls=1, save_share=0.5).row(0, named=True)
    assert (line["mrr_called"], line["mrr_saved"]) == (0, 0)
