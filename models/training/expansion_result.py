"""A trained expansion model and its evaluation."""

from dataclasses import dataclass, field

import polars as pl

from perdura.models.evaluation.intervals import Interval
from perdura.models.evaluation.metrics import Metrics
from perdura.models.predictor.expansion import ExpansionModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A trained expansion model and its evaluation.

    Attributes:
        model: The model; ``None`` where it is not good enough to serve, or could not be trained.
        reasons: Why, or why not, in words, one sentence each.
        metrics: Metrics on the test set; ``None`` where it could not be trained.
        lies: The 95 % interval of its ROC AUC over resampled subscribers.
        test_rows: The test rows: ``subscriber_id``, ``as_of``, ``expanded``, ``offer``.
        sizes: Rows of each part of the split, and how many of them expanded.
    """

    model: ExpansionModel | None = None
    reasons: tuple[str, ...]
    metrics: Metrics | None = None
    lies: Interval | None = None
    test_rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def logged(self) -> dict[str, float]:
        """The metrics to log, by name."""
        if self.metrics is None:
            return {}
        names = ("roc_auc", "average_precision", "log_loss", "calibration_error")
        return {f"expansion.{name}": self.metrics.values[name] for name in names}
