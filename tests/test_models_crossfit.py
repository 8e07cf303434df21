"""Cross-fitted calibration: nobody is scored by trees that saw them, and the level follows."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit

from models.calibration import Beta, Calibration, Isotonic, Platt
from models.crossfit import (
    crossfit_calibration,
    fold_contracts,
    fold_numbers,
    newest_rows,
    newest_shift,
    out_of_fold_scores,
)
from models.params import BoosterParams
from tests.made_up import NAMES, PARAMS, training_set

ROWS = training_set(people=300, dates=6).rows
FEW_TREES = replace(PARAMS.booster, rounds=20)


def test_all_dates_and_merged_accounts_of_a_person_are_in_one_fold():
    merged = ROWS.with_columns(
        owner=pl.when(pl.col("subscriber_id") < "s00100")
        .then(pl.lit("s00250"))
        .otherwise("subscriber_id")
    )
    folds = merged.with_columns(fold=pl.Series(fold_numbers(merged)))
    assert folds.group_by("owner").agg(pl.col("fold").n_unique())["fold"].max() == 1
    assert set(folds["fold"]) == {0, 1, 2, 3, 4}


def scores(rows: pl.DataFrame, happened: pl.Series, params: BoosterParams = FEW_TREES):
    contracts = fold_contracts(rows, NAMES, seen=rows)
    return out_of_fold_scores(rows, happened.to_numpy().astype(float), contracts, params)


def test_what_became_of_a_fold_changes_no_score_in_it():
    inside = pl.Series(fold_numbers(ROWS) == 2)
    turned = ROWS.with_columns(churned=pl.col("churned") ^ inside)
    before, after = scores(ROWS, ROWS["churned"]), scores(turned, turned["churned"])
    assert np.array_equal(before[inside], after[inside])
    assert not np.array_equal(before[~inside], after[~inside])


def test_scores_of_rows_that_tell_nothing_do_not_follow_their_outcome():
    tells_nothing = training_set(people=400, dates=4, signal=0).rows
    by_others = scores(tells_nothing, tells_nothing["churned"])
    assert abs(np.corrcoef(by_others, tells_nothing["churned"].to_numpy())[0, 1]) < 0.1


@pytest.mark.parametrize(
    "curve", [Platt(0.9, -0.1), Beta(1.1, 0.8, 0.2), Isotonic((-3.0, -1.0), (-2.8, -1.2))]
)
def test_a_shifted_curve_is_as_steep_and_higher_everywhere(curve: Calibration):
    score = np.linspace(-5, 2, 9)
    assert curve.shifted(0.3).log_odds(score) == pytest.approx(curve.log_odds(score) + 0.3)


def people_who_left_at(rate: float, rows: int) -> np.ndarray:
    return (np.arange(rows) < rate * rows).astype(float)


def test_the_shift_towards_the_newest_dates_is_shrunk_by_their_leavers():
    log_odds = np.full(1000, logit(0.05))
    whole = logit(0.1) - logit(0.05)
    assert newest_shift(log_odds, people_who_left_at(0.1, 1000)) == pytest.approx(whole / 2)
    few = newest_shift(log_odds[:100], people_who_left_at(0.1, 100))
    assert few == pytest.approx(whole * 10 / 110)
    assert newest_shift(log_odds, np.zeros(1000)) == 0


def test_where_only_a_share_of_the_stayers_is_there_risks_are_those_of_everybody():
    random = np.random.default_rng(1)
    truth = random.normal(-3, 1, 200_000)
    left = random.random(len(truth)) < expit(truth)
    kept = left | (random.random(len(truth)) < 0.2)
    newest = np.arange(kept.sum()) % 2 == 0
    curve = crossfit_calibration(truth[kept], left[kept].astype(float), newest, share=0.2)
    assert curve.apply(truth).mean() == pytest.approx(left.mean(), rel=0.03)
    assert curve.apply(np.array([-2.0])) == pytest.approx(expit(-2.0), rel=0.06)


def test_newest_rows_are_those_of_the_last_dates():
    dates = ROWS.filter(newest_rows(ROWS, 2))["as_of"].unique().sort()
    assert dates.to_list() == ROWS["as_of"].unique().sort()[-2:].to_list()
