"""What the leakage checks measure: each column alone, and the model without the last days."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from perdura.models.boosting.booster import Examples
from perdura.models.evaluation.leakage import WithoutLastDays
from perdura.models.predictor.churn_model import ChurnModel

# So many rows tell how well one column ranks, to about a hundredth.
_FIT_ROWS, _JUDGED_ROWS = 200_000, 50_000
_BINS = 32
# What a bin's own rate weighs against everybody's: as much as this many rows of it.
_PRIOR_ROWS = 50
# Of fewer leavers no ranking is told.
_FEWEST_LEAVERS = 30


@dataclass(frozen=True, slots=True)
class Cut:
    """Judged rows as they were some days before.

    Attributes:
        days: So many.
        rows: ``subscriber_id``, ``as_of`` (of the judged row) and the feature columns.
    """

    days: int
    rows: pl.DataFrame


def ranking_alone(names: Sequence[str], fit: Examples, judged: Examples) -> pl.DataFrame:
    """How well each column ranks by itself, as in ``Leaks.columns``.

    The rate of leavers in bins of its values, and where it has none, is learnt on the fitted rows
    and asked about the judged ones.
    """
    past, now = _few(fit, _FIT_ROWS), _few(judged, _JUDGED_ROWS)

    def told(place: int, name: str) -> tuple[str, float, float]:
        before, after = past.matrix[:, place], now.matrix[:, place]
        edges = _edges(before)
        bins = _rates(_bins(before, edges), past.happened, _bins(after, edges))
        missing = _rates(np.isnan(before), past.happened, np.isnan(after))
        return name, _auc(now.happened, bins), _auc(now.happened, missing)

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        made = pl.DataFrame(
            list(pool.map(told, range(len(names)), names)), schema=_SCHEMA, orient="row"
        )
    return made.sort("alone", "column", descending=[True, False])


_SCHEMA = {"column": pl.String, "alone": pl.Float64, "missingness": pl.Float64}


def without_last_days(model: ChurnModel, judged: pl.DataFrame, cut: Cut) -> WithoutLastDays | None:
    """The model asked about what was known before; ``None`` where too few leavers are left.

    Args:
        model: Whom to ask.
        judged: ``subscriber_id``, ``as_of``, ``churned``, ``risk``.
        cut: The same rows some days before; who was not there then is left out.
    """
    told = judged.select("subscriber_id", "as_of", "churned", "risk")
    both = told.join(cut.rows, on=["subscriber_id", "as_of"])
    left = both["churned"].to_numpy().astype(float)
    if left.sum() < _FEWEST_LEAVERS:
        return None
    before = model.predict(both.select(model.contract.names))["risk"]
    return WithoutLastDays(
        days=cut.days,
        roc_auc=_auc(left, both["risk"].to_numpy()),
        cut=_auc(left, before.to_numpy()),
    )


def _few(rows: Examples, most: int) -> Examples:
    every = max(1, len(rows.happened) // most)
    return Examples(rows.matrix[::every], rows.happened[::every], rows.share)


def _edges(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    if not len(known):
        return known
    return np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))


def _bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The bin of each value; one more where there is none."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))


def _rates(fitted: np.ndarray, left: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """By asked row, the rate among the fitted rows of its bin, drawn towards everybody's."""
    bins = int(max(fitted.max(initial=0), asked.max(initial=0))) + 1
    leavers, rows = np.bincount(fitted, left, bins), np.bincount(fitted, minlength=bins)
    rates = (leavers + _PRIOR_ROWS * left.mean()) / (rows + _PRIOR_ROWS)
    return rates[asked.astype(np.int64)]


def _auc(left: np.ndarray, said: np.ndarray) -> float:
    return float(roc_auc_score(left, said)) if 0 < left.sum() < len(left) else 0.5
