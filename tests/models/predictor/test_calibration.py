"""From scores to probabilities: a line or a curve, as later rows say, that only ever rises."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import expit

from perdura.models.predictor.calibration import Beta, Calibration, Isotonic, Platt, from_json
from perdura.models.training.calibrate import (
    choose_calibration,
    learn_beta,
    learn_isotonic,
    learn_platt,
)

CURVES = [Platt(1.3, -0.2), Beta(0.4, 1.7, -0.5), Isotonic((-2.0, 0.0, 1.5), (-3.0, -0.5, 0.1))]
LEARNERS = [learn_platt, learn_beta, learn_isotonic]


def drawn(truth: Calibration, rows: int = 40_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and what came under the truth."""
    random = np.random.default_rng(seed)
    score = random.normal(-1, 1.5, rows)
    return score, (random.random(rows) < truth.apply(score)).astype(float)


def halves(score: np.ndarray) -> np.ndarray:
    return np.arange(len(score)) % 2 == 1


@given(
    steepness=st.floats(0.3, 3),
    intercept=st.floats(-2, 2),
    seed=st.integers(0, 9),
)
def test_the_line_between_scores_and_what_came_is_found(steepness, intercept, seed):
    score, came = drawn(Platt(steepness, intercept), seed=seed)
    line = learn_platt(score, came)
    assert line.steepness == pytest.approx(steepness, abs=0.2)
    assert line.intercept == pytest.approx(intercept, abs=0.2)


def test_a_line_that_bends_is_found():
    bent = learn_beta(*drawn(Beta(0.4, 2.0, -0.5)))
    assert (bent.a, bent.b, bent.c) == pytest.approx((0.4, 2.0, -0.5), abs=0.15)


def test_steps_are_found():
    truth = Isotonic((-2.0, -1.9, 0.5, 0.6), (-4.0, -2.0, -1.9, 1.0))
    score, came = drawn(truth)
    found = learn_isotonic(score, came).apply(score)
    assert np.abs(found - truth.apply(score)).mean() < 0.01


@pytest.mark.parametrize(
    ("truth", "kind"),
    [
        (Platt(0.8, -0.3), "platt"),
        (Beta(0.3, 2.5, -0.5), "beta"),
        (Isotonic((-2.0, -1.9, 0.5, 0.6), (-4.0, -2.0, -1.9, 1.0)), "isotonic"),
    ],
)
def test_the_kind_that_later_rows_speak_for_is_chosen(truth, kind):
    score, came = drawn(truth)
    assert choose_calibration(score, came, halves(score)).kind == kind


@given(seed=st.integers(0, 50))
def test_of_a_few_rows_a_line_is_nearly_always_taken_where_a_line_is_true(seed):
    score, came = drawn(Platt(1.2, -1.0), rows=400, seed=seed)
    chosen = choose_calibration(score, came, halves(score))
    line = learn_platt(score, came)
    # What bends by chance bends little.
    assert np.abs(chosen.apply(score) - line.apply(score)).mean() < 0.05


def test_where_the_later_rows_are_of_one_kind_a_line_is_taken():
    score, came = drawn(Beta(0.3, 2.5, -0.5), rows=1_000)
    assert choose_calibration(score, came, came == 0).kind == "platt"


def test_a_handful_of_leavers_does_not_make_small_differences_large():
    score = np.linspace(-3.4, -2.6, 200)
    came = (np.arange(200) > 190).astype(float)
    assert learn_platt(score, came).steepness < 2.5


@given(
    st.lists(st.floats(-30, 30), min_size=2, max_size=30, unique=True),
    st.booleans(),
    st.sampled_from(LEARNERS),
)
@example([-1.0, 0.0, 6e-158], False, learn_isotonic)
def test_no_calibration_turns_the_order_round(scores, upside_down, learn):
    score = np.array(sorted(scores))
    came = (np.arange(len(score)) < len(score) / 2) == upside_down
    curve = learn(score, came.astype(float))
    assert np.all(np.diff(curve.log_odds(score)) >= -1e-12)  # but for the last bits
    assert np.all((curve.apply(score) > 0) & (curve.apply(score) < 1))


