"""The folds of tuning: backtests at dates before the test set."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import polars as pl

from perdura.models.backtesting.backtest import LabelsAt, known_at, origins_of
from perdura.models.boosting.booster import Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.dataset.later_months import LATER
from perdura.models.dataset.person_ids import person_column
from perdura.models.dataset.split import judged_from, split_rows
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.training.calibrate import learn_platt
from perdura.models.training.churn import encode


@dataclass(frozen=True, slots=True)
class Fold:
    """One origin of a backtest, ready to be fitted many times.

    Attributes:
        origin: The date. The rows of ``fit`` and ``stop`` closed before it.
        fit: Rows to grow trees on.
        stop: Later rows that decide the number of trees, and calibrate them.
        test: The rows of the origin.
        people: The person of each row of ``test``.
    """

    origin: datetime
    fit: Examples
    stop: Examples
    test: Examples
    people: pl.Series


def before_test_dates(
    training: TrainingSet, labels_at: LabelsAt, params: TrainingParams
) -> TrainingSet:
    """The rows before the first test date, labelled as known at it.

    Tuning on these rows is independent of the test set. The columns of later months are dropped:
    how many are known depends on the present.

    Args:
        training: Feature rows of all dates, labelled as known now.
        labels_at: The outcomes of the rows before a moment, as known then.
        params: Which dates are the test set.

    Raises:
        HistoryTooShort: There are too few dates.
    """
    labelled = training.rows.filter(pl.col("churned").is_not_null())
    first = judged_from(labelled["as_of"].unique().sort().to_list(), params)
    known, before = known_at(training, first, labels_at(first)), pl.col("as_of") < pl.lit(first)
    rows = known.rows.filter(before).drop(LATER, strict=False)
    return replace(known, rows=rows, about=known.about.filter(before))


def folds_of(
    known: TrainingSet, labels_at: LabelsAt, params: TrainingParams, *, most: int
) -> tuple[Fold, ...]:
    """The newest origins of ``known``, oldest first.

    Each keeps the gap of lead, horizon and grace between fit, stop and test rows; its rows are
    labelled as they could be at its origin, as in a backtest.

    Args:
        known: From ``before_test_dates``.
        labels_at: As there.
        params: How rows are split; each origin is one date.
        most: Most folds.

    Raises:
        HistoryTooShort: No date has enough before it.
        NotEnoughChurn: One of them has no churners, or no non-churners.
    """
    params, folds = replace(params, split="time", judge_dates=1), list[Fold]()
    for origin in origins_of(known, params)[-most:]:
        then = known_at(known, origin, labels_at(origin))
        split = split_rows(then.rows, params)
        contract = learn_contract(split.fit, then.names, seen=then.seen)
        fit, stop, test = (encode(contract, part).leaving for part in split.parts.values())
        folds.append(Fold(origin, fit, stop, test, split.test[person_column(split.test)]))
    return tuple(folds)


@dataclass(frozen=True, slots=True)
class TestRows:
    """The folds, and the results of the defaults there, against which trials are compared."""

    folds: tuple[Fold, ...]
    names: list[str]
    defaults: BoosterParams
    by_default: dict[int, tuple[np.ndarray, int]] = field(
        default_factory=dict[int, tuple[np.ndarray, int]]
    )

    def by_defaults(self, folds: int) -> list[np.ndarray]:
        """The log loss of each row of the first ``folds`` folds with the defaults."""
        return [self.log_losses(self.defaults, index)[0] for index in range(folds)]

    def log_losses(self, booster: BoosterParams, index: int) -> tuple[np.ndarray, int]:
        """The log loss of each row of a fold, and the number of trees."""
        if booster == self.defaults and index in self.by_default:
            return self.by_default[index]
        fold = self.folds[index]
        trees = LEARNER.fit(fold.fit, fold.stop, self.names, booster)
        stop, test = (LEARNER.raw_scores(trees, part.matrix) for part in (fold.stop, fold.test))
        # Calibration corrects overconfident trees in the end, so it is applied here too.
        odds = learn_platt(stop, fold.stop.happened).log_odds(test)
        result = np.logaddexp(0, odds) - fold.test.happened * odds, trees.num_trees()
        if booster == self.defaults:
            self.by_default[index] = result
        return result


def gain(
    folds: Sequence[Fold], before: Sequence[np.ndarray], after: Sequence[np.ndarray]
) -> tuple[float, float]:
    """By how much the log loss is lower after than before on average, and its standard error.

    Folds have equal weight; the error is clustered by person, over all dates.

    Args:
        folds: The folds of both.
        before: The log loss of each row, one array per fold.
        after: The same, afterwards.
    """
    less = [one - other for one, other in zip(before, after, strict=True)]
    centred = [(rows - rows.mean()) / (len(rows) * len(less)) for rows in less]
    person = pl.concat([fold.people for fold in folds]).rank("dense").to_numpy().astype(np.int64)
    by_person = np.bincount(person, np.concatenate(centred))
    return float(np.mean([rows.mean() for rows in less])), float(np.sqrt((by_person**2).sum()))
