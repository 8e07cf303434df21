"""Person-months (Singer and Willett 1993): the months after a row's date with a known outcome.

Each row gives one person-month for every known month until its subscriber left.
"""

from datetime import timedelta

import polars as pl

from perdura.models.params import TrainingParams

#: Horizons that count as a month.
_MONTH_DAYS = range(28, 32)

#: The outcome columns of later months, from ``models.dataset.labels.leaving_months``.
LATER = ("months_known", "left_month")


def are_months(params: TrainingParams) -> bool:
    """Whether the horizon is a first month that others can follow: contracts, and no lead."""
    return (
        params.churn == "contract" and not params.lead_days and params.horizon_days in _MONTH_DAYS
    )


def person_months(rows: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    """Every known later month of each row, up to the month its subscriber left in.

    Args:
        rows: ``as_of`` and the columns of ``LATER``.
        params: The length of a month, and the grace.

    Returns:
        One row per row of ``rows`` and month after the first: ``row``, its index in ``rows``;
        ``month``, 1 is ``[as_of + horizon, as_of + 2 horizon)``; ``left``, whether they left in it;
        ``opens``, its first moment; ``closes``, when its outcome was known: its end and the grace.
    """
    last = pl.min_horizontal(pl.col("months_known") - 1, "left_month").cast(pl.Int64)
    opens = pl.col("as_of") + pl.duration(days=pl.col("month") * params.horizon_days)
    closes = opens + timedelta(days=params.horizon_days + params.grace_days)
    return (
        rows.select("as_of", "left_month", row=pl.int_range(pl.len()), last=last)
        .filter(pl.col("last") >= 1)
        .select("row", "as_of", "left_month", month=pl.int_ranges(1, pl.col("last") + 1))
        .explode("month")
        .select(
            "row",
            "month",
            left=(pl.col("left_month") == pl.col("month")).fill_null(value=False),
            opens=opens,
            closes=closes,
        )
    )
