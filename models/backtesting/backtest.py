"""Backtests: the model trained again at each of many dates, evaluated on what came after.

Each origin uses only what was known by then: rows before it, labelled as they could be labelled
then. Only the origin's own rows are evaluated by their later outcomes.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

import polars as pl

from perdura.models.dataset.outcomes import OUTCOME
from perdura.models.dataset.split import HistoryTooShort, split_dates
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.evaluation.by_group import by_cause, by_group
from perdura.models.evaluation.intervals import intervals
from perdura.models.evaluation.metrics import evaluate, risk_columns
from perdura.models.evaluation.refit_comparison import REFIT
from perdura.models.evaluation.segments import SEGMENTS, with_segments
from perdura.models.params import TrainingParams
from perdura.models.training.baselines import BASELINES
from perdura.models.training.refit import refit
from perdura.models.training.train import fit_and_evaluate
from perdura.progress import OnProgress, no_progress

#: The outcome of each row as known at a moment: ``subscriber_id``, ``as_of``, ``OUTCOME``.
LabelsAt = Callable[[datetime], pl.DataFrame]


def backtest(
    training: TrainingSet,
    labels_at: LabelsAt,
    params: TrainingParams,
    *,
    most: int | None = None,
    progress: OnProgress | None = None,
) -> Backtest:
    """Train and evaluate at every date with enough history before it and a known outcome.

    Args:
        training: Feature rows of all dates, every row, labelled as known now.
        labels_at: The outcomes of the rows before a moment, as known then.
        params: The parameters of each training; each origin is one test date.
        most: Number of the newest origins; by default all.
        progress: Called before each origin: origins done, of how many, and the next date.

    Raises:
        HistoryTooShort: There is no such date.
    """
    params = replace(params, split="time", judge_dates=1)
    origins = origins_of(training, params)[-most if most else 0 :]
    overall: list[tuple[object, ...]] = []
    segments: list[pl.DataFrame] = []
    for done, origin in enumerate(origins):
        if progress:
            progress(done, len(origins), f"{origin:%Y-%m-%d}")
        test_rows = evaluated_at(training, origin, labels_at(origin), params)
        overall += _overall(test_rows, origin, params)
        groups = [by_group(test_rows, name) for name in SEGMENTS if test_rows[name].count()]
        segment = pl.concat([by_cause(test_rows), *groups])
        segments.append(segment.insert_column(0, pl.lit(origin).alias("origin")))
    return Backtest(
        params=params,
        overall=pl.DataFrame(overall, schema=_OVERALL, orient="row"),
        segments=pl.concat(segments),
    )


def origins_of(training: TrainingSet, params: TrainingParams) -> list[datetime]:
    """The dates with known outcomes and enough history before them to fit and to calibrate.

    Raises:
        HistoryTooShort: There is none.
    """
    labelled = training.rows.filter(pl.col("churned").is_not_null())
    dates = labelled["as_of"].unique().sort().to_list()
    gap_days, calibrate_dates = params.gap_days, params.calibrate_dates
    split = partial(split_dates, gap_days=gap_days, calibrate_dates=calibrate_dates, judge_dates=1)
    origins: list[datetime] = []
    for index, origin in enumerate(dates):
        with suppress(HistoryTooShort):
            split(dates[: index + 1])
            origins.append(origin)
    if not origins:
        split(dates)  # its error says what was found, and what to do
    return origins


def evaluated_at(
    training: TrainingSet,
    origin: datetime,
    labels: pl.DataFrame,
    params: TrainingParams,
    *,
    baselines: Collection[str] = BASELINES,
) -> pl.DataFrame:
    """The rows of ``origin`` with the risks of a model trained at it, and their segments.

    ``risk`` is that of the evidence model; ``refit`` that of the same recipe fitted again on every
    row with a known outcome by then, which would have been published.

    Args:
        training: As for ``backtest``.
        origin: The date.
        labels: The outcomes of the rows before it, as known at it.
        params: The parameters of the training; one test date.
        baselines: The baselines to evaluate as well.
    """
    known = known_at(training, origin, labels)
    made = fit_and_evaluate(known, params, no_progress, baselines)
    # The outcomes of the origin's own rows were not known then.
    before = pl.col("as_of") < pl.lit(origin)
    labelled = (pl.when(before).then(name).alias(name) for name in ("churned", "cause", "expanded"))
    closed = replace(known, rows=known.rows.with_columns(labelled))
    published = refit(made.model, closed, params)
    refit_risk = published.predict(made.split.test.select(published.contract.names))["risk"]
    return with_segments(made.test_rows.with_columns(refit_risk.alias(REFIT)), made.split.test)


def known_at(training: TrainingSet, origin: datetime, labels: pl.DataFrame) -> TrainingSet:
    """The rows up to ``origin``, labelled as known at it; its own rows keep their outcomes.

    Args:
        training: As for ``backtest``.
        origin: The date.
        labels: The outcomes of the rows before it, as known at it.
    """
    until, at_origin = pl.col("as_of") <= pl.lit(origin), pl.col("as_of") == pl.lit(origin)
    rows, keys = training.rows.filter(until), ["subscriber_id", "as_of"]
    joined = rows.select(*keys).join(
        labels.select(*keys, *OUTCOME), on=keys, how="left", maintain_order="left"
    )
    then = joined.select(pl.col(OUTCOME).name.suffix(" then"))
    relabelled = (
        rows.hstack(then)
        .with_columns(
            pl.when(at_origin).then(name).otherwise(f"{name} then").alias(name) for name in OUTCOME
        )
        .drop(then.columns)
    )
    about = training.about.filter(until)
    return replace(training, rows=relabelled, about=about, known_until=origin)


def _overall(
    test_rows: pl.DataFrame, origin: datetime, params: TrainingParams
) -> Iterator[tuple[object, ...]]:
    for model, risk in risk_columns(test_rows):
        stated = evaluate(test_rows, risk, calls=params.calls).values
        ends = intervals(test_rows, risk, calls=params.calls)
        for metric, value in stated.items():
            yield origin, model, metric, value, ends[metric].low, ends[metric].high


_OVERALL = {
    "origin": pl.Datetime("us", "UTC"),
    "who": pl.String,
    "metric": pl.String,
    "stated": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
