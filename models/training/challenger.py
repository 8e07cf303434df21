"""A model that was evaluated and may become the champion."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.models.dataset.split import Split
from perdura.models.predictor.churn_model import ChurnModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenger:
    """A model that was evaluated and may become the champion.

    Attributes:
        evidence: The model that was evaluated.
        split: The parts that it was fitted, calibrated and evaluated on.
        judged: What it says of the rows of ``split.test``, in their order: ``risk``.
        fitted_until: Nothing that happened from this moment on will have been used when it is
            published; later than the evidence model's where it is fitted again.
    """

    evidence: ChurnModel
    split: Split
    judged: pl.DataFrame
    fitted_until: datetime
