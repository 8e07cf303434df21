"""Fit the churn model on the past, calibrate it on later rows, evaluate it on the latest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
import polars as pl

from perdura.features.definition import Column
from perdura.models.boosting.booster import Examples
from perdura.models.dataset.fingerprint import fingerprint
from perdura.models.dataset.person_ids import person_column
from perdura.models.dataset.sampling import evidence_rows
from perdura.models.dataset.source_coverage import SourceFacts
from perdura.models.dataset.split import Split, refuse_without_leavers, split_rows
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.leakage import Leaks
from perdura.models.evaluation.leakage_signals import Cut, ranking_alone, without_last_days
from perdura.models.evaluation.metrics import Metrics, evaluate, risk_columns
from perdura.models.evaluation.reason_faithfulness import Faithfulness, ablate_reasons
from perdura.models.evaluation.refit_comparison import why_held_back
from perdura.models.evaluation.risk_level import Level
from perdura.models.evaluation.survival_metrics import MonthsEvaluation
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.promotion.decision import Verdict, verdict
from perdura.models.promotion.diagnosis import Diagnosis, rates_by_date
from perdura.models.promotion.incumbent import Incumbent
from perdura.models.promotion.minimums import Minimums
from perdura.models.training.baselines import BASELINES, baseline_risks
from perdura.models.training.churn import encode, learn_model
from perdura.models.training.compare_champion import Challenger, compare_champion
from perdura.models.training.expansion import learn_expansion
from perdura.models.training.expansion_result import Expansion
from perdura.models.training.later_months import evaluate_months, learn_months
from perdura.models.training.own_rate import own_rate
from perdura.models.training.refit import known_until, refit, refit_sizes
from perdura.models.training.refit_expansion import refit_expansion
from perdura.models.training.result import Trained
from perdura.models.training.risk_level import with_newest_level
from perdura.progress import OnProgress, no_progress

_STEPS = ("split", "fit", "judge", "compare", "refit")

#: The attributes of a test row besides its risks, where the spine has them.
_ATTRIBUTES = {
    "plan": pl.String,
    "interval_months": pl.Float64,
    "currency": pl.String,
    "country": pl.String,
    "mrr": pl.Int64,
}


def train(
    training: TrainingSet,
    params: TrainingParams,
    *,
    champion: ChurnModel | None = None,
    earlier: Earlier | None = None,
    cut: Cut | None = None,
    unnamed: Collection[str] = (),
    minimums: Minimums | None = None,
    facts: SourceFacts | None = None,
    progress: OnProgress | None = None,
) -> Trained:
    """Fit and evaluate a model, then fit it again on all rows with known outcomes.

    The verdict and the leakage checks are about the first fit only. Nothing is written or promoted.

    Args:
        training: Labelled feature rows.
        params: What to predict, on which rows, and how the trees grow.
        champion: The current champion, if there is one.
        earlier: Backtests at earlier dates, if there were any.
        cut: The test rows, or some of them, as they were days before; for the leakage checks.
        unnamed: Signals and columns that are never given as a reason.
        minimums: What the model must reach with or without a champion.
        facts: What the sources hold, to name the likely cause of a refusal.
        progress: Called before each step: steps done, of how many, and the next one's name.

    Raises:
        HistoryTooShort: There are too few dates for a split by time.
        NotEnoughChurn: A part of the split has only churners, or only non-churners.
    """
    on_progress = progress or no_progress
    refuse_without_leavers(training.rows, params, facts)
    made = fit_and_evaluate(training, params, on_progress)
    evidence, parts = _with_other_models(made, training, params, minimums, unnamed)
    on_progress(3, len(_STEPS), _STEPS[3])
    held_back = why_held_back(earlier and earlier.procedures)
    until = evidence.fitted_until if held_back else known_until(training, params)
    challenger = Challenger(evidence, made.split, made.test_rows, until)
    incumbent = compare_champion(champion, challenger, training, params)
    options = _VerdictOptions(cut=cut, earlier=earlier, minimums=minimums, facts=facts)
    compared = _compare(made, incumbent, training, params, options)
    on_progress(4, len(_STEPS), _STEPS[4])
    model = evidence if held_back else _fitted_again(evidence, training, params)
    on_progress(5, len(_STEPS), "done")
    return Trained(
        model=model,
        evidence=evidence,
        held_back=held_back,
        params=params,
        fingerprint=fingerprint(training.learnt_from, training.known_until),
        sizes=made.split.sizes | refit_sizes(training),
        sampling=training.sampling,
        columns=training.columns,
        notes=() if facts is None else facts.notes,
        previous_champion=champion,
        **compared,
        **parts,
    )


class _OtherParts(TypedDict):
    """The level of the risks, and the evaluation of the other parts of a model."""

    level: Level | None
    faithfulness: Faithfulness
    expansion: Expansion
    months: MonthsEvaluation | None


def _with_other_models(
    made: "Made",
    training: TrainingSet,
    params: TrainingParams,
    minimums: Minimums | None,
    unnamed: Collection[str],
) -> tuple[ChurnModel, _OtherParts]:
    """The model with its expansion and survival models, and their evaluation."""
    model, test_rows, split = made.model, made.test_rows, made.split
    faithfulness = ablate_reasons(model, split.test, test_rows["risk"], training.columns, unnamed)
    expansion = learn_expansion(training, model.contract, params, minimums)
    months = learn_months(model, training, params)
    since = split.judged_from
    evaluated = evaluate_months(
        months, model.contract, training, test_rows, since=since, params=params
    )
    whole = replace(model, expansion=expansion.model, months=months and months.model)
    return whole, _OtherParts(
        level=made.level, faithfulness=faithfulness, expansion=expansion, months=evaluated
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _VerdictOptions:
    """What the leakage checks and the verdict read besides the model, as for ``train``."""

    cut: Cut | None
    earlier: Earlier | None
    minimums: Minimums | None
    facts: SourceFacts | None


class _Comparison(TypedDict):
    """The test rows with the champion's risk, the metrics on them, and the verdict."""

    earlier: Earlier | None
    test_rows: pl.DataFrame
    metrics_by_model: dict[str, Metrics]
    leaks: Leaks
    verdict: Verdict


