"""What support's calls are worth: the riskiest subscribers of each date, up to its capacity."""

from collections.abc import Iterable

import polars as pl

from perdura.models.evaluation.metrics import called, in_common_currency


def at_capacity(
    rows: pl.DataFrame, risks: Iterable[tuple[str, str]], *, calls: int, save_share: float
) -> pl.DataFrame:
    """The result of calling the riskiest subscribers of each date, for each model.

    Args:
        rows: As for ``evaluate``.
        risks: Name of each model, and the column of its risk.
        calls: Number of subscribers that support can call on one date. At equal risk the lower
            ``subscriber_id`` is called, so the list is reproducible.
        save_share: Assumed share of the called churners that stays.

    Returns:
        One row per model (``who``), numbers per date: how many are ``called`` and ``left``,
        ``precision`` (the share of the called who left), ``lift`` (precision over the overall
        rate), ``mrr_called`` of those who left, in minor units of the most common currency, and
        ``mrr_saved`` of it.
    """
    dates, rate = rows["as_of"].n_unique(), rows["churned"].mean()
    money = pl.when(in_common_currency(rows)).then("mrr").otherwise(0).fill_null(0)
    left = rows.with_columns(mrr_called=pl.when("churned").then(money).otherwise(0))
    results = [
        left.drop_nulls(risk)
        .filter(called(risk, calls))
        .select(
            pl.lit(model).alias("who"),
            called=pl.len() / dates,
            left=pl.col("churned").sum() / dates,
            precision=pl.col("churned").mean(),
            lift=pl.col("churned").mean() / rate,
            mrr_called=pl.col("mrr_called").sum() / dates,
            mrr_saved=pl.col("mrr_called").sum() / dates * save_share,
        )
        for model, risk in risks
    ]
    return pl.concat(results)
