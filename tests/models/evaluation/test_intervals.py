"""How far a judgement may be luck: the numbers again, were other subscribers there."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from perdura.models.evaluation.intervals import RankedRows, intervals
from perdura.models.evaluation.metrics import evaluate
from perdura.sources.events import MOMENT

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def judged_rows(people: int, seed: int = 0) -> pl.DataFrame:
    """One row a person, some of equal risk; their risks are the truth."""
    random = np.random.default_rng(seed)
    risk = np.round(1 / (1 + np.exp(2 - random.normal(size=people))), 2)
    return pl.DataFrame(
        {
            "subscriber_id": [f"s{place:05}" for place in range(people)],
            "as_of": pl.Series([AS_OF] * people, dtype=MOMENT),
            "risk": risk,
            "churned": random.random(people) < risk,
            "mrr": random.integers(500, 9_000, people),
            "currency": random.choice(["EUR", "JPY"], people, p=[0.8, 0.2]),
        }
    )


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return judged_rows(people=3_000)


def test_with_everybody_once_the_numbers_are_those_of_the_judgement(rows):
    ranked = RankedRows.of(rows, "risk", 100)
    numbers = ranked.metrics(np.ones(ranked.subscribers, np.uint8))
    assert numbers == pytest.approx(evaluate(rows, calls=100).values)


def test_somebody_drawn_twice_counts_as_two(rows):
    twice = rows.filter(pl.col("subscriber_id") < "s0100")
    both = pl.concat([rows, twice])
    ranked = RankedRows.of(rows, "risk", 100)
    people = rows["subscriber_id"].unique().sort()
    weight = np.where(people.is_in(twice["subscriber_id"].implode()), 2, 1).astype(np.uint8)
    expected = evaluate(both, calls=100)
    numbers = ranked.metrics(weight)
    for name in ("roc_auc", "average_precision", "log_loss", "brier"):
        assert numbers[name] == pytest.approx(getattr(expected, name)), name


def test_the_truth_lies_in_nine_of_ten_intervals_at_least():
    truth = evaluate(judged_rows(people=60_000, seed=99), calls=100).roc_auc
    inside = [
        found.low <= truth <= found.high
        for seed in range(40)
        for found in [intervals(judged_rows(people=800, seed=seed), calls=100)["roc_auc"]]
    ]
    assert sum(inside) >= 34


def test_a_risk_that_is_the_truth_may_have_no_calibration_error_at_all(rows):
    found = intervals(rows, calls=100)["calibration_error"]
    assert found.low <= 0.004
    assert found.high < evaluate(rows, calls=100).calibration_error + 0.01


def test_no_share_is_said_to_be_above_one():
    found = intervals(judged_rows(people=60), calls=50)
    assert all(found[name].high <= 1 for name in ("roc_auc", "recall", "money_caught"))
    assert found["money_caught"].high == 1


def test_rows_of_one_person_are_drawn_together():
    # The same rows told five times know no more about people.
    once = judged_rows(people=500)
    five = pl.concat([once] * 5)
    wide = intervals(once, calls=10_000)["roc_auc"]
    same = intervals(five, calls=10_000)["roc_auc"]
    assert same.high - same.low == pytest.approx(wide.high - wide.low, rel=0.01)
