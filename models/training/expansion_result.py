"""What was learnt of who will pay more by choice, and what is known of it."""

from dataclasses import dataclass, field

import polars as pl

from perdura.models.evaluation.intervals import Interval
from perdura.models.evaluation.metrics import Metrics
from perdura.models.predictor.expansion import ExpansionModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What was learnt of who will pay more by choice.

    Attributes:
        model: What says so; none where it is not good enough to serve, or nobody could learn it.
        reasons: Why, or why not, in words, one sentence each.
        metrics: On rows that it was not fitted on; none where it could not be learnt.
        lies: Where its ROC AUC lies in 95 of 100 samples of other subscribers.
        judged: The judged rows: ``subscriber_id``, ``as_of``, ``expanded``, ``offer``.
        sizes: Rows of each part of the split, and how many of them expanded.
    """

    model: ExpansionModel | None = None
    reasons: tuple[str, ...]
    metrics: Metrics | None = None
    lies: Interval | None = None
    judged: pl.DataFrame = field(default_factory=pl.DataFrame)
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def logged(self) -> dict[str, float]:
        """The metrics to log, by name."""
        if self.metrics is None:
            return {}
        names = ("roc_auc", "average_precision", "log_loss", "calibration_error")
        return {f"expansion.{name}": self.metrics.values[name] for name in names}
