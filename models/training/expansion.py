"""Train and evaluate the expansion model, and say in words whether it is good enough to serve.

It never blocks the churn model: without a good expansion model there are no offers.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.dataset.person_ids import person_column, some_people
from perdura.models.dataset.sampling import evenly
from perdura.models.dataset.split import HistoryTooShort, NotEnoughChurn, Split, split_rows
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.bootstrap import resample
from perdura.models.evaluation.calibration_bound import calibration_bound
from perdura.models.evaluation.intervals import basic
from perdura.models.evaluation.metrics import evaluate
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.expansion import ExpansionModel
from perdura.models.promotion.minimums import Minimums, below_minimums
from perdura.models.training.calibrate import choose_calibration
from perdura.models.training.churn import later_rows
from perdura.models.training.expansion_result import Expansion
from perdura.sources.counted import counted

# A third of the trees of the churn model's rate, and they rank as well (simulated company of
# 50,000: 95 % of the oracle's either way): every night scores all subscribers with them.
_LEARNING_RATE = 0.1
# Few subscribers expand, and for few reasons: with more rows it would take longer than churn.
_MOST_ROWS = 400_000


def learn_expansion(
    training: TrainingSet,
    contract: ColumnContract,
    params: TrainingParams,
    minimums: Minimums | None = None,
) -> Expansion:
    """Fit, calibrate and evaluate on the dates of the churn model, with a gap of its own.

    Args:
        training: Feature rows with ``expanded``.
        contract: The columns of the churn model.
        params: The parameters of the churn model.
        minimums: What it must reach to be served: the lower bound of its ROC AUC, and its
            calibration error.
    """
    if params.churn == "silence":
        return _unlearnt("there are no contracts whose price could rise")
    if "expanded" not in training.rows.columns or not training.rows["expanded"].count():
        return _unlearnt("no outcome is known yet")
    try:
        split = split_rows(known_expansions(training), as_churn(params))
    except HistoryTooShort:
        return _unlearnt(
            f"the history is too short for windows of {counted(params.expansion_days, 'day')}"
        )
    except NotEnoughChurn:
        return _unlearnt("too few chose to pay more to learn from, or to judge by")
    return _evaluated(split, _fit(split, contract, params), contract, minimums or Minimums())


def known_expansions(training: TrainingSet) -> pl.DataFrame:
    """The rows with a known expansion outcome, in the column ``churned``.

    Where there are too many, those of some people, independent of their outcomes.
    """
    known = pl.col("expanded").is_not_null() & evenly(training.rows, training.sampling)
    return some_people(training.rows, _MOST_ROWS, known).with_columns(churned="expanded")


def as_churn(params: TrainingParams) -> TrainingParams:
    """The parameters of the split, with the window of expansion in place of churn's."""
    return replace(params, churn="contract", horizon_days=params.expansion_days, grace_days=0)


def expansion_booster(booster: BoosterParams) -> BoosterParams:
    """As for churn, without monotone constraints and with a higher learning rate."""
    return replace(booster, rising=(), learning_rate=_LEARNING_RATE)


def _fit(split: Split, contract: ColumnContract, params: TrainingParams) -> ExpansionModel:
    fit, calibrate = (
        Examples(
            contract.encode(part.select(contract.names)),
            part["churned"].to_numpy().astype(np.float64),
        )
        for part in (split.fit, split.calibrate)
    )
    booster = LEARNER.fit(fit, calibrate, contract.names, expansion_booster(params.booster))
    score = LEARNER.raw_scores(booster, calibrate.matrix)
    last: datetime = pl.concat([split.fit["as_of"], split.calibrate["as_of"]]).max()  # pyright: ignore[reportAssignmentType]
    return ExpansionModel(
        booster_text=LEARNER.to_text(booster),
        calibration=choose_calibration(score, calibrate.happened, later_rows(split.calibrate)),
        days=params.expansion_days,
        fitted_until=last + timedelta(days=as_churn(params).gap_days),
    )


def _evaluated(
    split: Split, model: ExpansionModel, contract: ColumnContract, minimums: Minimums
) -> Expansion:
    matrix = contract.encode(split.test.select(contract.names))
    test_rows = split.test.select(
        "subscriber_id",
        "as_of",
        "churned",
        owner=person_column(split.test),
        risk=pl.Series(model.predict_encoded(matrix)),
        constant=pl.lit(float(split.fit["churned"].to_numpy().mean())),
        mrr=pl.lit(None, pl.Int64),
        currency=pl.lit(None, pl.String),
    )
    metrics = evaluate(test_rows, "risk", calls=1)
    by_model = {"model": metrics, "constant": evaluate(test_rows, "constant", calls=1)}
    drawn = np.asarray(resample(test_rows, seed=0)["auc"])
    bound = calibration_bound(
        test_rows, tolerance=minimums.calibration_share, most=minimums.calibration_error
    )
    missed = below_minimums(by_model, minimums, float(np.quantile(drawn, 0.05)), bound)
    served = (
        f"Offers: who will pay more by choice is predicted with a ROC AUC of {metrics.roc_auc:.3f} "
        f"and a calibration error of {metrics.calibration_error:.3f}."
    )
    return Expansion(
        model=None if missed else model,
        reasons=tuple(f"No offers: {why}." for why in missed) or (served,),
        metrics=metrics,
        lies=basic(metrics.roc_auc, drawn),
        test_rows=test_rows.select("subscriber_id", "as_of", expanded="churned", offer="risk"),
        sizes={name.replace("churned", "expanded"): size for name, size in split.sizes.items()},
    )


def _unlearnt(why: str) -> Expansion:
    return Expansion(reasons=(f"No offers: who will pay more was not learnt, as {why}.",))
