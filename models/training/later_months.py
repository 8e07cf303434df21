"""Learn and judge the months after the first, beside the churn model that says the first."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.survival_metrics import (
    JudgedMonths,
    by_band_and_plan,
    by_month,
    said_later,
)
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.survival import SurvivalModel
from perdura.models.training.first_month import out_of_fold_risk
from perdura.models.training.survival import knows_later_months, learn_survival


@dataclass(frozen=True, slots=True)
class LearntMonths:
    """A model of later months, and the out-of-fold risk of the first that it was learnt from."""

    model: SurvivalModel
    risk: np.ndarray


def learn_months(
    model: ChurnModel, training: TrainingSet, params: TrainingParams
) -> LearntMonths | None:
    """What is known of later months; ``None`` where that is too little.

    They are learnt up to where leaving itself was, and no further: a night is told what its model
    knew.

    Args:
        model: The churn model of the first month; its ``fitted_until`` is where later months end.
        training: Labelled rows.
        params: What is learnt.
    """
    until = model.fitted_until
    if not knows_later_months(training.rows, until, params):
        return None
    risk = out_of_fold_risk(model, training, until, params)
    months = learn_survival(model.contract, training.rows, risk, until, params)
    return None if months is None else LearntMonths(months, risk)


def judge_months(
    learnt: LearntMonths | None,
    contract: ColumnContract,
    training: TrainingSet,
    judged: pl.DataFrame,
    *,
    since: datetime,
    params: TrainingParams,
) -> JudgedMonths | None:
    """How well later months are said that began from ``since`` on.

    Args:
        learnt: As of ``learn_months``.
        contract: The columns.
        training: Labelled rows.
        judged: As in ``Trained``.
        since: The first date that is judged.
        params: What was learnt.
    """
    if learnt is None:
        return None
    later = said_later(learnt.model, contract, training, learnt.risk, since=since, params=params)
    return JudgedMonths(by_month(later), by_band_and_plan(later, judged))
