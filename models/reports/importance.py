"""Feature importance: the gain of each column, and of each signal, in the trees of a model."""

from collections.abc import Sequence

import polars as pl

from perdura.features.definition import Column
from perdura.models.predictor.churn_model import ChurnModel


def column_importance(model: ChurnModel, columns: Sequence[Column]) -> pl.DataFrame:
    """One row per column, most important first: ``column``, ``signal``, ``share``, ``splits``.

    ``share`` is the column's part of the total gain of the trees, 0 to 1.
    """
    signals = {column.name: column.feature.signal for column in columns}
    gain = model.booster.feature_importance("gain")
    names = model.contract.names
    return pl.DataFrame(
        {
            "column": names,
            "signal": [signals.get(name, name) for name in names],
            "share": gain / max(gain.sum(), 1e-12),
            "splits": model.booster.feature_importance("split"),
        }
    ).sort("share", "column", descending=[True, False])


def signal_importance(importance: pl.DataFrame) -> pl.DataFrame:
    """One row per signal, most important first: ``signal``, ``share``."""
    return (
        importance.group_by("signal")
        .agg(pl.col("share").sum())
        .sort("share", "signal", descending=[True, False])
    )
