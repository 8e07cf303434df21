"""What calls are worth: the riskiest of each date, so many as support can call."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.evaluation.call_capacity import at_capacity
from perdura.models.evaluation.metrics import evaluate
from perdura.sources.events import MOMENT
from tests.support.evaluated_rows import rows_to_evaluate, table_of

DATES = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)]


def evaluated() -> pl.DataFrame:
    """Two dates; on each the riskiest leaves and pays 100, somebody else leaves and pays yen."""
    return pl.DataFrame(
        {
            "subscriber_id": ["a", "b", "c", "d"] * 2,
            "as_of": pl.Series([DATES[0]] * 4 + [DATES[1]] * 4, dtype=MOMENT),
            "risk": [0.9, 0.5, 0.5, 0.1] * 2,
            "other": [0.1, 0.2, None, 0.4] * 2,
            "churned": [True, False, True, False] * 2,
            "mrr": [100, 200, 9_000, 300] * 2,
            "currency": ["EUR", "EUR", "JPY", "EUR"] * 2,
        }
    )


def test_what_would_have_come_of_the_calls_is_told_a_date():
    told = at_capacity(evaluated(), [("model", "risk")], calls=1, save_share=0.2).to_dicts()[0]
    assert told == {
        "who": "model",
        "called": 1.0,
        "left": 1.0,
        "precision": 1.0,
        "lift": 2.0,
        "mrr_called": 100.0,
        "mrr_saved": 20.0,
    }


def test_at_equal_risk_the_lower_id_is_called_and_several_currencies_are_not_added():
    told = at_capacity(evaluated(), [("model", "risk")], calls=2, save_share=0.5).to_dicts()[0]
    assert told["precision"] == 0.5  # a, and b before c
    three = at_capacity(evaluated(), [("model", "risk")], calls=3, save_share=0.5).to_dicts()[0]
    assert three["precision"] == pytest.approx(2 / 3)
    assert three["mrr_called"] == 100.0


def test_each_list_is_judged_beside_the_others_and_is_the_same_twice():
    risks = [("model", "risk"), ("champion", "other")]
    told = at_capacity(evaluated(), risks, calls=1, save_share=0.2)
    assert told["who"].to_list() == ["model", "champion"]
    assert told["left"].to_list() == [1.0, 0.0]
    shuffled = evaluated().sample(fraction=1, shuffle=True, seed=1)
    assert at_capacity(shuffled, risks, calls=1, save_share=0.2).equals(told)


# What calls are worth, beside a loop over each date's list.


def slow_capacity(
    rows: pl.DataFrame, risk: str, calls: int, save_share: float
) -> dict[str, float | None]:
    dates = sorted(set(rows["as_of"]))
    counts = Counter(value for value in rows["currency"] if value is not None)
    common = min(counts, key=lambda name: (-counts[name], name)) if counts else None
    phoned: list[dict[str, Any]] = []
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
