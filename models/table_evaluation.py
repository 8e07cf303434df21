"""The evaluation of a model of a prepared table: metrics and leakage checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples
from perdura.models.evaluation.intervals import Interval, intervals
from perdura.models.evaluation.leakage import LeakBounds, Leaks, alarms
from perdura.models.evaluation.leakage_signals import ranking_alone
from perdura.models.evaluation.metrics import evaluate
from perdura.models.training.calibrate import choose_calibration
from perdura.sources.counted import counted

#: The metrics of a table model; without MRR and capacity there is no lift and no recall.
_METRICS = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error")
_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
_WHAT_TO_TRY = (
    "To try: see when the values of these columns are written; leave out what is written, or "
    "cleared, after people have left"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number and its 95 % interval."""

    value: float
    interval: Interval

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.interval.low:.3f} to {self.interval.high:.3f})"


@dataclass(frozen=True, slots=True)
class TableEvaluation:
    """The evaluation of a table model by cross-fitting: each row is predicted once, out of fold.

    Attributes:
        rows: Number of rows.
        rate: Share of the rows with the outcome.
        metrics: ``roc_auc``, ``average_precision``, ``log_loss``, ``brier`` and
            ``calibration_error``.
        leaks: Failed leakage checks, a sentence each; empty where all pass.
    """

    rows: int
    rate: float
    metrics: Mapping[str, Measured]
    leaks: tuple[str, ...]

    def __str__(self) -> str:
        metrics = ", ".join(f"{name} {number}" for name, number in self.metrics.items())
        first = (
            f"On {counted(self.rows, 'row')}, of which it happened in {self.rate:.1%}: {metrics}."
        )
        return "\n".join([first, *(f"{leak}." for leak in self.leaks)])


def evaluate_table(
    people: pl.Series,
    happened: np.ndarray,
    score: np.ndarray,
    fold: np.ndarray,
    columns: pl.DataFrame,
) -> TableEvaluation:
    """The evaluation of out-of-fold scores.

    Args:
        people: The subscriber of each row.
        happened: The outcome of each row, 0 or 1.
        score: Out-of-fold log-odds of each row.
        fold: The fold of each row.
        columns: From ``alone``.
    """
    test_rows = pl.DataFrame(
        {
            "subscriber_id": people.cast(pl.String),
            "as_of": _MOMENT,
            "churned": happened.astype(bool),
            "risk": _calibrated(score, happened, fold),
            "mrr": None,
            "currency": None,
        },
        schema_overrides={"mrr": pl.Int64, "currency": pl.String},
    )
    # Rows of one person differ only by their position.
    test_rows = test_rows.with_columns(
        pl.col("as_of") + pl.duration(microseconds=pl.int_range(pl.len(), dtype=pl.Int64))
    )
    values = evaluate(test_rows, calls=1).values
    ends = intervals(test_rows, calls=1)
    found = Leaks(roc_auc=values["roc_auc"], columns=columns)
    return TableEvaluation(
        rows=len(happened),
        rate=float(happened.mean()),
        metrics={name: Measured(values[name], ends[name]) for name in _METRICS},
        leaks=tuple(alarms(found, LeakBounds(), todo=_WHAT_TO_TRY)),
    )


def alone(names: list[str], folds: list[tuple[Examples, Examples]]) -> pl.DataFrame:
    """How well each column ranks by itself, and by being empty, on average over the folds."""
    by_fold = pl.concat([ranking_alone(names, fitted, held_out) for fitted, held_out in folds])
    ranked = by_fold.group_by("column").agg(pl.col("alone", "missingness").mean())
    return ranked.sort("alone", "column", descending=[True, False])


def _calibrated(score: np.ndarray, happened: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The risk of each row, by a calibration learnt on the other folds."""
    risk = np.empty(len(score))
    for number in np.unique(fold):
        inside = fold == number
        others, later = ~inside, fold[~inside] >= np.median(fold[~inside])
        calibration = choose_calibration(score[others], happened[others], later)
        risk[inside] = calibration.apply(score[inside])
    return risk
