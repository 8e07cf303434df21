"""Fit a model again on every row with a known outcome, after its evaluation.

Calibration and evaluation each hold back the newest dates and a gap before them. So the same
recipe is fitted on all rows, with a cross-fitted calibration, since no unseen rows are left.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Booster
from perdura.models.boosting.learner import LEARNER
from perdura.models.boosting.recipe import Recipe
from perdura.models.dataset.sampling import refit_rows
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.calibration import Calibration, Platt
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import ColumnContract, learn_contract
from perdura.models.training.churn import encode
from perdura.models.training.cross_fit import (
    crossfit_calibration,
    fold_contracts,
    newest_rows,
    out_of_fold_scores,
)
from perdura.models.training.typical_values import learn_typical


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows with known outcomes, and the column contract of each fold."""

    rows: pl.DataFrame
    contracts: tuple[ColumnContract, ...]
    newest: np.ndarray


def refit(evidence: ChurnModel, training: TrainingSet, params: TrainingParams) -> ChurnModel:
    """The recipe of ``evidence`` fitted on every row with a known outcome.

    It has as many trees as the evidence model; its calibration is cross-fitted over five folds by
    person and shifted towards the newest dates.

    Args:
        evidence: The model that was evaluated.
        training: Labelled feature rows.
        params: The parameters of the training, and when outcomes are known.

    Returns:
        A model of the first horizon only, without the survival and expansion models of
        ``evidence``.
    """
    rows = refit_rows(training.rows, training.sampling)
    names = evidence.contract.names
    contract = learn_contract(rows, names, seen=training.seen)
    known = _Rows(
        rows=rows,
        contracts=fold_contracts(rows, names, training.seen),
        newest=newest_rows(rows, params.calibrate_dates),
    )
    params = (evidence.recipe or Recipe.of(params)).applied_to(params)
    share = training.sampling.refit
    booster = with_trees(params.booster, evidence.booster)
    fit = encode(contract, rows, share)
    scores = out_of_fold_scores(rows, fit.leaving.happened, known.contracts, booster, share)
    cause_text, cause_calibration = _refit_cause(evidence, contract, known, params)
    return replace(
        evidence,
        booster_text=LEARNER.to_text(LEARNER.fit(fit.leaving, None, names, booster)),
        calibration=crossfit_calibration(scores, fit.leaving.happened, known.newest, share),
        cause_text=cause_text,
        cause_calibration=cause_calibration,
        payment_share=float(fit.by_payment.happened.mean()),
        contract=contract,
        fitted_until=closed_by(rows, params.gap_days),
        typical=learn_typical(contract, fit.leaving),
        months=None,
        expansion=None,
    )


def _refit_cause(
    evidence: ChurnModel,
    contract: ColumnContract,
    known: _Rows,
    params: TrainingParams,
) -> tuple[str | None, Calibration]:
    """Trees that separate payment churn from voluntary churn, where the evidence model has them."""
    if evidence.cause_booster is None:
        return None, Platt()
    left = known.rows["churned"].to_numpy().astype(bool)
    leavers = known.rows.filter(left)
    examples = encode(contract, leavers).by_payment
    booster = with_trees(params.cause_booster or params.booster, evidence.cause_booster)
    scores = out_of_fold_scores(leavers, examples.happened, known.contracts, booster)
    trees = LEARNER.fit(examples, None, contract.names, booster)
    calibration = crossfit_calibration(scores, examples.happened, known.newest[left])
    return LEARNER.to_text(trees), calibration


def with_trees(params: BoosterParams, evidence: Booster) -> BoosterParams:
    """The parameters with as many trees as the evidence model has.

    On three simulated companies more trees, by the ratio of the rows or its square root, were no
    better (DECISIONS, 2026-11-30).
    """
    return replace(params, rounds=evidence.num_trees())


def known_until(training: TrainingSet, params: TrainingParams) -> datetime:
    """When the outcome of the newest row of a refit was known."""
    return closed_by(refit_rows(training.rows, training.sampling), params.gap_days)


def refit_sizes(training: TrainingSet) -> dict[str, int]:
    """Rows of a refit, how many of them left, and rows left out because of a contact, by name."""
    rows = refit_rows(training.rows, training.sampling)
    return {
        "refit_rows": rows.height,
        "refit_churned": int(rows["churned"].sum()),
        "left_out_rows": training.sampling.left_out,
    }


def closed_by(rows: pl.DataFrame, gap_days: int) -> datetime:
    """When the outcome of the newest row was known."""
    newest: datetime = rows["as_of"].max()  # pyright: ignore[reportAssignmentType]
    return newest + timedelta(days=gap_days)
