"""Where tuning asks: the model made anew at dates before the judged ones, and what came after."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import polars as pl

from perdura.models.backtesting.backtest import LabelsAt, known_at, origins_of
from perdura.models.boosting.booster import Examples, fit_booster, raw_scores
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
        origin: The date. What is fitted, and what stops the trees, closed before it.
        fit: Rows to grow trees on.
        stop: Later rows that decide how many trees there are, and calibrate them.
        asked: The rows of the origin, which neither saw.
        people: Whom each of ``asked`` is about.
    """

    origin: datetime
    fit: Examples
    stop: Examples
    asked: Examples
    people: pl.Series


def before_judged(
    training: TrainingSet, labels_at: LabelsAt, params: TrainingParams
) -> TrainingSet:
    """What was known when the first judged date came: no row of it or after it, labels as then.

    Whatever is chosen by these rows, the judged rows had no say in it. Of later months nothing is
    said: how many of a row are known hangs on what is known by now.

    Args:
        training: Feature rows of all dates, labelled as it is known now.
        labels_at: What became of the rows before a moment, as it was known then.
        params: Which dates judge.

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

    Each keeps the gap of lead, horizon and grace between what is fitted, what stops the trees and
    what is asked; its rows are labelled as they could be at its origin, as in a backtest.

    Args:
        known: As of ``before_judged``.
        labels_at: As there.
        params: How rows are split; each origin is one date.
        most: So many at most.

    Raises:
        HistoryTooShort: No date has enough before it.
        NotEnoughChurn: At one of them nobody left, or nobody stayed.
    """
    params = replace(params, split="time", judge_dates=1)
    return tuple(
        _fold(known_at(known, origin, labels_at(origin)), origin, params)
        for origin in origins_of(known, params)[-most:]
    )


def _fold(known: TrainingSet, origin: datetime, params: TrainingParams) -> Fold:
    split = split_rows(known.rows, params)
    contract = learn_contract(split.fit, known.names, seen=known.seen)
    fit, stop, asked = (encode(contract, part).leaving for part in split.parts.values())
    return Fold(origin, fit, stop, asked, split.test[person_column(split.test)])


@dataclass(frozen=True, slots=True)
class TestRows:
    """The folds, and what the defaults say there, which every trial is held against."""

    folds: tuple[Fold, ...]
    names: list[str]
    defaults: BoosterParams
    told: dict[int, tuple[np.ndarray, int]] = field(default_factory=dict)

    def by_defaults(self, folds: int) -> list[np.ndarray]:
        """What each row of so many folds adds to their log loss."""
        return [self.log_losses(self.defaults, place)[0] for place in range(folds)]

    def log_losses(self, booster: BoosterParams, place: int) -> tuple[np.ndarray, int]:
        """What each row of a fold adds to the log loss, and how many trees helped."""
        if booster != self.defaults:
            return _log_losses(self.folds[place], self.names, booster)
        if place not in self.told:
            self.told[place] = _log_losses(self.folds[place], self.names, booster)
        return self.told[place]


def _log_losses(fold: Fold, names: list[str], booster: BoosterParams) -> tuple[np.ndarray, int]:
    made = fit_booster(fold.fit, fold.stop, names, booster)
    stop, asked = (raw_scores(made, part.matrix) for part in (fold.stop, fold.asked))
    # Trees that are too bold are set right by a line in the end, so they are not blamed here.
    said = learn_platt(stop, fold.stop.happened).log_odds(asked)
    return np.logaddexp(0, said) - fold.asked.happened * said, made.num_trees()


def gain(
    folds: Sequence[Fold], before: Sequence[np.ndarray], after: Sequence[np.ndarray]
) -> tuple[float, float]:
    """How much less surprised one is than the other on average, and its standard error.

    Folds count alike, and the rows of one person, at whichever dates, go together.

    Args:
        folds: Where both were asked.
        before: Of each fold, what each row adds to the log loss.
        after: The same of the other.
    """
    less = [one - other for one, other in zip(before, after, strict=True)]
    apart = [(rows - rows.mean()) / (len(rows) * len(less)) for rows in less]
    who = pl.concat([fold.people for fold in folds]).rank("dense").to_numpy().astype(np.int64)
    each = np.bincount(who, np.concatenate(apart))
    return float(np.mean([rows.mean() for rows in less])), float(np.sqrt((each**2).sum()))
