"""A baseline: each subscriber leaves as often as they did in the past."""

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column

#: What the rate of all weighs in a subscriber's own: as much as this many rows, a year of months.
PRIOR_ROWS = 12


def own_rate(fit: pl.DataFrame, judged: pl.DataFrame, stayers: float = 1.0) -> np.ndarray:
    """The share of each subscriber's own fitted rows in which they left, drawn towards all.

    Every fitted row closed before the first date that calibrates, so nothing later is known. Who
    has no such row, as all have where the split is by subscribers, gets the rate of all.

    Args:
        fit: The fitted rows: ``subscriber_id`` or ``owner``, ``churned``.
        judged: The rows to answer for.
        stayers: So many of those who stayed are in ``fit``; of the leavers all are.

    Returns:
        One risk per judged row, in order: ``(left + 12 * rate) / (rows + 12)``.
    """
    left = pl.col("churned").cast(pl.Float64)
    own = fit.select(person=person_column(fit), left=left, rows=left + (1 - left) / stayers)
    rate = float(own["left"].to_numpy().sum() / own["rows"].to_numpy().sum())
    past = own.group_by("person").sum()
    asked = judged.select(person=person_column(judged))
    known = asked.join(past, on="person", how="left", maintain_order="left").fill_null(0)
    shrunk = (pl.col("left") + PRIOR_ROWS * rate) / (pl.col("rows") + PRIOR_ROWS)
    return known.select(shrunk).to_series().to_numpy()
