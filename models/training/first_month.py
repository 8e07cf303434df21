"""The risk of the first month, said of each row by trees that were grown on other people's rows."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples, fit_booster, raw_scores
from perdura.models.dataset.person_ids import person_column, person_numbers, some_people
from perdura.models.dataset.sampling import evenly
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.churn_model import ChurnModel

FOLDS = 5

_MOST_ROWS = 400_000
# Trees that are only read by other trees need no finer steps.
_LEARNING_RATE = 0.1


def out_of_fold_risk(
    model: ChurnModel, training: TrainingSet, until: datetime, params: TrainingParams
) -> np.ndarray:
    """The risk of each row from trees that neither it nor its person's other rows had a part in.

    The trees are as many, for their learning rate, as those of ``model``, and its calibration is
    theirs, so that the risk is like that which ``model`` says of rows that it has not seen.

    Args:
        model: The churn model of the first month.
        training: Labelled feature rows.
        until: Rows whose outcome was known later grow no trees; they are scored all the same.
        params: When outcomes are known, and how trees grow.

    Returns:
        One risk per row, NaN where the row says nothing of a later month.
    """
    rows = training.rows
    closed = pl.col("as_of") + timedelta(days=params.gap_days) <= pl.lit(until)
    labelled = closed & pl.col("churned").is_not_null() & evenly(rows, training.sampling)
    fit = some_people(rows, _MOST_ROWS, labelled.fill_null(value=False))
    asked = (rows["months_known"] > 1).fill_null(value=False).to_numpy()
    risk = np.full(rows.height, np.nan)
    risk[asked] = _by_others(model, fit, rows.filter(asked), params.booster)
    return risk


def fold_of(rows: pl.DataFrame) -> np.ndarray:
    """The fold of each row, 0 to 4: all dates and accounts of a person are in one."""
    return (person_numbers(rows[person_column(rows)]) >> np.uint64(20)) % np.uint64(FOLDS)


def _by_others(
    model: ChurnModel, fit: pl.DataFrame, asked: pl.DataFrame, params: BoosterParams
) -> np.ndarray:
    names, booster = model.contract.names, _coarse(model, params)
    matrix = model.contract.numbers(fit.select(names))
    left = fit["churned"].to_numpy().astype(np.float64)
    grown_on, fold, score = fold_of(fit), fold_of(asked), np.empty(asked.height)
    for number in range(FOLDS):
        others, inside = grown_on != number, fold == number
        trees = fit_booster(Examples(matrix[others], left[others]), None, names, booster)
        if inside.any():
            score[inside] = raw_scores(
                trees, model.contract.numbers(asked.filter(inside).select(names))
            )
    return model.calibration.apply(score)


def _coarse(model: ChurnModel, params: BoosterParams) -> BoosterParams:
    rate = max(params.learning_rate, _LEARNING_RATE)
    rounds = round(model.booster.num_trees() * params.learning_rate / rate)
    return replace(params, learning_rate=rate, rounds=max(1, rounds))
