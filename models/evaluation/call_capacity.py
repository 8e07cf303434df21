"""What the calls that support can make are worth: on each date the riskiest so many, judged."""

from collections.abc import Iterable

import polars as pl

from perdura.models.evaluation.metrics import called, in_common_currency


def at_capacity(
    rows: pl.DataFrame, risks: Iterable[tuple[str, str]], *, calls: int, save_share: float
) -> pl.DataFrame:
    """What would have come of calling the riskiest of each date, by whose risk it is.

    Args:
        rows: As for ``evaluate``.
        risks: Who says a risk, and in which column.
        calls: How many people support can call on one date. At equal risk the lower
            ``subscriber_id`` is called, so the list is the same whenever it is made.
        save_share: Of the leavers who are called, so many are taken to stay.

    Returns:
        One row per who, numbers a date: how many are ``called`` and ``left``, ``precision`` (the
        share of them who left), ``lift`` (that over everybody's rate), ``mrr_called`` of those who
        left, in minor units of the currency that most rows are in, and ``mrr_saved`` of it.
    """
    dates, rate = rows["as_of"].n_unique(), rows["churned"].mean()
    money = pl.when(in_common_currency(rows)).then("mrr").otherwise(0).fill_null(0)
    left = rows.with_columns(mrr_called=pl.when("churned").then(money).otherwise(0))
    told = [
        left.drop_nulls(risk)
        .filter(called(risk, calls))
        .select(
            pl.lit(who).alias("who"),
            called=pl.len() / dates,
            left=pl.col("churned").sum() / dates,
            precision=pl.col("churned").mean(),
            lift=pl.col("churned").mean() / rate,
            mrr_called=pl.col("mrr_called").sum() / dates,
            mrr_saved=pl.col("mrr_called").sum() / dates * save_share,
        )
        for who, risk in risks
    ]
    return pl.concat(told)
