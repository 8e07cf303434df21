"""Trials in an Optuna study: drawn by a seed, kept in a file, gone on with after a stop."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from perdura.models.tuning.search_space import SPACE, Span, Values
from perdura.models.tuning.trials import Tried

_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@contextmanager
def study_in(file: Path, name: str, seed: int, first: Sequence[Values]) -> Iterator["Study"]:
    """The study of that name, gone on with if it was begun; a trial that was cut off is failed.

    Args:
        file: The SQLite file that studies are kept in; made if absent.
        name: Of the study.
        seed: As of the study.
        first: As of the study.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{file.absolute()}")
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            load_if_exists=True,
            # Half of what has been tried is worse: of what is among it early, no more is asked.
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        )
        for each in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(each.number, state=TrialState.FAIL)
        yield Study(study, seed, tuple(first))
    finally:
        storage.remove_session()
        storage.engine.dispose()


@dataclass(frozen=True, slots=True)
class Study:
    """Trials of one study, one after the other.

    Attributes:
        study: Optuna's.
        seed: Decides what is tried, together with what has been tried.
        first: Tried first, in this order.
    """

    study: optuna.Study
    seed: int
    first: tuple[Values, ...]

    @property
    def tried(self) -> tuple[Tried, ...]:
        """What was tried to the end, or given up; what was cut off does not count."""
        return tuple(map(_tried, self._finished))

    @contextmanager
    def one_more(self) -> Iterator["Trial"]:
        """The next trial, given up unless it is completed.

        Cut off by an error or an interruption it is failed, and drawn anew.
        """
        # A sampler's own state would be lost with a stop. Drawn afresh for each trial, what comes
        # next depends only on the seed and on what was tried, and a stop changes nothing.
        self._enqueue()
        drawn = np.random.SeedSequence([self.seed, len(self._finished)]).generate_state(1)
        self.study.sampler = optuna.samplers.TPESampler(seed=int(drawn[0]))
        asked = self.study.ask(_DISTRIBUTIONS)
        trial = Trial(asked)
        try:
            yield trial
        except BaseException:
            self.study.tell(asked, state=TrialState.FAIL)
            raise
        pruned = TrialState.PRUNED if trial.log_loss is None else None
        self.study.tell(asked, trial.log_loss, pruned)

    def _enqueue(self) -> None:
        """Of what is tried first, the first that was not, unless it waits since a stop."""
        tried = [each.params for each in self._finished]
        wanted = [dict(values) for values in self.first if dict(values) not in tried]
        waiting = self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if wanted and not waiting:
            self.study.enqueue_trial(wanted[0])

    @property
    def _finished(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=_FINISHED)


class Trial:
    """One trial at work."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial
        self._losses: list[float] = []
        self._trees: list[int] = []
        #: The mean over all folds; none before it has seen them, and none if it was given up.
        self.log_loss: float | None = None

    @property
    def values(self) -> Values:
        """What is tried."""
        return self._trial.params

    def fold(self, loss: float, trees: int, worse: float) -> bool:
        """Keep what a fold says; whether to give up.

        Args:
            loss: Log loss at it.
            trees: How many trees helped.
            worse: By how much the log loss, on average over the folds so far, is above that of the
                defaults: dates differ from each other by more than trials do.
        """
        self._losses.append(loss)
        self._trees.append(trees)
        self._trial.set_user_attr("losses", self._losses)
        self._trial.set_user_attr("trees", self._trees)
        self._trial.report(worse, len(self._losses))
        return self._trial.should_prune()

    def complete(self, gain: float, error: float) -> None:
        """It has seen every fold; how much better than the defaults it is, give or take."""
        self._trial.set_user_attr("gain", gain)
        self._trial.set_user_attr("error", error)
        self.log_loss = float(np.mean(self._losses))


def _distribution(span: Span) -> BaseDistribution:
    if span.whole:
        return IntDistribution(int(span.low), int(span.high), log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)


_DISTRIBUTIONS = {name: _distribution(span) for name, span in SPACE.items()}


def _tried(trial: FrozenTrial) -> Tried:
    told, took = trial.user_attrs, trial.duration
    return Tried(
        values={name: trial.params[name] for name in SPACE},
        losses=tuple(told["losses"]),
        trees=tuple(told["trees"]),
        gain=told.get("gain"),
        error=told.get("error"),
        seconds=took.total_seconds() if took else 0.0,
    )
