"""The result of a backtest."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.models.evaluation.metrics import metric_name
from perdura.models.evaluation.refit_comparison import Procedures
from perdura.models.params import TrainingParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A model evaluated over all history.

    Attributes:
        params: The parameters of each training.
        overall: One row per ``origin``, ``who`` (the ``model`` and its baselines) and ``metric``:
            ``stated``, with ``low`` and ``high``, the 95 % interval over resampled subscribers.
        segments: One row per ``origin``, ``group`` and ``value``, from ``by_group``.
    """

    params: TrainingParams
    overall: pl.DataFrame
    segments: pl.DataFrame

    @property
    def origins(self) -> list[datetime]:
        """The dates, oldest first."""
        return self.overall["origin"].unique().sort().to_list()

    def metrics(self, origin: datetime) -> dict[str, float]:
        """The metrics of one origin: the model's by name, others as ``logistic.roc_auc``."""
        rows = self.overall.filter(pl.col("origin") == pl.lit(origin))
        return {
            metric_name(model, metric): value
            for model, metric, value in rows.select("who", "metric", "stated").rows()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Backtests of the model at earlier dates.

    Attributes:
        by_date: One row per date, oldest first: ``origin``, ``rows``, ``churned``, ``roc_auc`` with
            ``low`` and ``high`` (95 % interval over resampled subscribers), ``log_loss``, and
            ``constant``: the log loss of the constant rate. Of the evidence models, before they
            would have been fitted again.
        procedures: The same models beside those that would have been published.
    """

    by_date: pl.DataFrame
    procedures: Procedures