def _compare(
    made: "Made",
    incumbent: Incumbent,
    training: TrainingSet,
    params: TrainingParams,
    options: _VerdictOptions,
) -> _Comparison:
    """The model beside its baselines and the champion, its leakage checks, and the verdict."""
    has_risk = incumbent.risk is not None
    test_rows = made.test_rows.with_columns(incumbent.risk) if has_risk else made.test_rows
    calls = training.sampling.calls(params.calls)
    metrics = {
        name: evaluate(test_rows, risk, calls=calls) for name, risk in risk_columns(test_rows)
    }
    silence = params.churn == "silence"
    leaks = Leaks(
        roc_auc=metrics["model"].roc_auc,
        columns=ranking_alone(made.model.contract.names, made.fitted, made.test),
        cut=options.cut and without_last_days(made.model, made.test_rows, options.cut),
        # Where churn is silence, the columns of payments predict it by definition.
        expected=tuple(c.name for c in training.columns if silence and c.feature.billed),
    )
    decision = verdict(
        test_rows,
        metrics,
        incumbent,
        calls=calls,
        earlier=options.earlier and options.earlier.by_date,
        leaks=leaks,
        minimums=options.minimums,
        diagnosis=_diagnosis(training, made, params, options.facts),
    )
    return _Comparison(
        test_rows=test_rows,
        metrics_by_model=metrics,
        leaks=leaks,
        verdict=decision,
        earlier=options.earlier,
    )


