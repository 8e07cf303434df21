"""Cross-fitted calibration: each row is scored by trees that were grown on other folds.

So a model can be fitted on every row and still be calibrated on out-of-fold scores. Folds by
person do not show drift; a shift towards the newest dates corrects it.
"""

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.params import BoosterParams
from perdura.models.predictor.calibration import Calibration
from perdura.models.predictor.column_contract import ColumnContract, learn_contract
from perdura.models.training.calibrate import choose_calibration
from perdura.models.training.first_month import FOLDS, fold_of
from perdura.models.training.risk_level import shifted


def fold_contracts(
    rows: pl.DataFrame, names: Sequence[str], seen: pl.DataFrame
) -> tuple[ColumnContract, ...]:
    """The columns of each fold, their texts coded by the churn rates outside the fold.

    Args:
        rows: Labelled feature rows.
        names: Which columns, in which order.
        seen: More rows with texts that may occur.
    """
    fold = fold_of(rows)
    return tuple(
        learn_contract(rows.filter(fold != number), names, seen=seen) for number in range(FOLDS)
    )


def out_of_fold_scores(
    rows: pl.DataFrame,
    happened: np.ndarray,
    contracts: Sequence[ColumnContract],
    params: BoosterParams,
    share: float = 1.0,
) -> np.ndarray:
    """The log-odds of each row from trees that were grown on the rows of the other folds.

    Args:
        rows: Feature rows.
        happened: 1 where the outcome happened, one per row.
        contracts: From ``fold_contracts``.
        params: How the trees grow, without early stopping.
        share: As in ``Examples``; corrected in each fold.
    """
    fold, scores = fold_of(rows), np.empty(rows.height)
    for number, contract in enumerate(contracts):
        inside = fold == number
        outside = Examples(contract.numbers(rows.filter(~inside)), happened[~inside], share)
        booster = LEARNER.fit(outside, None, contract.names, params)
        if inside.any():
            scores[inside] = LEARNER.raw_scores(booster, contract.numbers(rows.filter(inside)))
    return scores


def crossfit_calibration(
    score: np.ndarray, happened: np.ndarray, newest: np.ndarray, share: float = 1.0
) -> Calibration:
    """The curve learnt on out-of-fold scores, shifted towards the rows of the newest dates.

    The shift is shrunk like any level, by the number of churners at these dates.

    Args:
        score: From ``out_of_fold_scores``.
        happened: 1 where the outcome happened, one per score.
        newest: Which rows are of the newest dates.
        share: As in ``Examples``: the curve is learnt among the present rows, where odds are too
            high by its inverse.
    """
    curve = choose_calibration(score, happened, newest)
    if 0 < happened[newest].sum() < newest.sum():
        curve = shifted(curve, score[newest], happened[newest])
    return curve.moved(math.log(share))


def newest_rows(rows: pl.DataFrame, dates: int) -> np.ndarray:
    """Which rows are of the newest ``dates`` dates."""
    newest = rows["as_of"].unique().sort()[-dates:]
    return rows["as_of"].is_in(newest.implode()).to_numpy()
