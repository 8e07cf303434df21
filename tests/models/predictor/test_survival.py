"""Survival curves: never rising, the product of what stays; and the months that trees are asked."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.booster import load_booster, raw_scores
from perdura.models.predictor.calibration import Platt
from perdura.models.predictor.hazard_calibration import HazardCalibration
from perdura.models.predictor.survival import (
    MONTHS,
    SurvivalModel,
    survival,
    with_column,
    with_first_month,
)
from tests.support.small_model import CONTRACT, frame, trees

RATES = st.lists(st.floats(0, 1), min_size=MONTHS, max_size=MONTHS)


@given(st.lists(RATES, min_size=1, max_size=4))
def test_a_curve_is_the_product_of_what_stays_each_month(rows):
    rates = np.array(rows)
    curve = survival(rates[:, 0], rates[:, 1:])
    for row, own in zip(rows, curve, strict=True):
        still = 1.0
        for month, leaves in enumerate(row):
            still *= 1 - leaves
            assert own[month] == pytest.approx(still)
    assert (np.diff(curve) <= 0).all()
    assert ((curve >= 0) & (curve <= 1)).all()


@pytest.mark.parametrize(
    ("risk", "log_odds"),
    [(0.5, 0), (0.25, -math.log(3)), (0, -13.815509), (1, 13.815509), (1e-9, -13.815509)],
)
def test_the_first_month_is_the_log_odds_of_its_risk_within_bounds(risk, log_odds):
    found = with_first_month(np.array([[7.0, np.nan]]), np.array([risk]))
    assert found[0, 2] == pytest.approx(log_odds, abs=1e-5)
    assert found[0, 0] == 7
    assert np.isnan(found[0, 1])


def test_one_column_more_is_the_last_of_one_value_or_of_each_row_s_own():
    matrix = np.array([[1.0], [2.0]])
    assert with_column(matrix, 5).tolist() == [[1, 5], [2, 5]]
    assert with_column(matrix, np.array([8.0, 9.0])).tolist() == [[1, 8], [2, 9]]
    assert with_column(matrix[:0], 5).shape == (0, 2)
    assert matrix.shape == (2, 1)


def test_hazards_are_those_of_the_trees_asked_month_by_month():
    curve = HazardCalibration(0.8, 0.1, 0.3, -0.2, -1.0)
    model = SurvivalModel(booster_text=trees(4, month=True), calibration=curve)
    matrix = CONTRACT.encode(frame())
    risk = np.random.default_rng(0).random(len(matrix))
    found = model.hazards(matrix, risk)
    assert found.shape == (60, MONTHS - 1)
    for month in range(1, MONTHS):
        asked = with_column(with_first_month(matrix, risk), month)
        score = raw_scores(load_booster(model.booster_text), asked)
        assert found[:, month - 1] == pytest.approx(curve.apply(score, risk, np.array(month)))


@pytest.mark.parametrize("curve", [HazardCalibration(0.5, 0.1), Platt(0.9, -0.1)])
def test_it_is_read_as_it_was_written(tmp_path, curve):
    model = SurvivalModel(booster_text=trees(4, month=True), calibration=curve)
    assert SurvivalModel.load(tmp_path) is None
    model.save(tmp_path)
    assert SurvivalModel.load(tmp_path) == model
