"""Metrics of a risk within each segment and by cause, with intervals of the ROC AUC."""

from datetime import datetime

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap import resample
from perdura.models.evaluation.intervals import basic


def by_group(rows: pl.DataFrame, group: str) -> pl.DataFrame:
    """Metrics of the risk within each value of ``group``.

    Args:
        rows: As for ``evaluate``.
        group: Name of the column.

    Returns:
        One row per value: ``group``, ``value`` (text), ``rows``, ``churned``, ``rate``, mean
        ``risk``, ``roc_auc``, and its 95 % interval over resampled subscribers, ``low`` and
        ``high`` (all three null where all churned or none did).
    """
    lines = [_metrics(value, part) for (value,), part in rows.group_by(group, maintain_order=True)]
    table = pl.DataFrame(lines, schema=_SCHEMA, orient="row")
    return table.sort("value").insert_column(0, pl.lit(group).alias("group"))


def by_cause(rows: pl.DataFrame) -> pl.DataFrame:
    """Metrics of each part of the risk: churners of its cause against non-churners."""
    lines = [
        _metrics(cause, rows.filter((pl.col("cause") == cause) | ~pl.col("churned")), risk)
        for cause, risk in (("voluntary", "risk_voluntary"), ("payment", "risk_payment"))
    ]
    table = pl.DataFrame(lines, schema=_SCHEMA, orient="row")
    return table.insert_column(0, pl.lit("cause").alias("group"))


_SCHEMA = {
    "value": pl.String,
    "rows": pl.Int64,
    "churned": pl.Int64,
    "rate": pl.Float64,
    "risk": pl.Float64,
    "roc_auc": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def _metrics(value: object, part: pl.DataFrame, risk: str = "risk") -> tuple[object, ...]:
    text = "unknown" if value is None else str(value)
    if isinstance(value, float):
        text = f"{value:g}"
    if isinstance(value, datetime):
        text = f"{value:%Y-%m-%d}"
    counts = (part.height, int(part["churned"].sum()), part["churned"].mean(), part[risk].mean())
    if part["churned"].n_unique() < 2:
        return text, *counts, None, None, None
    auc = float(roc_auc_score(part["churned"].to_numpy(), part[risk].to_numpy()))
    rows = part.select(person_column(part), "churned", risk=pl.col(risk))
    interval = basic(auc, np.asarray(resample(rows, seed=0)["auc"]))
    return text, *counts, auc, interval.low, interval.high
