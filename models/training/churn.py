"""From the parts of a split to a churn model: encode columns, fit trees, calibrate risks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Booster, Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.boosting.recipe import Recipe
from perdura.models.dataset.person_ids import person_column, person_numbers
from perdura.models.dataset.split import Split
from perdura.models.params import TrainingParams
from perdura.models.predictor.calibration import Calibration, Platt
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.training.calibrate import choose_calibration
from perdura.models.training.typical_values import learn_typical

#: Fewest churners of each cause in the fit set from which trees can separate the causes.
FEWEST_OF_A_CAUSE = 50


@dataclass(frozen=True, slots=True)
class Encoded:
    """One part of a split as numbers: churn or not, and among churners, by payment or not."""

    leaving: Examples
    by_payment: Examples


def encode(contract: ColumnContract, part: pl.DataFrame, non_churners: float = 1.0) -> Encoded:
    """One part of a split as numbers, in the contract's order of columns.

    Args:
        contract: The columns.
        part: Labelled feature rows.
        non_churners: Share of the non-churners that is present; churners all are.
    """
    matrix = contract.encode(part.select(contract.names))
    churned = part["churned"].to_numpy().astype(bool)
    payment = part["cause"].eq_missing("payment").to_numpy()
    return Encoded(
        Examples(matrix, churned.astype(np.float64), non_churners),
        Examples(matrix[churned], payment[churned].astype(np.float64)),
    )


def learn_model(
    contract: ColumnContract, split: Split, fit: Encoded, calibrate: Encoded, params: TrainingParams
) -> ChurnModel:
    """The model fitted on ``split.fit`` and calibrated on ``split.calibrate``.

    Args:
        contract: The columns.
        split: The parts, for their dates.
        fit: ``split.fit``, encoded.
        calibrate: ``split.calibrate``, encoded; it also decides the number of trees.
        params: The parameters of the training.
    """
    later = later_rows(split.calibrate)
    left = split.calibrate["churned"].to_numpy().astype(bool)

    def calibration(booster: Booster, rows: Examples, later: np.ndarray) -> Calibration:
        return choose_calibration(LEARNER.raw_scores(booster, rows.matrix), rows.happened, later)

    booster = LEARNER.fit(fit.leaving, calibrate.leaving, contract.names, params.booster)
    cause = _fit_cause(contract, fit.by_payment, calibrate.by_payment, params)
    last: datetime = pl.concat([split.fit["as_of"], split.calibrate["as_of"]]).max()  # pyright: ignore[reportAssignmentType]
    fitted_until = last + timedelta(days=params.gap_days)
    return ChurnModel(
        booster_text=LEARNER.to_text(booster),
        calibration=calibration(booster, calibrate.leaving, later),
        cause_text=None if cause is None else LEARNER.to_text(cause),
        cause_calibration=(
            Platt() if cause is None else calibration(cause, calibrate.by_payment, later[left])
        ),
        payment_share=float(fit.by_payment.happened.mean()),
        contract=contract,
        churn=params.churn,
        lead_days=params.lead_days,
        horizon_days=params.horizon_days,
        grace_days=params.grace_days,
        fitted_until=fitted_until,
        evidence_fitted_until=fitted_until,
        recipe=Recipe.of(params),
        typical=learn_typical(contract, fit.leaving),
    )


def _fit_cause(
    contract: ColumnContract, fit: Examples, calibrate: Examples, params: TrainingParams
) -> Booster | None:
    """Trees that separate payment churn from voluntary churn, where there is enough of both."""
    fewest = min(fit.happened.sum(), (1 - fit.happened).sum())
    if fewest < FEWEST_OF_A_CAUSE or len(np.unique(calibrate.happened)) < 2:
        return None
    return LEARNER.fit(fit, calibrate, contract.names, params.cause_booster or params.booster)


def later_rows(part: pl.DataFrame) -> np.ndarray:
    """Which rows are of the last date; with a single date, of a half of the people."""
    last = part["as_of"] == part["as_of"].max()
    if not last.all():
        return last.to_numpy()
    people = person_numbers(part[person_column(part)])
    return (people // np.uint64(100)) % np.uint64(2) == 1
