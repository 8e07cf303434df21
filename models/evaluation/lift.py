"""Are there more leavers among those whom support can call than elsewhere, or is it luck?"""

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column
from perdura.models.evaluation.bootstrap import drawn_anew
from perdura.models.evaluation.metrics import called


def lift_lower_bound(rows: pl.DataFrame, calls: int, seed: int = 0) -> float | None:
    """The lift at capacity that 95 of 100 resamples reach.

    Subscribers are drawn with replacement, all rows of one together; whom support would have
    called stays as it was.

    Args:
        rows: One row per (who, when): ``subscriber_id``, ``as_of``, ``churned``, ``risk``.
        calls: How many people support can call on one date.
        seed: Decides the resamples.

    Returns:
        The share of leavers among those called, over the share among all; ``None`` where all would
        be called on every date, so that no lift is possible.
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
    drawn = drawn_anew(len(numbers), seed, lambda weight: _lift(weight @ numbers))
    return float(np.quantile(drawn, 0.05))


def _lift(counted: np.ndarray) -> float:
    rows, left, called_rows, caught = counted
    return float(caught / called_rows / (left / rows)) if left and called_rows else 0.0
