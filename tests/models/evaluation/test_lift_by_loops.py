"""The lower bound of the lift, and the bound of a calibration error, beside slow draws."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.models.evaluation.bootstrap import map_resamples
from perdura.models.evaluation.calibration_bound import CalibrationBound, calibration_bound
from perdura.models.evaluation.lift import lift_lower_bound
from perdura.models.evaluation.metrics import calibration_bins, called
from tests.support.evaluated_rows import rows_to_evaluate, table_of


def slow_lift(rows: list[dict[str, object]], times: dict[str, int]) -> float:
    """The churn rate among the called over that of all, each row as often as drawn."""
    drawn = [row for row in rows for _ in range(times[row["subscriber_id"]])]
    phoned = [row for row in drawn if row["phoned"]]
    left = sum(bool(row["churned"]) for row in drawn)
    if not left or not phoned:
        return 0.0
    caught = sum(bool(row["churned"]) for row in phoned)
    return caught / len(phoned) / (left / len(drawn))


@settings(max_examples=12)
@given(rows=rows_to_evaluate(least=2), calls=st.integers(1, 3), seed=st.integers(0, 2))
def test_ninety_five_of_a_hundred_resamples_reach_the_lower_bound(rows, calls, seed):
    marked = rows.with_columns(phoned=called("risk", calls)).to_dicts()
    found = lift_lower_bound(rows, calls, seed)
    if all(row["phoned"] for row in marked):
        assert found is None
        return
    people = sorted(set(rows["subscriber_id"]))

    def lift(drawn: np.ndarray) -> float:
        return slow_lift(marked, dict(zip(people, map(int, drawn), strict=True)))

    lifts = sorted(map_resamples(len(people), seed, lift))
    assert found == pytest.approx(np.quantile(lifts, 0.05))


def test_where_one_date_is_beyond_capacity_there_is_a_lift_to_measure():
    rows = table_of([0.9, 0.8, 0.1], [1, 0, 0])
    assert lift_lower_bound(rows, 3) is None
    assert lift_lower_bound(rows, 99) is None
    assert lift_lower_bound(rows, 2) is not None


def test_without_churners_the_lift_is_nothing_and_no_error():
    assert lift_lower_bound(table_of([0.9, 0.1], [0, 0]), 1) == 0.0


@given(rows=rows_to_evaluate())
def test_the_bound_of_chance_is_the_error_of_right_risks_in_one_of_twenty_draws(rows):
    found = calibration_bound(rows, tolerance=0.25, most=0.05, seed=4)
    bins = calibration_bins(rows)
    count, risk = bins["rows"].to_numpy(), bins["risk"].to_numpy()
    drawn = np.random.default_rng(4).binomial(count, risk, (2_000, len(count)))
    errors = [
        sum(abs(left - n * p) for left, n, p in zip(line, count, risk, strict=True)) / sum(count)
        for line in drawn
    ]
    assert found.chance == pytest.approx(np.quantile(errors, 0.95))
    assert (found.rows, found.leavers) == (rows.height, rows["churned"].sum())


@pytest.mark.parametrize(
    ("left", "of", "tolerance", "expected"),
    [
        (1, 10, 0.25, 0.025),  # a quarter of the churn rate
        (9, 10, 0.25, 0.025),  # a quarter of the retention rate, which is less
        (5, 10, 0.25, 0.05),  # never above the limit
        (2, 10, 0.25, 0.05),  # 0.05 just so
        (0, 10, 0.25, 0.0),
        (10, 10, 0.25, 0.0),
    ],
)
def test_the_tolerance_is_a_share_of_the_rarer_outcome_up_to_a_limit(left, of, tolerance, expected):
    rows = table_of([0.3] * of, [1] * left + [0] * (of - left))
    found = calibration_bound(rows, tolerance=tolerance, most=0.05)
    assert found.tolerance == pytest.approx(expected)
    assert found.highest == found.chance + found.tolerance


def test_risks_slightly_outside_zero_and_one_are_drawn_as_certain():
    rows = table_of([-1e-9, 1 + 1e-9], [0, 1])
    assert calibration_bound(rows, tolerance=0, most=0).chance == 0.0


def test_the_highest_error_is_chance_and_tolerance_together():
    assert CalibrationBound(chance=0.02, tolerance=0.01, rows=9, leavers=1).highest == 0.03


def test_the_bound_is_the_same_twice_and_moves_with_the_seed_a_little():
    rows = table_of([0.1] * 200, [1] * 20 + [0] * 180).with_columns(
        risk=pl.Series(np.linspace(0.05, 0.15, 200))
    )
    one, same, other = (
        calibration_bound(rows, tolerance=0.25, most=0.05, seed=seed).chance for seed in (0, 0, 1)
    )
    assert one == same
    assert one == pytest.approx(other, rel=0.1)
