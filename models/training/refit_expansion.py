"""Fit the expansion model again on every row with a known outcome, after its evaluation."""

from dataclasses import replace

import polars as pl

from perdura.models.boosting.booster import Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import TrainingParams
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.expansion import ExpansionModel
from perdura.models.training.cross_fit import (
    crossfit_calibration,
    fold_contracts,
    newest_rows,
    out_of_fold_scores,
)
from perdura.models.training.expansion import as_churn, expansion_booster, known_expansions
from perdura.models.training.refit import closed_by, with_trees


def refit_expansion(
    evidence: ExpansionModel,
    training: TrainingSet,
    contract: ColumnContract,
    params: TrainingParams,
) -> ExpansionModel:
    """The recipe of ``evidence`` fitted on every row with a known expansion outcome.

    Args:
        evidence: The model that was evaluated.
        training: Feature rows with ``expanded``.
        contract: The columns of its churn model.
        params: The parameters of the churn model.
    """
    rows, names = known_expansions(training), contract.names
    happened = rows["churned"].to_numpy().astype(float)
    booster = with_trees(expansion_booster(params.booster), evidence.booster)
    contracts = fold_contracts(
        training.rows.filter(pl.col("churned").is_not_null()), names, training.seen
    )
    scores = out_of_fold_scores(rows, happened, contracts, booster)
    trees = LEARNER.fit(Examples(contract.numbers(rows), happened), None, names, booster)
    newest = newest_rows(rows, params.calibrate_dates)
    return replace(
        evidence,
        booster_text=LEARNER.to_text(trees),
        calibration=crossfit_calibration(scores, happened, newest),
        fitted_until=closed_by(rows, as_churn(params).gap_days),
    )
