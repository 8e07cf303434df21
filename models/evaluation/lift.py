"""The lower confidence bound of the lift at support's capacity."""

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap import map_resamples
from perdura.models.evaluation.metrics import called


def lift_lower_bound(rows: pl.DataFrame, calls: int, seed: int = 0) -> float | None:
    """The lift at capacity that 95 of 100 resamples reach.

    Subscribers are drawn with replacement, all rows of one together; the called subscribers stay
    the same.

    Args:
        rows: One row per subscriber and date: ``subscriber_id``, ``as_of``, ``churned``, ``risk``.
        calls: Number of subscribers that support can call on one date.
        seed: Decides the resamples.

    Returns:
        The churn rate among the called over the overall rate; ``None`` where all would be called
        on every date, so that no lift is possible.
    """
    phoned = called("risk", calls)
    counts = (
        rows.with_columns(phoned=phoned)
        .group_by(person=person_column(rows))
        .agg(
            rows=pl.len(),
            left=pl.col("churned").sum(),
            called=pl.col("phoned").sum(),
            caught=(pl.col("phoned") & pl.col("churned")).sum(),
        )
        .sort("person")
    )
    if counts["called"].sum() == rows.height:
        return None
    numbers = counts.select("rows", "left", "called", "caught").to_numpy().astype(np.float64)

    def lift(drawn: np.ndarray) -> float:
        rows, left, called_rows, caught = drawn @ numbers
        return float(caught / called_rows / (left / rows)) if left and called_rows else 0.0

    return float(np.quantile(map_resamples(len(numbers), seed, lift), 0.05))
