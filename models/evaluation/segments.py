"""The segments that a model is evaluated in, from the features of each test row."""

import polars as pl

#: Columns of the test rows.
SEGMENTS = ("plan", "interval_months", "country", "tenure", "renewal")

_YOUNG, _SOON, _LATER = 90, 30, 90


def with_segments(test_rows: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The test rows with ``tenure`` and ``renewal``, null where unknown.

    Args:
        test_rows: As in ``Trained``.
        rows: The feature rows, in the same order.
    """
    since, ahead = (
        rows[name].cast(pl.Float64)
        if name in rows.columns
        else pl.Series(name, [None] * rows.height, pl.Float64)
        for name in ("days_since_first_start", "days_to_renewal")
    )
    return test_rows.hstack([since.alias("since"), ahead.alias("ahead")]).select(
        *test_rows.columns,
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
