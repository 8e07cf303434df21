"""How good the model would have been: made anew at each of many dates, judged on what came after.

At each origin nothing is used that was not known by then: rows before it, labelled as they could be
labelled then. Only the origin's own rows are judged by what became of them since.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime

import polars as pl

from perdura.models.dataset.outcomes import OUTCOME
from perdura.models.dataset.split import HistoryTooShort, split_dates
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.evaluation.by_group import by_cause, by_group
from perdura.models.evaluation.intervals import intervals
from perdura.models.evaluation.metrics import evaluate, who_says
from perdura.models.evaluation.refit_comparison import REFIT
from perdura.models.evaluation.segments import SEGMENTS, with_segments
from perdura.models.params import TrainingParams
from perdura.models.training.baselines import BASELINES
from perdura.models.training.refit import refit
from perdura.models.training.train import fit_and_judge
from perdura.sources.progress import OnProgress, no_progress

#: What became of each row as it was known at a moment: ``subscriber_id``, ``as_of``, ``OUTCOME``.
LabelsAt = Callable[[datetime], pl.DataFrame]


def backtest(
    training: TrainingSet,
    labels_at: LabelsAt,
    params: TrainingParams,
    *,
    most: int | None = None,
    progress: OnProgress | None = None,
) -> Backtest:
    """Fit, wait for the outcome, judge: at every date that has enough before it and after it.

    Args:
        training: Feature rows of all dates, every row, labelled as it is known now.
        labels_at: What became of the rows before a moment, as it was known then.
        params: What to learn; each origin is one date that judges.
        most: So many of the newest origins; by default all.
        progress: Told before each origin: how many are done, of how many, and which is next.

    Raises:
        HistoryTooShort: No date has enough before it and after it.
    """
    params = replace(params, split="time", judge_dates=1)
    origins = origins_of(training, params)[-most if most else 0 :]
    overall, segments = [], []
    for done, origin in enumerate(origins):
        if progress:
            progress(done, len(origins), f"{origin:%Y-%m-%d}")
        judged = judged_at(training, origin, labels_at(origin), params)
        overall += list(_overall(judged, origin, params))
        segments.append(_segments(judged, origin))
    return Backtest(
        params=params,
        overall=pl.DataFrame(overall, schema=_OVERALL, orient="row"),
        segments=pl.concat(segments),
    )


def origins_of(training: TrainingSet, params: TrainingParams) -> list[datetime]:
    """The dates whose outcome is known and before which there is enough to fit and to calibrate.

    Raises:
        HistoryTooShort: There is none.
    """
    labelled = training.rows.filter(pl.col("churned").is_not_null())
    dates = labelled["as_of"].unique().sort().to_list()
    found = [origin for place, origin in enumerate(dates) if _enough(dates[: place + 1], params)]
    if not found:
        # Says what was found, and what to do.
        _split(dates, params)
    return found


def judged_at(
    training: TrainingSet,
    origin: datetime,
    labels: pl.DataFrame,
    params: TrainingParams,
    *,
    beside: Collection[str] = BASELINES,
) -> pl.DataFrame:
    """The rows of ``origin`` and what a model made at it says of them, with their segments.

    ``risk`` is that of the model that is evaluated there; ``refit`` that of the same recipe fitted
    again on every row whose outcome was known by then, which would have been published.

    Args:
        training: As for ``backtest``.
        origin: The date.
        labels: What became of the rows before it, as it was known at it.
        params: What to learn; one date judges.
        beside: The baselines that are asked as well.
    """
    known = known_at(training, origin, labels)
    made = fit_and_judge(known, params, no_progress, beside)
    published = refit(made.model, _closed(known, origin), params)
    again = published.predict(made.split.test.select(published.contract.names))["risk"]
    return with_segments(made.judged.with_columns(again.alias(REFIT)), made.split.test)


def _closed(known: TrainingSet, origin: datetime) -> TrainingSet:
    """The rows without what came of those of ``origin``: nobody knew it then."""
    before = pl.col("as_of") < pl.lit(origin)
    labels = (pl.when(before).then(name).alias(name) for name in ("churned", "cause", "expanded"))
    return replace(known, rows=known.rows.with_columns(labels))


def known_at(training: TrainingSet, origin: datetime, labels: pl.DataFrame) -> TrainingSet:
    """The rows up to ``origin``, labelled as it was known at it; its own rows keep what came.

    Args:
        training: As for ``backtest``.
        origin: The date.
        labels: What became of the rows before it, as it was known at it.
    """
    upto = pl.col("as_of") <= pl.lit(origin)
    rows = _relabelled(training.rows.filter(upto), origin, labels)
    return replace(training, rows=rows, about=training.about.filter(upto), known_until=origin)


def _relabelled(rows: pl.DataFrame, origin: datetime, labels: pl.DataFrame) -> pl.DataFrame:
    """The rows before ``origin`` labelled by ``labels``; those of it keep what came."""
    keys, now = ["subscriber_id", "as_of"], pl.col("as_of") == pl.lit(origin)
    told = rows.select(*keys).join(
        labels.select(*keys, *OUTCOME), on=keys, how="left", maintain_order="left"
    )
    then = told.select(pl.col(OUTCOME).name.suffix(" then"))
    return (
        rows.hstack(then)
        .with_columns(
            pl.when(now).then(name).otherwise(f"{name} then").alias(name) for name in OUTCOME
        )
        .drop(then.columns)
    )


def _enough(dates: list[datetime], params: TrainingParams) -> bool:
    try:
        _split(dates, params)
    except HistoryTooShort:
        return False
    return True


def _split(dates: list[datetime], params: TrainingParams) -> None:
    split_dates(
        dates, gap_days=params.gap_days, calibrate_dates=params.calibrate_dates, judge_dates=1
    )


def _overall(
    judged: pl.DataFrame, origin: datetime, params: TrainingParams
) -> Iterator[tuple[object, ...]]:
    for who, risk in who_says(judged):
        stated = evaluate(judged, risk, calls=params.calls).values
        spread = intervals(judged, risk, calls=params.calls)
        for metric, value in stated.items():
            yield origin, who, metric, value, spread[metric].low, spread[metric].high


def _segments(judged: pl.DataFrame, origin: datetime) -> pl.DataFrame:
    groups = [by_group(judged, name) for name in SEGMENTS if judged[name].count()]
    told = pl.concat([by_cause(judged), *groups])
    return told.insert_column(0, pl.lit(origin).alias("origin"))


_OVERALL = {
    "origin": pl.Datetime("us", "UTC"),
    "who": pl.String,
    "metric": pl.String,
    "stated": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