@pytest.mark.parametrize("learn", LEARNERS)
def test_nobody_ties_who_did_not(learn):
    score, came = drawn(Platt(1.0, 0.0), rows=2_000)
    risk = learn(score, came).apply(np.sort(score))
    assert np.all(np.diff(risk) > 0)


@pytest.mark.parametrize("curve", CURVES)
def test_what_adds_up_to_the_score_adds_up_to_the_calibrated_score(curve):
    base, score = -0.7, np.array([-3.0, -0.7, -0.6, 2.0])
    told = curve.log_odds(np.float64(base)) + curve.slope(base, score) * (score - base)
    assert told == pytest.approx(curve.log_odds(score))


def test_the_slope_of_a_line_is_its_steepness_everywhere():
    assert Platt(1.3, -0.2).slope(-0.7, np.array([-3.0, -0.7, 4.0])) == pytest.approx([1.3] * 3)


@pytest.mark.parametrize("curve", CURVES)
def test_a_curve_comes_back_from_json_as_it_was(curve):
    assert from_json(json.loads(json.dumps(curve.to_json()))) == curve


def test_beta_with_two_equal_slopes_is_a_line():
    score = np.linspace(-8, 8, 33)
    assert Beta(1.3, 1.3, -0.2).apply(score) == pytest.approx(expit(1.3 * score - 0.2), rel=1e-9)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("by", [-2.0, 0.0, 0.75])
def test_a_moved_curve_is_higher_by_as_much_everywhere(curve, by):
    score = np.linspace(-9, 9, 25)
    assert curve.moved(by).log_odds(score) - curve.log_odds(score) == pytest.approx([by] * 25)
    assert curve.moved(by).kind == curve.kind


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 2)), min_size=1, max_size=6, unique=True),
    st.lists(st.floats(-9, 9), min_size=1, max_size=10),
)
def test_steps_are_joined_by_lines_and_almost_flat_beyond(steps, values):
    scores = sorted({round(score, 3) for score, _ in steps})
    levels = np.cumsum([rise for _, rise in steps])[: len(scores)].tolist()
    curve = Isotonic(tuple(scores), tuple(levels))
    for value, found in zip(values, curve.log_odds(np.array(values)).tolist(), strict=True):
        if value <= scores[0]:
            wanted = levels[0] + 0.01 * (value - scores[0])
        elif value >= scores[-1]:
            wanted = levels[-1] + 0.01 * (value - scores[-1])
        else:
            right = next(n for n, score in enumerate(scores) if score >= value)
            part = (value - scores[right - 1]) / (scores[right] - scores[right - 1])
            wanted = levels[right - 1] + part * (levels[right] - levels[right - 1])
        assert found == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("curve", CURVES)
def test_the_farthest_scores_are_probabilities_still(curve):
    risk = curve.apply(np.array([-1e6, -800.0, 800.0, 1e6]))
    assert risk.min() >= 1e-6
    assert risk.max() <= 1 - 1e-6
    assert (np.diff(risk) >= 0).all()


def test_beta_by_hand():
    """At even odds both logarithms are ln 2."""
    assert Beta(2.0, 0.5, 0.1).log_odds(np.array([0.0])) == pytest.approx([-1.5 * np.log(2) + 0.1])


def test_the_slope_at_the_base_itself_is_the_curve_s():
    assert Beta(0.5, 2.0, 0.0).slope(0.0, np.array([0.0])) == pytest.approx([1.25], abs=1e-4)


@pytest.mark.parametrize("stored", [{"kind": "spline"}, {}, {"kind": "isotonic", "scores": [1.0]}])
def test_a_curve_of_another_kind_is_refused(stored):
    with pytest.raises(ValueError, match="no calibration of kind"):
        from_json(stored)
