"""A trained model and everything that is known of it."""

from dataclasses import dataclass

import polars as pl

from perdura.features.definition import Column
from perdura.models.dataset.fingerprint import Fingerprint
from perdura.models.dataset.sampling import Sampling
from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.leakage import Leaks
from perdura.models.evaluation.metrics import Metrics, number_name
from perdura.models.evaluation.reason_faithfulness import Faithfulness
from perdura.models.evaluation.risk_level import Level
from perdura.models.evaluation.survival_metrics import JudgedMonths
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.promotion.decision import Verdict
from perdura.models.training.expansion_result import Expansion
from perdura.models.training.survival import why_unlearnt


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A fitted model and what is known of it.

    Attributes:
        model: The model as it is published: fitted again on every row whose outcome is known, or
            ``evidence`` where that was no better at earlier dates.
        evidence: The model that was evaluated.
        held_back: Why it was not fitted again, in words; ``None`` where it was.
        params: What it was trained with.
        metrics_by_model: Of the ``model``, of each baseline and of the ``champion``, by name, on
            the same rows.
        judged: The judged rows: ``subscriber_id``, ``as_of``, ``churned``, ``cause``, ``owner``
            (the account that the person lives on as), the model's risks, the others' by their
            names, and ``plan``, ``interval_months``, ``currency``, ``country``, ``mrr`` (null
            where the spine has none).
        verdict: Whether it should reign, and why.
        leaks: What the leakage checks found.
        faithfulness: Whether its reasons are true of it.
        expansion: What was learnt of who would rather pay more.
        fingerprint: Of the training set.
        sizes: Rows of each part of the split and of the refit, and how many of them left; and rows
            left out, as support had contacted these people.
        sampling: Which share of the rows these are, where there were more than are needed.
        columns: The feature columns that the model reads, in order.
        earlier: How it would have done at earlier dates, where that was asked.
        months: What it says of later months, and what came; or it knows nothing of them.
        level: Which outcomes set the level of the risks; ``None``: none had closed in time.
        notes: What the sources hold that readers of the card should know, in words.
        previous_champion: Who reigned when it was judged; it takes the crown from nobody else.
    """

    model: ChurnModel
    evidence: ChurnModel
    params: TrainingParams
    metrics_by_model: dict[str, Metrics]
    judged: pl.DataFrame
    verdict: Verdict
    leaks: Leaks
    faithfulness: Faithfulness
    expansion: Expansion
    fingerprint: Fingerprint
    sizes: dict[str, int]
    sampling: Sampling
    columns: tuple[Column, ...]
    earlier: Earlier | None = None
    months: JudgedMonths | None = None
    level: Level | None = None
    notes: tuple[str, ...] = ()
    previous_champion: ChurnModel | None = None
    held_back: str | None = None

    @property
    def unlearnt(self) -> tuple[str, ...]:
        """Why it knows nothing of later months, where it does not, in words."""
        return () if self.months is not None else (why_unlearnt(self.params),)

    @property
    def metrics(self) -> dict[str, float]:
        """Every number of every judgement: the model's by name, others as ``logistic.roc_auc``."""
        told = {
            number_name(who, name): value
            for who, metrics in self.metrics_by_model.items()
            for name, value in metrics.values.items()
        }
        told |= self.expansion.logged
        lowered = self.faithfulness.lowered
        return told if lowered is None else told | {"reasons_lowered": lowered}
