"""A risk judged within each segment and by cause, with how far the ranking may be luck."""

from datetime import datetime

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap import resample
from perdura.models.evaluation.intervals import basic


def by_group(rows: pl.DataFrame, group: str) -> pl.DataFrame:
    """The risk judged within each value of ``group``.

    Args:
        rows: As for ``evaluate``.
        group: Name of the column.

    Returns:
        One row per value: ``group``, ``value`` (text), ``rows``, ``churned``, ``rate``, mean
        ``risk``, ``roc_auc``, and ``low`` and ``high`` between which it lies in 95 of 100 samples
        of other subscribers (all three null where nobody left or nobody stayed).
    """
    tables = [_of_one(value, part) for (value,), part in rows.group_by(group, maintain_order=True)]
    made = pl.DataFrame(tables, schema=_SCHEMA, orient="row")
    return made.sort("value").insert_column(0, pl.lit(group).alias("group"))


def by_cause(rows: pl.DataFrame) -> pl.DataFrame:
    """Each part of the risk judged on its own leavers against those who stayed; as ``by_group``."""
    told = [
        _of_one(cause, rows.filter((pl.col("cause") == cause) | ~pl.col("churned")), part)
        for cause, part in (("voluntary", "risk_voluntary"), ("payment", "risk_payment"))
    ]
    made = pl.DataFrame(told, schema=_SCHEMA, orient="row")
    return made.insert_column(0, pl.lit("cause").alias("group"))


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


def _of_one(value: object, part: pl.DataFrame, risk: str = "risk") -> tuple[object, ...]:
    text = "unknown" if value is None else str(value)
    if isinstance(value, float):
        text = f"{value:g}"
    if isinstance(value, datetime):
        text = f"{value:%Y-%m-%d}"
    return (
        text,
        part.height,
        int(part["churned"].sum()),
        part["churned"].mean(),
        part[risk].mean(),
        *_ranking(part, risk),
    )


def _ranking(part: pl.DataFrame, risk: str) -> tuple[float | None, float | None, float | None]:
    """ROC AUC, and between which it lies."""
    if part["churned"].n_unique() < 2:
        return None, None, None
    auc = float(roc_auc_score(part["churned"].to_numpy(), part[risk].to_numpy()))
    told = part.select(person_column(part), "churned", risk=pl.col(risk))
    spread = basic(auc, np.asarray(resample(told, seed=0)["auc"]))
    return auc, spread.low, spread.high
