"""Cross-fitted calibration: nobody is scored by trees that saw them, and the level follows."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from perdura.models.params import BoosterParams
from perdura.models.training.cross_fit import (
    crossfit_calibration,
    fold_contracts,
    newest_rows,
    out_of_fold_scores,
)
from perdura.models.training.first_month import fold_of
from tests.support.made_up import NAMES, PARAMS, training_set

ROWS = training_set(people=300, dates=6).rows
FEW_TREES = replace(PARAMS.booster, rounds=20)


def test_all_dates_and_merged_accounts_of_a_person_are_in_one_fold():
    merged = ROWS.with_columns(
        owner=pl.when(pl.col("subscriber_id") < "s00100")
        .then(pl.lit("s00250"))
        .otherwise("subscriber_id")
    )
    folds = merged.with_columns(fold=pl.Series(fold_of(merged)))
    assert folds.group_by("owner").agg(pl.col("fold").n_unique())["fold"].max() == 1
    assert set(folds["fold"]) == {0, 1, 2, 3, 4}


def scores(rows: pl.DataFrame, happened: pl.Series, params: BoosterParams = FEW_TREES):
    contracts = fold_contracts(rows, NAMES, seen=rows)
    return out_of_fold_scores(rows, happened.to_numpy().astype(float), contracts, params)


def test_what_became_of_a_fold_changes_no_score_in_it():
    inside = pl.Series(fold_of(ROWS) == 2)
    turned = ROWS.with_columns(churned=pl.col("churned") ^ inside)
    before, after = scores(ROWS, ROWS["churned"]), scores(turned, turned["churned"])
    assert np.array_equal(before[inside], after[inside])
    assert not np.array_equal(before[~inside], after[~inside])


def test_scores_of_rows_that_tell_nothing_do_not_follow_their_outcome():
    tells_nothing = training_set(people=400, dates=4, signal=0).rows
    by_others = scores(tells_nothing, tells_nothing["churned"])
    assert abs(np.corrcoef(by_others, tells_nothing["churned"].to_numpy())[0, 1]) < 0.1


def test_the_level_follows_the_newest_dates_as_far_as_their_leavers_speak_for_it():
    random = np.random.default_rng(0)
    score = random.normal(-2, 1, 40_000)
    newest = np.arange(40_000) >= 30_000
    happened = (random.random(40_000) < expit(score + np.where(newest, 0.7, 0))).astype(float)
    curve = crossfit_calibration(score, happened, newest)
    rate = happened[newest].mean()
    assert curve.apply(score[newest]).mean() == pytest.approx(rate, rel=0.05)
    few = newest & (np.arange(40_000) % 500 > 0)  # 20 rows of the newest dates are left
    hardly = crossfit_calibration(score[~few], happened[~few], newest[~few])
    assert hardly.apply(score[newest]).mean() < 0.8 * rate


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
