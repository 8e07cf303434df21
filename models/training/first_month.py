"""Out-of-fold risks of the first month: each row scored by trees of other people's rows."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.dataset.person_ids import person_column, person_numbers, some_people
from perdura.models.dataset.sampling import evenly
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.churn_model import ChurnModel

FOLDS = 5

_MOST_ROWS = 400_000
# Trees that only feed other trees need no lower rate.
_LEARNING_RATE = 0.1


def out_of_fold_risk(
    model: ChurnModel, training: TrainingSet, until: datetime, params: TrainingParams
) -> np.ndarray:
    """The risk of each row from trees that were grown without any row of its person.

    There are as many trees, for their learning rate, as in ``model``, with its calibration, so
    that the risks are like those of ``model`` on unseen rows.

    Args:
        model: The churn model of the first month.
        training: Labelled feature rows.
        until: Rows with outcomes known later are not fitted; they are scored all the same.
        params: When outcomes are known, and how trees grow.

    Returns:
        One risk per row, NaN where no later month of the row is known.
    """
    rows = training.rows
    closed = pl.col("as_of") + timedelta(days=params.gap_days) <= pl.lit(until)
    labelled = closed & pl.col("churned").is_not_null() & evenly(rows, training.sampling)
    fit = some_people(rows, _MOST_ROWS, labelled.fill_null(value=False))
    followed = (rows["months_known"] > 1).fill_null(value=False).to_numpy()
    risk = np.full(rows.height, np.nan)
    risk[followed] = _cross_fitted(model, fit, rows.filter(followed), params.booster)
    return risk


def fold_of(rows: pl.DataFrame) -> np.ndarray:
    """The fold of each row, 0 to 4: all dates and accounts of a person are in one."""
    return (person_numbers(rows[person_column(rows)]) >> np.uint64(20)) % np.uint64(FOLDS)


def _cross_fitted(
    model: ChurnModel, fit: pl.DataFrame, rows: pl.DataFrame, params: BoosterParams
) -> np.ndarray:
    names = model.contract.names
    rate = max(params.learning_rate, _LEARNING_RATE)
    rounds = round(model.booster.num_trees() * params.learning_rate / rate)
    booster = replace(params, learning_rate=rate, rounds=max(1, rounds))
    matrix = model.contract.numbers(fit.select(names))
    left = fit["churned"].to_numpy().astype(np.float64)
    fit_fold, fold, score = fold_of(fit), fold_of(rows), np.empty(rows.height)
    for number in range(FOLDS):
        others, inside = fit_fold != number, fold == number
        trees = LEARNER.fit(Examples(matrix[others], left[others]), None, names, booster)
        if inside.any():
            score[inside] = LEARNER.raw_scores(
                trees, model.contract.numbers(rows.filter(inside).select(names))
            )
    return model.calibration.apply(score)
