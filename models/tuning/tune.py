"""Search for better parameters of the trees than the defaults, on rows before the test set."""

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
from perdura.models.training.train import with_monotone_constraints
from perdura.models.tuning.folds import Fold, TestRows, before_test_dates, folds_of, gain
from perdura.models.tuning.search_space import SPACE, values_of, with_values
from perdura.models.tuning.study import Study, Trial, study_in
from perdura.models.tuning.trials import Confirmation, Tuning
from perdura.models.tuning.tuned_params import Tuned
from perdura.progress import OnProgress

#: Number of origins that choose among trials, the newest before the one that confirms the best.
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
    """Try parameters on the newest dates before the test set, the defaults first.

    Neither the test rows nor anything known from the first test date on is read. The objective is
    the log loss, calibrated by a line, on rows that neither grew the trees nor stopped or
    calibrated them. The best trial is confirmed at a newer date that no trial saw. The trials
    depend only on the rows, ``params`` and their seed: an interrupted search continues where it
    stopped. An interruption ends the search and keeps its trials.

    Args:
        training: Feature rows of all dates, labelled as known now.
        labels_at: The outcomes of the rows before a moment, as known then.
        params: The parameters of the training; its booster holds the defaults.
        file: The file of studies; a study of the same rows and ``params`` is continued.
        minutes: Begin no trial after this time.
        trials: Total number of trials, including those of an interrupted run; by default no limit.
        kept: The best of an earlier tuning, tried second, unless it has seen the test set.
        progress: Called before each trial: seconds, of how many, and the state of the search.

    Raises:
        HistoryTooShort: The rows are split by subscriber, or no date has enough before it.
        NotEnoughChurn: One of the dates has no churners, or no non-churners.
    """
    if params.split != "time":
        raise HistoryTooShort(
            f"asked to tune where the split is by {params.split}; tuning validates on dates "
            "before the judged ones. Leave the defaults, or give a longer history: training.split "
            "= 'time'"
        )
    known = before_test_dates(training, labels_at, params)
    params = with_monotone_constraints(params, training.columns)
    *folds, last = folds_of(known, labels_at, params, most=FOLDS + 1)
    folds, last = ((*folds,), last) if folds else ((last,), None)
    rows_digest = digest(known.rows)
    first = [values_of(params.booster)]
    if kept and kept.judged_from <= known.known_until:
        first.append(kept.booster)
    name = _study_name(rows_digest, params, folds)
    with study_in(file, name, params.booster.seed, first) as study:
        before = len(study.tried)
        test = TestRows(folds, training.names, params.booster)
        stopped = _search(study, test, _Budget(60 * minutes, trials, progress))
        tuning = Tuning(
            params=params,
            origins=tuple(fold.origin for fold in folds),
            judged_from=known.known_until,
            rows=known.rows.height,
            digest=rows_digest,
            tried=study.tried,
            before=before,
            stopped=stopped,
        )
        return replace(tuning, confirmation=_confirm(tuning, test, last))


def _confirm(tuning: Tuning, test: TestRows, last: Fold | None) -> Confirmation | None:
    """The best trial against the defaults on a fold of its own."""
    if last is None or tuning.best is tuning.defaults:
        return None
    alone = TestRows((last,), test.names, test.defaults)
    best = alone.log_losses(with_values(test.defaults, tuning.best.values), 0)[0]
    gained, error = gain(alone.folds, alone.by_defaults(1), [best])
    return Confirmation(origin=last.origin, gain=gained, error=error)


def _search(study: Study, test: TestRows, budget: "_Budget") -> bool:
    """Run trials while the budget lasts; whether the search was interrupted."""
    try:
        while budget.allows(study):
            with study.one_more() as trial:
                _run_trial(trial, test)
    except KeyboardInterrupt:
        if not study.tried:
            raise
        return True
    return False


def _run_trial(trial: Trial, test: TestRows) -> None:
    """Evaluate one set of values fold by fold; prune it when it is worse than most."""

    def mean(log_losses: Sequence[np.ndarray]) -> float:
        return float(np.mean([rows.mean() for rows in log_losses]))

    booster = with_values(test.defaults, trial.values)
    results: list[np.ndarray] = []
    for index in range(len(test.folds)):
        log_losses, trees = test.log_losses(booster, index)
        results.append(log_losses)
        worse = mean(results) - mean(test.by_defaults(index + 1))
        worse_than_most = trial.fold(float(log_losses.mean()), trees, worse)
        if worse_than_most and index + 1 < len(test.folds):
            return
    trial.complete(*gain(test.folds, test.by_defaults(len(results)), results))


class _Budget:
    """The time and the number of trials of a search."""

    def __init__(self, seconds: float, trials: int | None, progress: OnProgress | None) -> None:
        self._seconds, self._trials, self._progress = seconds, trials, progress
        self._began = monotonic()

    def allows(self, study: Study) -> bool:
        """Whether one more trial may begin; the first (the defaults) always may."""
        tried, spent = study.tried, monotonic() - self._began
        if self._progress:
            least = min((trial.log_loss for trial in tried if not trial.pruned), default=None)
            best = "" if least is None else f", best {least:.5f}"
            self._progress(int(spent), int(self._seconds), f"{len(tried)} tried{best}")
        if not tried:
            return True
        return spent < self._seconds and (self._trials is None or len(tried) < self._trials)


def _study_name(rows_digest: str, params: TrainingParams, folds: Sequence[Fold]) -> str:
    """The name of a study: other rows, parameters or versions of LightGBM begin another one."""
    content = {
        "rows": rows_digest,
        "origins": [fold.origin.isoformat() for fold in folds],
        "params": asdict(replace(params, booster=replace(params.booster, threads=0))),
        "space": {name: asdict(span) for name, span in SPACE.items()},
        "lightgbm": version("lightgbm"),
    }
    text = json.dumps(content, sort_keys=True).encode()
    return f"trees {blake2b(text, digest_size=8).hexdigest()}"
