"""What a tuning tried, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Any

from perdura.models.params import TrainingParams
from perdura.models.tuning.search_space import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One trial.

    Attributes:
        values: The tuned parameters.
        losses: Log loss at each fold, oldest first; of a pruned trial, at those that it saw.
        trees: How many trees helped, at each of these.
        gain: How much less surprised than the defaults it is on average; none if it was pruned:
            given up before its last fold, for being worse than most.
        error: The standard error of the gain.
        seconds: How long it took.
    """

    values: Values
    losses: tuple[float, ...]
    trees: tuple[int, ...]
    gain: float | None
    error: float | None
    seconds: float = field(compare=False)

    @property
    def pruned(self) -> bool:
        """Whether it was given up."""
        return self.gain is None

    @property
    def log_loss(self) -> float:
        """The mean over its folds."""
        return fmean(self.losses)

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its numbers by name: ``log_loss`` of the folds that it saw, and if all, the gain."""
        told = {"log_loss": self.log_loss, "gain": self.gain, "gain_error": self.error}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The best trial beside the defaults at a date that no trial saw.

    The best of many is partly luck: on the dates that chose it, it looks better than it is.

    Attributes:
        origin: The date, later than those of the folds.
        gain: As of ``Tried``, there.
        error: The standard error of the gain.
    """

    origin: datetime
    gain: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Everything that was tried on the same rows, before a stop and after it.

    Attributes:
        params: What is learnt; its booster grows by the defaults.
        origins: The dates of the folds, oldest first.
        judged_from: The first judged date: nothing known from it on was read.
        rows: Feature rows that were read.
        digest: Of these.
        tried: Trials, in order; the first are the defaults.
        before: How many of them had been done when this run began.
        stopped: It was interrupted, before its time or trials were over.
        confirmation: Of the best trial; ``None`` if the defaults are the best, or there was no date
            to spare.
    """

    params: TrainingParams
    origins: tuple[datetime, ...]
    judged_from: datetime
    rows: int
    digest: str
    tried: tuple[Tried, ...]
    before: int
    stopped: bool
    confirmation: Confirmation | None = None

    @property
    def defaults(self) -> Tried:
        """What the defaults are worth: they were tried first."""
        return self.tried[0]

    @property
    def best(self) -> Tried:
        """The complete trial with the least log loss; of equals the first."""
        complete = (each for each in self.tried if not each.pruned)
        return min(complete, key=lambda each: each.log_loss)

    @property
    def pruned(self) -> int:
        """How many trials were given up early."""
        return sum(each.pruned for each in self.tried)

    @property
    def better(self) -> bool:
        """Whether the best is better than the defaults by more than one standard error, and still
        better at the date that no trial saw.
        """
        clearly = (self.best.gain or 0.0) > (self.best.error or 0.0)
        return clearly and (self.confirmation is None or self.confirmation.gain > 0)

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its numbers by name."""
        return {
            "log_loss": self.best.log_loss,
            "defaults.log_loss": self.defaults.log_loss,
            "gain": self.best.gain or 0.0,
            "gain_error": self.best.error or 0.0,
            "trials": len(self.tried),
            "pruned": self.pruned,
            **({"confirmed_gain": self.confirmation.gain} if self.confirmation else {}),
        }

    @property
    def told(self) -> Mapping[str, Any]:
        """It as JSON takes it."""
        return {
            "better": self.better,
            "best": dict(self.best.values),
            "defaults": dict(self.defaults.values),
            **self.metrics,
            "before": self.before,
            "stopped": self.stopped,
            "origins": [origin.isoformat() for origin in self.origins],
            "judged_from": self.judged_from.isoformat(),
            "rows": self.rows,
            "digest": self.digest,
        }
