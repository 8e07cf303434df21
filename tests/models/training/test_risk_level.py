"""The level of the risks: set by the newest outcomes that had closed, the ranking as it was."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from perdura.models.dataset.training_set import TrainingSet
from perdura.models.predictor.calibration import Beta, Isotonic, Platt
from perdura.models.reports.card import groups, model_card
from perdura.models.training.risk_level import level_shift, shifted, shrunk
from perdura.models.training.train import fit_and_evaluate
from tests.support.made_up import FIRST, PARAMS, trained, training_set

CURVES = [Platt(1.3, -0.2), Beta(0.4, 1.7, -0.5), Isotonic((-2.0, 0.0, 1.5), (-3.0, -0.5, 0.1))]


def silent(done: int, of: int, what: str) -> None:
    """Progress of no interest here."""


@pytest.mark.parametrize("curve", CURVES)
def test_a_moved_curve_is_the_same_curve_higher_up(curve):
    score = np.linspace(-3, 3, 50)
    assert curve.moved(0.7).log_odds(score) == pytest.approx(curve.log_odds(score) + 0.7)


def test_the_shift_makes_the_mean_risk_the_rate():
    random = np.random.default_rng(0)
    log_odds = random.normal(-2, 1, 20_000)
    left = (random.random(20_000) < expit(log_odds + 0.5)).astype(float)
    found = level_shift(log_odds, left)
    assert found == pytest.approx(0.5, abs=0.06)
    assert expit(log_odds + found).mean() == pytest.approx(left.mean(), abs=1e-4)


@pytest.mark.parametrize("left", [0.0, 1.0])
def test_the_shift_is_finite_where_all_or_none_left(left):
    assert np.isfinite(level_shift(np.zeros(100), np.full(100, left)))


@pytest.mark.parametrize(("leavers", "made"), [(0, 0.0), (100, 0.5), (900, 0.9)])
def test_few_leavers_move_the_level_little(leavers, made):
    assert shrunk(0.1, leavers) == pytest.approx(0.1 * made)


def test_a_shift_far_beyond_chance_is_made_nearly_whole():
    assert shrunk(1.2, 100) == pytest.approx(1.2 * (1 - 4 / 144))
    assert shrunk(-1.2, 100) == -shrunk(1.2, 100)


def test_a_shifted_curve_keeps_its_ranking_and_comes_nearer_to_what_came():
    random = np.random.default_rng(1)
    score = random.normal(-1, 1, 10_000)
    left = (random.random(10_000) < Platt(1.0, 0.8).apply(score)).astype(float)
    found = shifted(Platt(), score, left)
    assert found.apply(score).mean() == pytest.approx(left.mean(), abs=0.01)
    assert (np.diff(found.apply(np.sort(score))) >= 0).all()


def with_rate_of(training: TrainingSet, days: int, times: float) -> TrainingSet:
    """From ``days`` on only this share of the leavers leaves."""
    late = pl.col("as_of") >= FIRST + timedelta(days=days)
    stays = pl.Series(np.random.default_rng(5).random(training.rows.height) > times)
    churned = pl.col("churned") & ~(late & stays)
    rows = training.rows.with_columns(churned=churned, cause=pl.when(churned).then("cause"))
    return replace(training, rows=rows)


def test_a_level_that_fell_before_the_judged_dates_is_mended_by_the_last_closed_date():
    # Dates 0 to 13, a month each; the last two judge, 9 and 10 calibrate: from 10 on half leave.
    training = with_rate_of(training_set(people=4000), days=300, times=0.5)
    made = fit_and_evaluate(training, PARAMS, silent)
    assert made.level is not None
    assert made.level.newest == FIRST + timedelta(days=300)
    assert made.level.age_days == 60
    said, came = made.test_rows["risk"].mean(), made.test_rows["churned"].mean()
    assert said == pytest.approx(came, rel=0.15)
    assert made.level.shift < -0.2


def test_no_judged_outcome_moves_the_level():
    training = training_set(people=1500)
    evaluated = pl.col("as_of") >= FIRST + timedelta(days=30 * 12)
    turned = pl.when(evaluated).then(~pl.col("churned")).otherwise("churned")
    other = replace(training, rows=training.rows.with_columns(churned=turned))
    levels = [fit_and_evaluate(rows, PARAMS, silent).level for rows in (training, other)]
    assert levels[0] is not None
    assert levels[0] == levels[1]


def test_by_subscriber_the_level_is_of_a_date_that_had_closed_before_the_judged_one():
    by_subscriber = replace(PARAMS, split="subscribers")
    made = fit_and_evaluate(training_set(people=1500), by_subscriber, silent)
    assert made.level is not None
    assert made.level.newest == FIRST + timedelta(days=30 * 11)


def test_where_no_outcome_had_closed_before_the_judged_date_the_level_stays():
    by_subscriber = replace(PARAMS, split="subscribers", horizon_days=400)
    assert fit_and_evaluate(training_set(people=1500), by_subscriber, silent).level is None


def test_the_card_says_how_old_the_level_is():
    card = model_card(trained(), groups(trained()))
    assert (
        "The level of its risks is that of 2025-10-28, the newest date whose outcomes had closed "
        "before the first test date, 60 days later" in card
    )
