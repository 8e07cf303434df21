"""A trained model and its evaluation."""

from dataclasses import dataclass

import polars as pl

from perdura.features.definition import Column
from perdura.models.dataset.fingerprint import Fingerprint
from perdura.models.dataset.sampling import Sampling
from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.leakage import Leaks
from perdura.models.evaluation.metrics import Metrics, metric_name
from perdura.models.evaluation.reason_faithfulness import Faithfulness
from perdura.models.evaluation.risk_level import Level
from perdura.models.evaluation.survival_metrics import MonthsEvaluation
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.promotion.decision import Verdict
from perdura.models.training.expansion_result import Expansion
from perdura.models.training.survival import why_unlearnt


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained model and its evaluation.

    Attributes:
        model: The published model: fitted again on every row with a known outcome, or ``evidence``
            where that was no better at earlier dates.
        evidence: The model that was evaluated.
        held_back: Why it was not fitted again, in words; ``None`` where it was.
        params: The parameters of the training.
        metrics_by_model: Metrics of the ``model``, of each baseline and of the ``champion``, by
            name, on the same rows.
        test_rows: The test rows: ``subscriber_id``, ``as_of``, ``churned``, ``cause``, ``owner``,
            the model's risks, those of the baselines by their names, and ``plan``,
            ``interval_months``, ``currency``, ``country``, ``mrr`` (null where the spine has none).
        verdict: Whether it should be promoted, and why.
        leaks: The measurements of the leakage checks.
        faithfulness: The ablation of its reasons.
        expansion: The expansion model and its evaluation.
        fingerprint: The fingerprint of the training set.
        sizes: Rows of each part of the split and of the refit, and how many of them left; and rows
            left out because of a contact.
        sampling: The shares of the rows that were taken.
        columns: The feature columns that the model reads, in order.
        earlier: Backtests at earlier dates, if there were any.
        months: The evaluation of later months; ``None`` without a survival model.
        level: The outcomes that set the level of the risks; ``None``: none had closed in time.
        notes: What readers of the card should know of the sources, in words.
        previous_champion: The champion that it was compared with; it replaces no other.
    """

    model: ChurnModel
    evidence: ChurnModel
    params: TrainingParams
    metrics_by_model: dict[str, Metrics]
    test_rows: pl.DataFrame
    verdict: Verdict
    leaks: Leaks
    faithfulness: Faithfulness
    expansion: Expansion
    fingerprint: Fingerprint
    sizes: dict[str, int]
    sampling: Sampling
    columns: tuple[Column, ...]
    earlier: Earlier | None = None
    months: MonthsEvaluation | None = None
    level: Level | None = None
    notes: tuple[str, ...] = ()
    previous_champion: ChurnModel | None = None
    held_back: str | None = None

    @property
    def unlearnt(self) -> tuple[str, ...]:
        """Why it has no survival model, in words; empty where it has one."""
        return () if self.months is not None else (why_unlearnt(self.params),)

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of every model: its own by name, others as ``logistic.roc_auc``."""
        values = {
            metric_name(model, name): value
            for model, metrics in self.metrics_by_model.items()
            for name, value in metrics.values.items()
        }
        values |= self.expansion.logged
        lowered = self.faithfulness.lowered
        return values if lowered is None else values | {"reasons_lowered": lowered}
