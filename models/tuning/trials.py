"""The trials of a tuning, and its result."""

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
        losses: Log loss at each fold, oldest first; a pruned trial has fewer.
        trees: Number of trees at each of these.
        gain: By how much its log loss is below that of the defaults on average; ``None`` if it was
            pruned before its last fold, for being worse than most.
        error: The standard error of the gain.
        seconds: Its duration.
    """

    values: Values
    losses: tuple[float, ...]
    trees: tuple[int, ...]
    gain: float | None
    error: float | None
    seconds: float = field(compare=False)

    @property
    def pruned(self) -> bool:
        """Whether it was pruned."""
        return self.gain is None

    @property
    def log_loss(self) -> float:
        """The mean over its folds."""
        return fmean(self.losses)

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its metrics by name: ``log_loss`` of its folds and, if complete, the gain."""
        values = {"log_loss": self.log_loss, "gain": self.gain, "gain_error": self.error}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The best trial against the defaults at a date that no trial saw.

    The best of many trials is partly luck: the dates that chose it overstate its gain.

    Attributes:
        origin: The date, later than those of the folds.
        gain: The gain there, as in ``Tried``.
        error: The standard error of the gain.
    """

    origin: datetime
    gain: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """All trials on the same rows, before and after an interruption.

    Attributes:
        params: The parameters of the training; its booster holds the defaults.
        origins: The dates of the folds, oldest first.
        judged_from: The first date of the test set: nothing known from it on was read.
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
        """The trial of the defaults: the first."""
        return self.tried[0]

    @property
    def best(self) -> Tried:
        """The complete trial with the lowest log loss; the first of equals."""
        complete = (trial for trial in self.tried if not trial.pruned)
        return min(complete, key=lambda trial: trial.log_loss)

    @property
    def pruned(self) -> int:
        """Number of pruned trials."""
        return sum(trial.pruned for trial in self.tried)

    @property
    def better(self) -> bool:
        """Whether the best beats the defaults by more than one standard error, and also at the
        date that no trial saw.
        """
        clearly = (self.best.gain or 0.0) > (self.best.error or 0.0)
        return clearly and (self.confirmation is None or self.confirmation.gain > 0)

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its metrics by name."""
        return {
            "log_loss": self.best.log_loss,
            "defaults.log_loss": self.defaults.log_loss,
            "gain": self.best.gain or 0.0,
            "gain_error": self.best.error or 0.0,
            "trials": len(self.tried),
            "pruned": self.pruned,
            **({"confirmed_gain": self.confirmation.gain} if self.confirmation else {}),
        }

    def to_json(self) -> Mapping[str, Any]:
        """The result as plain values."""
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
