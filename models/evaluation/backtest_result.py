"""What a backtest found."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.models.evaluation.metrics import number_name
from perdura.models.evaluation.refit_comparison import Procedures
from perdura.models.params import TrainingParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A model judged over all history.

    Attributes:
        params: What each was made with.
        overall: One row per ``origin``, ``who`` (the ``model`` and its baselines) and ``metric``:
            ``stated``, and ``low`` and ``high`` between which it lies in 95 of 100 samples of
            other subscribers.
        segments: One row per ``origin``, ``group`` and ``value``: as of ``by_group``.
    """

    params: TrainingParams
    overall: pl.DataFrame
    segments: pl.DataFrame

    @property
    def origins(self) -> list[datetime]:
        """The dates, oldest first."""
        return self.overall["origin"].unique().sort().to_list()

    def metrics(self, origin: datetime) -> dict[str, float]:
        """One origin's numbers: the model's by name, others as ``logistic.roc_auc``."""
        told = self.overall.filter(pl.col("origin") == pl.lit(origin))
        return {
            number_name(who, metric): value
            for who, metric, value in told.select("who", "metric", "stated").rows()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The model as it would have been made at earlier dates.

    Attributes:
        by_date: One row per date, oldest first: ``origin``, ``rows``, ``churned``, ``roc_auc`` with
            ``low`` and ``high`` between which it lies in 95 of 100 samples of other subscribers,
            ``log_loss``, and ``constant``: that of saying everybody's rate. Of the models that
            were evaluated there, before they would have been fitted again.
        procedures: These beside those that would have been published.
    """

    by_date: pl.DataFrame
    procedures: Procedures
