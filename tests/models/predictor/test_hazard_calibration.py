"""Hazards of later months: by score, first month's risk and month, beside a loop."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.predictor.hazard_calibration import HazardCalibration, terms

SLOPES = st.tuples(*[st.floats(-2, 2)] * 4, st.floats(-3, 3)).map(lambda s: HazardCalibration(*s))
SCORE, RISK = st.floats(-20, 20), st.floats(0, 1)


def by_hand(curve: HazardCalibration, score: float, risk: float, month: int) -> float:
    kept = min(max(risk, 1e-6), 1 - 1e-6)
    first = math.log(kept / (1 - kept))
    log_odds = (
        curve.score_slope * score
        + (curve.risk_slope + curve.early_risk_slope / month) * first
        + curve.early / month
        + curve.intercept
    )
    hazard = 1 / (1 + math.exp(-min(max(log_odds, -700), 700)))
    return min(max(hazard, 1e-6), 1 - 1e-6)


@given(SLOPES, st.lists(st.tuples(SCORE, RISK), min_size=1, max_size=6))
def test_each_hazard_is_the_formula_s(curve, rows):
    score, risk = (np.array(part) for part in zip(*rows, strict=True))
    months = np.arange(1, 12)
    found = curve.apply(score[:, None], risk[:, None], months)
    assert found.shape == (len(rows), 11)
    expected = [[by_hand(curve, s, r, m) for m in months.tolist()] for s, r in rows]
    assert found == pytest.approx(np.array(expected), rel=1e-9)


def test_by_default_a_hazard_is_the_chance_that_the_score_says():
    found = HazardCalibration().apply(
        np.array([0.0, math.log(3)]), np.array([0.9, 0.1]), np.ones(2)
    )
    assert found == pytest.approx([0.5, 0.75])


@pytest.mark.parametrize("risk", [0.0, 1.0])
def test_a_risk_of_nothing_or_of_all_is_no_infinity(risk):
    found = HazardCalibration(risk_slope=1.0).apply(np.zeros(1), np.array([risk]), np.ones(1))
    assert found == pytest.approx([1e-6 if risk == 0 else 1 - 1e-6])


@given(SLOPES, SCORE, st.floats(0, 30), RISK, st.integers(1, 11))
def test_with_a_slope_that_rises_a_higher_score_has_no_lower_hazard(curve, score, by, risk, month):
    low, high = (
        curve.apply(np.array([value]), np.array([risk]), np.array([month]))[0]
        for value in (score, score + by)
    )
    assert low <= high or curve.score_slope < 0


def test_what_is_added_early_is_halved_in_the_second_month():
    columns = terms(np.array([2.0]), np.array([0.75]), np.array([2.0]))
    assert [float(column[0]) for column in columns] == pytest.approx(
        [2, math.log(3), math.log(3) / 2, 0.5]
    )


@given(SLOPES)
def test_a_calibration_comes_back_from_json_as_it_was(curve):
    stored = json.loads(json.dumps(curve.to_json()))
    assert stored["kind"] == "by_risk"
    assert HazardCalibration.from_json(stored) == curve
