"""Look for parameters of the trees that do better than the defaults, on rows before the judged."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from time import monotonic

import numpy as np

from perdura.models.backtesting.backtest import LabelsAt
from perdura.models.dataset.fingerprint import digest
from perdura.models.dataset.split import HistoryTooShort
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import TrainingParams
from perdura.models.training.train import held
from perdura.models.tuning.folds import Fold, TestRows, before_judged, folds_of, gain
from perdura.models.tuning.search_space import SPACE, values_of, with_values
from perdura.models.tuning.study import Study, Trial, study_in
from perdura.models.tuning.trials import Confirmation, Tuning
from perdura.models.tuning.tuned_params import Tuned
from perdura.sources.progress import OnProgress

#: So many origins choose among trials, the newest before the one that confirms the best of them.
FOLDS = 4


def tune(
    training: TrainingSet,
    labels_at: LabelsAt,
    params: TrainingParams,
    *,
    file: Path,
    minutes: float = 10.0,
    trials: int | None = None,
    kept: Tuned | None = None,
    progress: OnProgress | None = None,
) -> Tuning:
    """Try parameters on the newest dates before the judged ones, the defaults first.

    Of the judged rows, and of what became known from the first judged date on, nothing is read.
    What counts is the log loss, calibrated by a line, on rows that neither grew the trees nor
    stopped or calibrated them. The best trial is asked once more at a newer date that none saw.
    What is tried hangs on the rows, ``params``, and their seed alone: a stop changes nothing but
    when. An interruption ends it, and keeps what was done.

    Args:
        training: Feature rows of all dates, labelled as it is known now.
        labels_at: What became of the rows before a moment, as it was known then.
        params: What to learn; its booster are the defaults.
        file: Where studies are kept; the study of the same rows and ``params`` is gone on with.
        minutes: Begin no trial after so many.
        trials: So many in all, with those that had been done before; by default no end.
        kept: What did best before, tried second, unless it has seen the judged rows.
        progress: Told before each trial: seconds, of how many, and how far it is.

    Raises:
        HistoryTooShort: The rows are split by subscriber, or no date has enough before it.
        NotEnoughChurn: At one of the dates nobody left, or nobody stayed.
    """
    _refuse_people(params)
    known, params = before_judged(training, labels_at, params), held(params, training.columns)
    *folds, last = folds_of(known, labels_at, params, most=FOLDS + 1)
    folds, last = ((*folds,), last) if folds else ((last,), None)
    read = digest(known.rows)
    first = [values_of(params.booster)]
    if kept and kept.judged_from <= known.known_until:
        first.append(kept.booster)
    with study_in(file, _name(read, params, folds), params.booster.seed, first) as study:
        before = len(study.tried)
        asked = TestRows(folds, training.names, params.booster)
        budget = _Budget(60 * minutes, trials, progress)
        stopped = _search(study, asked, budget)
        found = Tuning(
            params=params,
            origins=tuple(fold.origin for fold in folds),
            judged_from=known.known_until,
            rows=known.rows.height,
            digest=read,
            tried=study.tried,
            before=before,
            stopped=stopped,
        )
        return replace(found, confirmation=_confirm(found, asked, last))


def _confirm(found: Tuning, asked: TestRows, last: Fold | None) -> Confirmation | None:
    """The best trial beside the defaults on a fold of its own."""
    if last is None or found.best is found.defaults:
        return None
    alone = TestRows((last,), asked.names, asked.defaults)
    best = alone.log_losses(with_values(asked.defaults, found.best.values), 0)[0]
    gained, error = gain(alone.folds, alone.by_defaults(1), [best])
    return Confirmation(origin=last.origin, gain=gained, error=error)


def _search(study: Study, asked: TestRows, budget: "_Budget") -> bool:
    """Try one after the other; whether that was interrupted."""
    try:
        while budget.allows(study):
            with study.one_more() as trial:
                _try(trial, asked)
    except KeyboardInterrupt:
        if not study.tried:
            raise
        return True
    return False


def _try(trial: Trial, asked: TestRows) -> None:
    """One set of values, fold by fold, for as long as it is no worse than most."""
    booster = with_values(asked.defaults, trial.values)
    own: list[np.ndarray] = []
    for place in range(len(asked.folds)):
        log_losses, trees = asked.log_losses(booster, place)
        own.append(log_losses)
        worse = _mean(own) - _mean(asked.by_defaults(place + 1))
        worse_than_most = trial.fold(float(log_losses.mean()), trees, worse)
        if worse_than_most and place + 1 < len(asked.folds):
            return
    trial.complete(*gain(asked.folds, asked.by_defaults(len(own)), own))


def _mean(surprises: Sequence[np.ndarray]) -> float:
    return float(np.mean([each.mean() for each in surprises]))


class _Budget:
    """How long there is, and how many trials."""

    def __init__(self, seconds: float, trials: int | None, progress: OnProgress | None) -> None:
        self._seconds, self._trials, self._progress = seconds, trials, progress
        self._began = monotonic()

    def allows(self, study: Study) -> bool:
        """Whether one more trial may begin; the first, the defaults, always may."""
        tried, spent = study.tried, monotonic() - self._began
        if self._progress:
            least = min((each.log_loss for each in tried if not each.pruned), default=None)
            best = "" if least is None else f", best {least:.5f}"
            self._progress(int(spent), int(self._seconds), f"{len(tried)} tried{best}")
        if not tried:
            return True
        return spent < self._seconds and (self._trials is None or len(tried) < self._trials)


def _refuse_people(params: TrainingParams) -> None:
    if params.split != "time":
        raise HistoryTooShort(
            f"asked to tune where the split is by {params.split}; tuning validates on dates "
            "before the judged ones. Leave the defaults, or give a longer history: split = 'time'"
        )


def _name(read: str, params: TrainingParams, folds: Sequence[Fold]) -> str:
    """One name for one question: other rows, parameters or LightGBM begin another study."""
    asked = {
        "rows": read,
        "origins": [fold.origin.isoformat() for fold in folds],
        "params": asdict(replace(params, booster=replace(params.booster, threads=0))),
        "space": {name: asdict(span) for name, span in SPACE.items()},
        "lightgbm": version("lightgbm"),
    }
    told = json.dumps(asked, sort_keys=True).encode()
    return f"trees {blake2b(told, digest_size=8).hexdigest()}"
