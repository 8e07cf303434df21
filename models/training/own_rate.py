"""A baseline: each subscriber's own past churn rate."""

import numpy as np
import polars as pl

from perdura.models.dataset.person_ids import person_column

#: A subscriber's own rate is shrunk towards the overall rate as by this many rows (a year).
PRIOR_ROWS = 12


def own_rate(fit: pl.DataFrame, test: pl.DataFrame, non_churners: float = 1.0) -> np.ndarray:
    """The churn rate among each subscriber's own fitted rows, shrunk towards the overall rate.

    Every fitted row closed before the first date that calibrates, so nothing later is known.
    Subscribers without a fitted row (all, where the split is by subscribers) get the overall rate.

    Args:
        fit: The fitted rows: ``subscriber_id`` or ``owner``, ``churned``.
        test: The rows to predict.
        non_churners: Share of the non-churners that is in ``fit``; churners all are.

    Returns:
        One risk per test row, in order: ``(left + 12 * rate) / (rows + 12)``.
    """
    left = pl.col("churned").cast(pl.Float64)
    own = fit.select(person=person_column(fit), left=left, rows=left + (1 - left) / non_churners)
    rate = float(own["left"].to_numpy().sum() / own["rows"].to_numpy().sum())
    past = own.group_by("person").sum()
    people = test.select(person=person_column(test))
    known = people.join(past, on="person", how="left", maintain_order="left").fill_null(0)
    shrunk = (pl.col("left") + PRIOR_ROWS * rate) / (pl.col("rows") + PRIOR_ROWS)
    return known.select(shrunk).to_series().to_numpy()
