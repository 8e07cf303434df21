"""Trials in an Optuna study: drawn by a seed, kept in a file, continued after an interruption."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from perdura.models.tuning.search_space import SPACE, Values
from perdura.models.tuning.trials import Tried

_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@contextmanager
def study_in(file: Path, name: str, seed: int, first: Sequence[Values]) -> Generator["Study"]:
    """The study of that name, new or continued; an interrupted trial is marked as failed.

    Args:
        file: The SQLite file of the studies; made if absent.
        name: Name of the study.
        seed: As in ``Study``.
        first: As in ``Study``.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{file.absolute()}")
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            load_if_exists=True,
            # A trial that is worse than the median of earlier ones is pruned.
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        )
        for interrupted in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(interrupted.number, state=TrialState.FAIL)
        yield Study(study, seed, tuple(first))
    finally:
        storage.remove_session()
        storage.engine.dispose()


@dataclass(frozen=True, slots=True)
class Study:
    """Trials of one study, one after the other.

    Attributes:
        study: Optuna's study.
        seed: Decides each trial, together with the earlier ones.
        first: Values to try first, in this order.
    """

    study: optuna.Study
    seed: int
    first: tuple[Values, ...]

    @property
    def tried(self) -> tuple[Tried, ...]:
        """The complete and the pruned trials; interrupted ones are left out."""
        return tuple(
            Tried(
                values={name: trial.params[name] for name in SPACE},
                losses=tuple(trial.user_attrs["losses"]),
                trees=tuple(trial.user_attrs["trees"]),
                gain=trial.user_attrs.get("gain"),
                error=trial.user_attrs.get("error"),
                seconds=trial.duration.total_seconds() if trial.duration else 0.0,
            )
            for trial in self._finished
        )

    @contextmanager
    def one_more(self) -> Generator["Trial"]:
        """The next trial, pruned unless it is completed.

        A trial interrupted or ended by an error fails, and is drawn again.
        """
        # Values to try first that were not yet, unless one waits since an interruption.
        tried = [trial.params for trial in self._finished]
        untried = [dict(values) for values in self.first if dict(values) not in tried]
        waiting = self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if untried and not waiting:
            self.study.enqueue_trial(untried[0])
        # An interruption would lose a sampler's own state. Seeded for each trial, the next one
        # depends only on the seed and on the earlier trials.
        drawn = np.random.SeedSequence([self.seed, len(self._finished)]).generate_state(1)
        self.study.sampler = optuna.samplers.TPESampler(seed=int(drawn[0]))
        open_trial = self.study.ask(_DISTRIBUTIONS)
        trial = Trial(open_trial)
        try:
            yield trial
        except BaseException:
            self.study.tell(open_trial, state=TrialState.FAIL)
            raise
        pruned = TrialState.PRUNED if trial.log_loss is None else None
        self.study.tell(open_trial, trial.log_loss, pruned)

    @property
    def _finished(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=_FINISHED)


class Trial:
    """One running trial."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial
        self._losses: list[float] = []
        self._trees: list[int] = []
        #: The mean over all folds; ``None`` before the last fold, and if it was pruned.
        self.log_loss: float | None = None

    @property
    def values(self) -> Values:
        """The values that are tried."""
        return self._trial.params

    def fold(self, loss: float, trees: int, worse: float) -> bool:
        """Record the result of a fold; whether to prune the trial.

        Args:
            loss: Its log loss.
            trees: Its number of trees.
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
        """Complete the trial with its gain over the defaults and the standard error."""
        self._trial.set_user_attr("gain", gain)
        self._trial.set_user_attr("error", error)
        self.log_loss = float(np.mean(self._losses))


_DISTRIBUTIONS: dict[str, BaseDistribution] = {
    name: IntDistribution(int(span.low), int(span.high), log=span.log)
    if span.whole
    else FloatDistribution(span.low, span.high, log=span.log)
    for name, span in SPACE.items()
}
