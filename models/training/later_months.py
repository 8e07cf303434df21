"""Train and evaluate the survival model beside the churn model of the first month."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.survival_metrics import (
    MonthsEvaluation,
    by_band_and_plan,
    by_month,
    predicted_months,
)
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.survival import SurvivalModel
from perdura.models.training.first_month import out_of_fold_risk
from perdura.models.training.survival import knows_later_months, learn_survival


@dataclass(frozen=True, slots=True)
class LearntMonths:
    """A survival model, and the out-of-fold risks of the first month that it was fitted on."""

    model: SurvivalModel
    risk: np.ndarray


def learn_months(
    model: ChurnModel, training: TrainingSet, params: TrainingParams
) -> LearntMonths | None:
    """The survival model; ``None`` where too few later months are known.

    It is fitted on the same outcomes in time as the churn model, and no later ones.

    Args:
        model: The churn model of the first month; later months end at its ``fitted_until``.
        training: Labelled rows.
        params: The parameters of the training.
    """
    until = model.fitted_until
    if not knows_later_months(training.rows, until, params):
        return None
    risk = out_of_fold_risk(model, training, until, params)
    months = learn_survival(model.contract, training.rows, risk, until, params)
    return None if months is None else LearntMonths(months, risk)


def evaluate_months(
    learnt: LearntMonths | None,
    contract: ColumnContract,
    training: TrainingSet,
    test_rows: pl.DataFrame,
    *,
    since: datetime,
    params: TrainingParams,
) -> MonthsEvaluation | None:
    """The evaluation of later months that began from ``since`` on.

    Args:
        learnt: From ``learn_months``.
        contract: The columns.
        training: Labelled rows.
        test_rows: As in ``Trained``.
        since: The first date of the test set.
        params: The parameters of the training.
    """
    if learnt is None:
        return None
    model, risk = learnt.model, learnt.risk
    later = predicted_months(model, contract, training, risk, since=since, params=params)
    return MonthsEvaluation(by_month(later), by_band_and_plan(later, test_rows))
