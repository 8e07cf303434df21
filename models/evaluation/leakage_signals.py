"""The measurements of the leakage checks: each column alone, the model without the last days."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from perdura.models.boosting.booster import Examples
from perdura.models.evaluation.leakage import WithoutLastDays
from perdura.models.predictor.churn_model import ChurnModel

# Rows that measure the ROC AUC of one column to about a hundredth.
_FIT_ROWS, _TEST_ROWS = 200_000, 50_000
_BINS = 32
# A bin's rate is shrunk towards the overall rate as by this many rows.
_PRIOR_ROWS = 50
# With fewer churners no ranking is measured.
_FEWEST_LEAVERS = 30


@dataclass(frozen=True, slots=True)
class Cut:
    """Test rows with features built some days before.

    Attributes:
        days: The number of days.
        rows: ``subscriber_id``, ``as_of`` (of the test row) and the feature columns.
    """

    days: int
    rows: pl.DataFrame


def ranking_alone(names: Sequence[str], fit: Examples, test: Examples) -> pl.DataFrame:
    """How well each column ranks by itself, as in ``Leaks.columns``.

    The churn rate in bins of its values, and of rows without a value, is learnt on the fitted
    rows and predicted for the test rows.
    """
    past, now = _thinned(fit, _FIT_ROWS), _thinned(test, _TEST_ROWS)

    def measure(index: int, name: str) -> tuple[str, float, float]:
        before, after = past.matrix[:, index], now.matrix[:, index]
        known = before[~np.isnan(before)]
        inner = np.linspace(0, 1, _BINS + 1)[1:-1]
        edges = np.unique(np.quantile(known, inner)) if len(known) else known
        rates = _rates(_bins(before, edges), past.happened, _bins(after, edges))
        missing = _rates(np.isnan(before), past.happened, np.isnan(after))
        return name, _auc(now.happened, rates), _auc(now.happened, missing)

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        measured = list(pool.map(measure, range(len(names)), names))
    table = pl.DataFrame(measured, schema=_SCHEMA, orient="row")
    return table.sort("alone", "column", descending=[True, False])


_SCHEMA = {"column": pl.String, "alone": pl.Float64, "missingness": pl.Float64}


def without_last_days(
    model: ChurnModel, test_rows: pl.DataFrame, cut: Cut
) -> WithoutLastDays | None:
    """The model's ROC AUC on earlier features; ``None`` where too few churners are left.

    Args:
        model: The model to check.
        test_rows: The test rows: ``subscriber_id``, ``as_of``, ``churned``, ``risk``.
        cut: The same rows some days before; rows without earlier features are left out.
    """
    rows = test_rows.select("subscriber_id", "as_of", "churned", "risk")
    both = rows.join(cut.rows, on=["subscriber_id", "as_of"])
    left = both["churned"].to_numpy().astype(float)
    if left.sum() < _FEWEST_LEAVERS:
        return None
    before = model.predict(both.select(model.contract.names))["risk"]
    return WithoutLastDays(
        days=cut.days,
        roc_auc=_auc(left, both["risk"].to_numpy()),
        cut=_auc(left, before.to_numpy()),
    )


def _thinned(rows: Examples, most: int) -> Examples:
    every = max(1, len(rows.happened) // most)
    return Examples(rows.matrix[::every], rows.happened[::every], rows.share)


def _bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The bin of each value; missing values have a bin of their own."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))


def _rates(fitted: np.ndarray, left: np.ndarray, test: np.ndarray) -> np.ndarray:
    """For each test row the churn rate of its bin among fitted rows, shrunk to the overall rate."""
    bins = int(max(fitted.max(initial=0), test.max(initial=0))) + 1
    leavers, rows = np.bincount(fitted, left, bins), np.bincount(fitted, minlength=bins)
    rates = (leavers + _PRIOR_ROWS * left.mean()) / (rows + _PRIOR_ROWS)
    return rates[test.astype(np.int64)]


def _auc(left: np.ndarray, risk: np.ndarray) -> float:
    return float(roc_auc_score(left, risk)) if 0 < left.sum() < len(left) else 0.5
