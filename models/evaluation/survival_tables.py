"""How well a model says later months: two tables."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class JudgedMonths:
    """What was said of later months and what came.

    Attributes:
        by_month: As of ``models.evaluation.survival_metrics.by_month``.
        by_group: As of ``models.evaluation.survival_metrics.by_band_and_plan``.
    """

    by_month: pl.DataFrame
    by_group: pl.DataFrame
