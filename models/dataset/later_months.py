"""The months after a row's date: in which its subscriber left, and how many of them are known.

A row says of every later month whose outcome is known whether its subscriber left in it, so it is
as many person-months (Singer and Willett 1993) as there are months until they left.
"""

from datetime import timedelta

import polars as pl

from perdura.models.params import TrainingParams

#: What may be called a month.
_MONTH_DAYS = range(28, 32)

#: The columns that say what became of a row later, as of ``models.dataset.labels.leaving_months``.
LATER = ("months_known", "left_month")


def are_months(params: TrainingParams) -> bool:
    """Whether the risk is one of a first month that others can follow: contracts, and no lead."""
    return (
        params.churn == "contract" and not params.lead_days and params.horizon_days in _MONTH_DAYS
    )


def person_months(rows: pl.DataFrame, params: TrainingParams) -> pl.DataFrame:
    """Every later month of each row that is known, up to the one its subscriber left in.

    Args:
        rows: ``as_of`` and the columns of ``LATER``.
        params: How long a month is, and how long a leaving may be undone.

    Returns:
        One row per row of ``rows`` and month after the first: ``row``, its place in ``rows``;
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