def _diagnosis(
    training: TrainingSet, made: "Made", params: TrainingParams, facts: SourceFacts | None
) -> Diagnosis:
    fitted = made.split.fit
    rates = rates_by_date(
        evidence_rows(training.rows, training.sampling, params),
        training.sampling.non_churners,
        fitted["as_of"].unique().to_list(),
    )
    return Diagnosis(
        rates=rates,
        test_rows=made.test_rows,
        fitted_leavers=int(fitted["churned"].sum()),
        params=params,
        level=made.level,
        facts=facts,
    )


def _fitted_again(
    evidence: ChurnModel, training: TrainingSet, params: TrainingParams
) -> ChurnModel:
    """The published model, fitted on every row with a known outcome.

    Parts that the evidence model lacks are left out, since they were never evaluated.
    """
    model = refit(evidence, training, params)
    if evidence.months is not None:
        months = learn_months(model, training, params)
        model = replace(model, months=months and months.model)
    if evidence.expansion is not None:
        offers = refit_expansion(evidence.expansion, training, model.contract, params)
        model = replace(model, expansion=offers)
    return model


@dataclass(frozen=True, slots=True)
class Made:
    """A model, the parts that it was fitted and evaluated on, and its risks of the test rows."""

    split: Split
    model: ChurnModel
    test_rows: pl.DataFrame
    fitted: Examples
    test: Examples
    level: Level | None


def fit_and_evaluate(
    training: TrainingSet,
    params: TrainingParams,
    on_progress: OnProgress,
    baselines: Collection[str] = BASELINES,
) -> Made:
    """A model, and its test rows as in ``Trained``; the first steps of ``train``."""
    params = with_monotone_constraints(params, training.columns)
    on_progress(0, len(_STEPS), _STEPS[0])
    split = split_rows(evidence_rows(training.rows, training.sampling, params), params)
    contract = learn_contract(split.fit, training.names, seen=training.seen)
    fit = encode(contract, split.fit, training.sampling.non_churners)
    calibrate = encode(contract, split.calibrate)
    on_progress(1, len(_STEPS), _STEPS[1])
    model = learn_model(contract, split, fit, calibrate, params)
    model, level = with_newest_level(model, split, calibrate.leaving, params.gap_days)
    on_progress(2, len(_STEPS), _STEPS[2])
    test = encode(contract, split.test).leaving
    risks = baseline_risks(contract, fit.leaving, calibrate.leaving, test.matrix, baselines)
    if "own_rate" in baselines:
        risks["own_rate"] = own_rate(split.fit, split.test, training.sampling.non_churners)
    test_rows = _test_rows(training, split.test, model, risks, test.matrix)
    return Made(split, model, test_rows, fit.leaving, test, level)


def with_monotone_constraints(params: TrainingParams, columns: Sequence[Column]) -> TrainingParams:
    """The parameters with the columns that never lower a risk, where ``monotone`` is set."""
    if not params.monotone:
        return params
    rising = tuple(column.name for column in columns if column.feature.rises)
    of_cause = params.cause_booster and replace(params.cause_booster, rising=rising)
    return replace(params, booster=replace(params.booster, rising=rising), cause_booster=of_cause)


def _test_rows(
    training: TrainingSet,
    rows: pl.DataFrame,
    model: ChurnModel,
    baselines: dict[str, np.ndarray],
    matrix: np.ndarray,
) -> pl.DataFrame:
    """The test rows with the risks of the model and of the baselines, and their attributes."""
    known = [name for name in training.about.columns if name in _ATTRIBUTES]
    keys = ["subscriber_id", "as_of"]
    return (
        rows.select(*keys, "churned", "cause", owner=person_column(rows))
        .hstack(model.predict_encoded(matrix))
        .with_columns(pl.Series(name, risk) for name, risk in baselines.items())
        .join(training.about.select(*keys, *known), on=keys, how="left", maintain_order="left")
        .with_columns(
            pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in _ATTRIBUTES.items()
            if name not in known
        )
    )
