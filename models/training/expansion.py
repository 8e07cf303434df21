"""Learn who will pay more by choice, judge it, and say in words whether it is good enough to serve.

It never stands in the way of the churn model: what cannot be learnt is not offered.
"""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples, booster_text, fit_booster, raw_scores
from perdura.models.dataset.person_ids import person_column, some_people
from perdura.models.dataset.sampling import evenly
from perdura.models.dataset.split import HistoryTooShort, NotEnoughChurn, Split, split_rows
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.bootstrap import resample
from perdura.models.evaluation.calibration_bound import calibration_bound
from perdura.models.evaluation.intervals import basic
from perdura.models.evaluation.metrics import Metrics, evaluate
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.expansion import ExpansionModel
from perdura.models.promotion.minimums import Minimums, below_minimums
from perdura.models.training.calibrate import choose_calibration
from perdura.models.training.churn import later_rows
from perdura.models.training.expansion_result import Expansion

# A third of the trees that the steps of leaving would make, and they rank as well (simulated
# company of 50,000: 95 % of the oracle's either way): every night asks them of everybody.
_LEARNING_RATE = 0.1
# Few pay more, and for few reasons: more rows would take longer than leaving itself does.
_MOST_ROWS = 400_000


def learn_expansion(
    training: TrainingSet,
    contract: ColumnContract,
    params: TrainingParams,
    minimums: Minimums | None = None,
) -> Expansion:
    """Fit, calibrate and judge on the dates that the churn model has, with a gap of its own.

    Args:
        training: Feature rows with ``expanded``.
        contract: Of the churn model.
        params: How the churn model was learnt.
        minimums: What it must reach to be served: its ROC AUC, surely, and its calibration error.
    """
    if params.churn == "silence":
        return _unlearnt("there are no contracts whose price could rise")
    if "expanded" not in training.rows.columns or not training.rows["expanded"].count():
        return _unlearnt("no outcome is known yet")
    try:
        split = split_rows(known_expansions(training), as_churn(params))
    except HistoryTooShort:
        return _unlearnt(f"the history is too short for windows of {params.expansion_days} days")
    except NotEnoughChurn:
        return _unlearnt("too few chose to pay more to learn from, or to judge by")
    return _judged(split, _learn(split, contract, params), contract, minimums or Minimums())


def known_expansions(training: TrainingSet) -> pl.DataFrame:
    """The rows of which it is known whether they paid more: ``churned`` says so.

    Where there are too many, some people's, whatever became of them.
    """
    known = pl.col("expanded").is_not_null() & evenly(training.rows, training.sampling)
    return some_people(training.rows, _MOST_ROWS, known).with_columns(churned="expanded")


def as_churn(params: TrainingParams) -> TrainingParams:
    """The same split, where what is to come takes as long as expansion does."""
    return replace(params, churn="contract", horizon_days=params.expansion_days, grace_days=0)


def grown(booster: BoosterParams) -> BoosterParams:
    """As leaving is learnt, but nothing is known to rise, and with larger steps."""
    return replace(booster, rising=(), learning_rate=_LEARNING_RATE)


def _learn(split: Split, contract: ColumnContract, params: TrainingParams) -> ExpansionModel:
    fit, calibrate = (_examples(part, contract) for part in (split.fit, split.calibrate))
    booster = fit_booster(fit, calibrate, contract.names, grown(params.booster))
    score = raw_scores(booster, calibrate.matrix)
    last = max(part["as_of"].max() for part in (split.fit, split.calibrate))  # pyright: ignore[reportArgumentType]
    return ExpansionModel(
        booster_text=booster_text(booster),
        calibration=choose_calibration(score, calibrate.happened, later_rows(split.calibrate)),
        days=params.expansion_days,
        fitted_until=last + timedelta(days=as_churn(params).gap_days),  # pyright: ignore[reportOperatorIssue, reportArgumentType]
    )


def _judged(
    split: Split, model: ExpansionModel, contract: ColumnContract, minimums: Minimums
) -> Expansion:
    asked = _examples(split.test, contract)
    rate = float(split.fit["churned"].to_numpy().mean())
    said = split.test.select(
        "subscriber_id",
        "as_of",
        "churned",
        owner=person_column(split.test),
        risk=pl.Series(model.predict_encoded(asked.matrix)),
        constant=pl.lit(rate),
        mrr=pl.lit(None, pl.Int64),
        currency=pl.lit(None, pl.String),
    )
    metrics_by_model = {
        who: evaluate(said, risk, calls=1) for who, risk in (("model", "risk"), ("constant",) * 2)
    }
    drawn = np.asarray(resample(said, seed=0)["auc"])
    bound = calibration_bound(
        said, tolerance=minimums.calibration_share, most=minimums.calibration_error
    )
    below = below_minimums(metrics_by_model, minimums, float(np.quantile(drawn, 0.05)), bound)
    return Expansion(
        model=None if below else model,
        reasons=tuple(f"No offers: {why}." for why in below)
        or (_served(metrics_by_model["model"]),),
        metrics=metrics_by_model["model"],
        lies=basic(metrics_by_model["model"].roc_auc, drawn),
        judged=said.select("subscriber_id", "as_of", expanded="churned", offer="risk"),
        sizes={name.replace("churned", "expanded"): size for name, size in split.sizes.items()},
    )


def _examples(part: pl.DataFrame, contract: ColumnContract) -> Examples:
    matrix = contract.encode(part.select(contract.names))
    return Examples(matrix, part["churned"].to_numpy().astype(np.float64))


def _served(metrics: Metrics) -> str:
    return (
        f"Offers: who will pay more by choice is told with a ROC AUC of {metrics.roc_auc:.3f} "
        f"and a calibration error of {metrics.calibration_error:.3f}."
    )


def _unlearnt(why: str) -> Expansion:
    return Expansion(reasons=(f"No offers: who will pay more was not learnt, as {why}.",))
