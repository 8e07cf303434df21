from collections.abc import Sequence

import numpy as np
import polars as pl

_Values = np.ndarray | pl.Series | Sequence[float]

def roc_auc_score(
    y_true: _Values, y_score: _Values, *, sample_weight: _Values | None = None
) -> float: ...
def average_precision_score(
    y_true: _Values, y_score: _Values, *, sample_weight: _Values | None = None
) -> float: ...
def brier_score_loss(
    y_true: _Values,
    y_proba: _Values,
    *,
    sample_weight: _Values | None = None,
    labels: Sequence[int] | None = None,
) -> float: ...
def log_loss(
    y_true: _Values,
    y_pred: _Values,
    *,
    sample_weight: _Values | None = None,
    labels: Sequence[int] | None = None,
) -> float: ...
