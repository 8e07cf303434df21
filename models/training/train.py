"""Fit the churn model on the past, calibrate it on later rows, judge it on what came after."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

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
from perdura.models.evaluation.metrics import Metrics, evaluate, who_says
from perdura.models.evaluation.reason_faithfulness import ablate_reasons
from perdura.models.evaluation.refit_comparison import why_held_back
from perdura.models.evaluation.risk_level import Level
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.promotion.decision import verdict
from perdura.models.promotion.diagnosis import Diagnosis, rates_by_date
from perdura.models.promotion.minimums import Minimums
from perdura.models.training.baselines import BASELINES, baseline_risks
from perdura.models.training.churn import encode, learn_model
from perdura.models.training.compare_champion import Challenger, ask_champion
from perdura.models.training.expansion import learn_expansion
from perdura.models.training.later_months import judge_months, learn_months
from perdura.models.training.own_rate import own_rate
from perdura.models.training.refit import known_until, refit, refit_sizes
from perdura.models.training.refit_expansion import refit_expansion
from perdura.models.training.result import Trained
from perdura.models.training.risk_level import with_newest_level
from perdura.sources.progress import OnProgress, no_progress

_STEPS = ("split", "fit", "judge", "compare", "refit")

#: What is told of a judged row besides its risks, where the spine has it.
_TOLD = {
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
    """Fit and judge a model, then fit it again on all rows whose outcome is known.

    The verdict and the leakage checks go by the first fit alone. Nothing is written, and nobody is
    promoted by it.

    Args:
        training: Labelled feature rows.
        params: What to learn, on which rows.
        champion: Whom to beat, where somebody reigns.
        earlier: How it would have done at earlier dates, where that was asked.
        cut: The judged rows, or some of them, as they were days before; for the leakage checks.
        unnamed: Signals and columns that are never given as a reason.
        minimums: What the model must reach whoever reigns.
        facts: What the sources hold, to say what likely causes a refusal.
        progress: Told before each step: how many are done, of how many, and which is next.

    Raises:
        HistoryTooShort: There are too few dates for a split by time.
        NotEnoughChurn: A part of the split has only people who left, or only who stayed.
    """
    tell = progress or no_progress
    refuse_without_leavers(training.rows, params, facts)
    made = fit_and_judge(training, params, tell)
    split, judged = made.split, made.judged
    faithfulness = ablate_reasons(made.model, split.test, judged["risk"], training.columns, unnamed)
    expansion = learn_expansion(training, made.model.contract, params, minimums)
    months = learn_months(made.model, training, params)
    evidence = replace(made.model, expansion=expansion.model, months=months and months.model)
    tell(3, len(_STEPS), _STEPS[3])
    held_back = why_held_back(earlier and earlier.procedures)
    until = evidence.fitted_until if held_back else known_until(training, params)
    challenger = Challenger(evidence=evidence, split=split, judged=judged, fitted_until=until)
    incumbent = ask_champion(champion, challenger, training, params)
    if incumbent.risk is not None:
        judged = judged.with_columns(incumbent.risk)
    calls = training.sampling.calls(params.calls)
    metrics_by_model = _judgements(judged, calls)
    leaks = replace(
        _looked_for_leaks(made, metrics_by_model["model"].roc_auc, cut),
        expected=_near_to_silence(training, params),
    )
    decided = verdict(
        judged,
        metrics_by_model,
        incumbent,
        calls=calls,
        earlier=None if earlier is None else earlier.by_date,
        leaks=leaks,
        minimums=minimums,
        diagnosis=_diagnosis(training, made, params, facts),
    )
    tell(4, len(_STEPS), _STEPS[4])
    model = evidence if held_back else _fitted_again(evidence, training, params)
    tell(5, len(_STEPS), "done")
    return Trained(
        model=model,
        evidence=evidence,
        held_back=held_back,
        params=params,
        metrics_by_model=metrics_by_model,
        judged=judged,
        verdict=decided,
        fingerprint=fingerprint(training.learnt_from, training.known_until),
        sizes=split.sizes | refit_sizes(training) | {"left_out_rows": training.sampling.left_out},
        sampling=training.sampling,
        columns=training.columns,
        earlier=earlier,
        leaks=leaks,
        faithfulness=faithfulness,
        months=judge_months(
            months, evidence.contract, training, judged, since=split.judged_from, params=params
        ),
        expansion=expansion,
        level=made.level,
        notes=() if facts is None else facts.notes,
        previous_champion=champion,
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
        judged=made.judged,
        fitted_leavers=int(fitted["churned"].sum()),
        params=params,
        level=made.level,
        facts=facts,
    )


def _fitted_again(
    evidence: ChurnModel, training: TrainingSet, params: TrainingParams
) -> ChurnModel:
    """The model that is published: all of it fitted on every row whose outcome is known.

    What the evidence model could not learn, or not well enough, is not in it either: nobody has
    evaluated it.
    """
    model = refit(evidence, training, params)
    if evidence.months is not None:
        months = learn_months(model, training, params)
        model = replace(model, months=months and months.model)
    if evidence.expansion is not None:
        offers = refit_expansion(evidence.expansion, training, model.contract, params)
        model = replace(model, expansion=offers)
    return model


def _judgements(judged: pl.DataFrame, calls: int) -> dict[str, Metrics]:
    """Of everybody who says a risk, on the same rows."""
    return {name: evaluate(judged, risk, calls=calls) for name, risk in who_says(judged)}


@dataclass(frozen=True, slots=True)
class Made:
    """A model, what it was fitted and judged on, and what it says of the judged rows."""

    split: Split
    model: ChurnModel
    judged: pl.DataFrame
    fitted: Examples
    asked: Examples
    level: Level | None


def fit_and_judge(
    training: TrainingSet,
    params: TrainingParams,
    tell: OnProgress,
    beside: Collection[str] = BASELINES,
) -> Made:
    """A model, and the judged rows as in ``Trained``; the first steps of ``train``."""
    params = held(params, training.columns)
    tell(0, len(_STEPS), _STEPS[0])
    split = split_rows(evidence_rows(training.rows, training.sampling, params), params)
    contract = learn_contract(split.fit, training.names, seen=training.seen)
    fit = encode(contract, split.fit, training.sampling.non_churners)
    calibrate = encode(contract, split.calibrate)
    tell(1, len(_STEPS), _STEPS[1])
    model = learn_model(contract, split, fit, calibrate, params)
    model, level = with_newest_level(model, split, calibrate.leaving, params.gap_days)
    tell(2, len(_STEPS), _STEPS[2])
    asked = encode(contract, split.test).leaving
    baselines = baseline_risks(contract, fit.leaving, calibrate.leaving, asked.matrix, beside)
    if "own_rate" in beside:
        baselines["own_rate"] = own_rate(split.fit, split.test, training.sampling.non_churners)
    judged = _judged(training, split.test, model, baselines, asked.matrix)
    return Made(split, model, judged, fit.leaving, asked, level)


def _looked_for_leaks(made: Made, roc_auc: float, cut: Cut | None) -> Leaks:
    """What the leakage checks measure."""
    return Leaks(
        roc_auc=roc_auc,
        columns=ranking_alone(made.model.contract.names, made.fitted, made.asked),
        cut=None if cut is None else without_last_days(made.model, made.judged, cut),
    )


def _near_to_silence(training: TrainingSet, params: TrainingParams) -> tuple[str, ...]:
    """The columns that tell of payments, where churn is that none comes any more."""
    if params.churn != "silence":
        return ()
    return tuple(column.name for column in training.columns if column.feature.billed)


def held(params: TrainingParams, columns: Sequence[Column]) -> TrainingParams:
    """The parameters, with what never lowers a risk, where trees are held to it."""
    if not params.monotone:
        return params
    rising = tuple(column.name for column in columns if column.feature.rises)
    of_cause = params.cause_booster and replace(params.cause_booster, rising=rising)
    return replace(params, booster=replace(params.booster, rising=rising), cause_booster=of_cause)


def _judged(
    training: TrainingSet,
    rows: pl.DataFrame,
    model: ChurnModel,
    baselines: dict[str, np.ndarray],
    matrix: np.ndarray,
) -> pl.DataFrame:
    """The judged rows, the risks of the model and of the baselines, and what is told of them."""
    told = [name for name in training.about.columns if name in _TOLD]
    keys = ["subscriber_id", "as_of"]
    return (
        rows.select(*keys, "churned", "cause", owner=person_column(rows))
        .hstack(model.predict_encoded(matrix))
        .with_columns(pl.Series(name, risk) for name, risk in baselines.items())
        .join(training.about.select(*keys, *told), on=keys, how="left", maintain_order="left")
        .with_columns(
            pl.lit(None, dtype=kind).alias(name) for name, kind in _TOLD.items() if name not in told
        )
    )
