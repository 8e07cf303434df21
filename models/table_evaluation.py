"""How good a model of a prepared table is, and whether a column tells what is to be foretold."""

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

#: What is said of a model; there is no money in a table, and nobody says how many can be called.
_SAID = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error")
_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
_WHAT_TO_TRY = (
    "To try: see when the values of these columns are written; leave out what is written, or "
    "cleared, after people have left"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, and where it lies in 95 of 100 such samples."""

    value: float
    interval: Interval

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.interval.low:.3f} to {self.interval.high:.3f})"


@dataclass(frozen=True, slots=True)
class TableEvaluation:
    """A model of a table on rows that it was not fitted on, each asked once.

    Attributes:
        rows: How many there are.
        rate: The share of them where it happened.
        metrics: ``roc_auc``, ``average_precision``, ``log_loss``, ``brier`` and
            ``calibration_error``.
        leaks: What looks like a leak, a sentence each; none where nothing does.
    """

    rows: int
    rate: float
    metrics: Mapping[str, Measured]
    leaks: tuple[str, ...]

    def __str__(self) -> str:
        told = ", ".join(f"{name} {number}" for name, number in self.metrics.items())
        first = f"On {self.rows:,} rows, of which it happened in {self.rate:.1%}: {told}."
        return "\n".join([first, *(f"{leak}." for leak in self.leaks)])


def evaluate_table(
    people: pl.Series,
    happened: np.ndarray,
    score: np.ndarray,
    fold: np.ndarray,
    columns: pl.DataFrame,
) -> TableEvaluation:
    """The evaluation of scores that were given by models fitted on other folds.

    Args:
        people: Whom each row is about.
        happened: 0 or 1, of each row.
        score: Log-odds of each row, of a model that was not fitted on its fold.
        fold: Of each row.
        columns: As of ``alone``.
    """
    judged = pl.DataFrame(
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
    # Rows of one person differ by their place alone.
    judged = judged.with_columns(
        pl.col("as_of") + pl.duration(microseconds=pl.int_range(pl.len(), dtype=pl.Int64))
    )
    values = evaluate(judged, calls=1).values
    lie = intervals(judged, calls=1)
    found = Leaks(roc_auc=values["roc_auc"], columns=columns)
    return TableEvaluation(
        rows=len(happened),
        rate=float(happened.mean()),
        metrics={name: Measured(values[name], lie[name]) for name in _SAID},
        leaks=tuple(alarms(found, LeakBounds(), todo=_WHAT_TO_TRY)),
    )


def alone(names: list[str], folds: list[tuple[Examples, Examples]]) -> pl.DataFrame:
    """How well each column ranks by itself, and by being empty, on average over the folds."""
    each = pl.concat([ranking_alone(names, fitted, asked) for fitted, asked in folds])
    ranked = each.group_by("column").agg(pl.col("alone", "missingness").mean())
    return ranked.sort("alone", "column", descending=[True, False])


def _calibrated(score: np.ndarray, happened: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The risk of each row, by a calibration that was learnt on the other folds."""
    risk = np.empty(len(score))
    for number in np.unique(fold):
        asked = fold == number
        others, later = ~asked, fold[~asked] >= np.median(fold[~asked])
        calibration = choose_calibration(score[others], happened[others], later)
        risk[asked] = calibration.apply(score[asked])
    return risk
