"""Hazards of later months: what made them is found again, within its bounds."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.models.predictor.hazard_calibration import HazardCalibration
from perdura.models.training.calibrate_hazards import learn_hazard_calibration


def person_months(calibration: HazardCalibration, rows: int = 60_000, seed: int = 0):
    """Scores, risks, months, and who left by these hazards."""
    random = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-random.normal(-2, 1, rows)))
    score, month = random.normal(-2, 1, rows), random.integers(1, 12, rows)
    left = random.random(rows) < calibration.apply(score, risk, month)
    return score, risk, month, left.astype(float)


@pytest.mark.parametrize(
    "truth",
    [
        HazardCalibration(),
        HazardCalibration(score_slope=0.6, risk_slope=0.3, early_risk_slope=0.4, intercept=-0.5),
        HazardCalibration(score_slope=1.3, risk_slope=-0.2, early=0.8, intercept=0.4),
    ],
)
def test_the_hazards_that_made_the_months_are_found(truth):
    score, risk, month, left = person_months(truth)
    found = learn_hazard_calibration(score, risk, month, left)
    hazards, expected = (c.apply(score, risk, month) for c in (found, truth))
    assert np.abs(hazards - expected).mean() < 0.004
    assert found.score_slope == pytest.approx(truth.score_slope, abs=0.1)


@settings(max_examples=6)
@given(share=st.sampled_from([0.1, 0.25, 0.5]))
def test_where_only_a_share_of_the_others_is_there_odds_are_lower_by_it(share):
    months = person_months(HazardCalibration(), rows=2_000)
    whole = learn_hazard_calibration(*months)
    sampled = learn_hazard_calibration(*months, share)
    assert sampled.intercept == pytest.approx(whole.intercept + log(share))
    assert sampled.score_slope == whole.score_slope


def test_a_score_that_misleads_is_not_turned_round():
    score, risk, month, left = person_months(HazardCalibration(), rows=5_000)
    found = learn_hazard_calibration(-score, risk, month, left)
    assert found.score_slope >= 0.01
    assert found.early_risk_slope >= 0


def test_a_handful_of_churners_hardly_moves_the_slopes():
    score, risk, month, _ = person_months(HazardCalibration(), rows=40)
    left = (np.arange(40) < 2).astype(float)
    found = learn_hazard_calibration(score, risk, month, left)
    assert found.score_slope == pytest.approx(1, abs=0.5)
    assert abs(found.risk_slope) < 0.5


@pytest.mark.parametrize("left", [0.0, 1.0])
def test_where_all_or_none_left_hazards_are_finite(left):
    score, risk, month, _ = person_months(HazardCalibration(), rows=50)
    found = learn_hazard_calibration(score, risk, month, np.full(50, left))
    hazards = found.apply(score, risk, month)
    assert np.isfinite(hazards).all()
    assert (hazards.mean() > 0.5) == bool(left)
