"""The segments that a model is judged in, told from what was known of each judged row."""

import polars as pl

#: By these columns of judged rows.
SEGMENTS = ("plan", "interval_months", "country", "tenure", "renewal")

_YOUNG, _SOON, _LATER = 90, 30, 90


def with_segments(judged: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The judged rows with ``tenure`` and ``renewal``, null where that is not known.

    Args:
        judged: As in ``Trained``.
        rows: The feature rows, in the same order.
    """
    since, ahead = (_days(rows, name) for name in ("days_since_first_start", "days_to_renewal"))
    return judged.hstack([since.alias("since"), ahead.alias("ahead")]).select(
        *judged.columns,
        tenure=(
            pl.when(pl.col("since") < _YOUNG)
            .then(pl.lit(f"under {_YOUNG} days"))
            .when(pl.col("since") >= _YOUNG)
            .then(pl.lit(f"{_YOUNG} days or more"))
        ),
        renewal=(
            pl.when(pl.col("ahead") < _SOON)
            .then(pl.lit(f"in under {_SOON} days"))
            .when(pl.col("ahead") < _LATER)
            .then(pl.lit(f"in {_SOON} to {_LATER} days"))
            .when(pl.col("ahead") >= _LATER)
            .then(pl.lit(f"in {_LATER} days or more"))
        ),
    )


def _days(rows: pl.DataFrame, name: str) -> pl.Series:
    if name in rows.columns:
        return rows[name].cast(pl.Float64)
    return pl.Series(name, [None] * rows.height, pl.Float64)
