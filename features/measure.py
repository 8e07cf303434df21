"""The four primitives as Polars aggregates over one subscriber's rows known before ``as_of``."""

from datetime import datetime, timedelta

import polars as pl

from features.definition import Balance, Feature, Latest, Over, Since

_DAY_US = 86_400_000_000


def aggregates(feature: Feature, as_of: datetime) -> list[pl.Expr]:
    """One aggregate per column of ``feature``, named after it, for rows known before ``as_of``."""
    counts = pl.sql_expr(feature.where)
    return [
        _aggregate(feature, counts, column.days, as_of).alias(column.name)
        for column in feature.columns
    ]


def _aggregate(feature: Feature, counts: pl.Expr, days: int | None, as_of: datetime) -> pl.Expr:
    match feature.measure:
        case Over() as over:
            # The one place where a window is cut: [as_of - days, as_of).
            happened = pl.col("happened_at")
            inside = (happened >= as_of - timedelta(days=days or 0)) & (happened < as_of)
            return _over(over, counts & inside, money=adds_money(feature))
        case Since(which):
            return _days_since(which, counts, as_of)
        case Latest(column):
            return latest(pl.col(column), counts & pl.col(column).is_not_null())
        case Balance(up, down):
            opened, closed = pl.sql_expr(up) & counts, pl.sql_expr(down) & counts
            return (opened.sum().cast(pl.Int64) - closed.sum().cast(pl.Int64)).clip(lower_bound=0)


def _over(over: Over, inside: pl.Expr, *, money: bool) -> pl.Expr:
    if over.column is None:
        return inside.sum()
    counts = inside & pl.col("in_last_currency") if money else inside
    values = pl.when(counts).then(pl.col(over.column))
    # A sum over nothing is the feature's ``when_empty``, not Polars' zero.
    empty = values.count() == 0
    return pl.when(empty).then(None).otherwise(getattr(values, over.how)())


def _days_since(which: str, counts: pl.Expr, as_of: datetime) -> pl.Expr:
    moments = pl.when(counts).then(pl.col("happened_at"))
    moment = moments.max() if which == "last" else moments.min()
    return (pl.lit(as_of) - moment).dt.total_microseconds() / _DAY_US


def latest(value: pl.Expr, counts: pl.Expr) -> pl.Expr:
    """``value`` in the last row where ``counts`` holds; of several at once, the greatest."""
    moment = pl.when(counts).then(pl.col("happened_at"))
    return value.filter(counts & (moment == moment.max())).max()


def adds_money(feature: Feature) -> bool:
    """Whether it aggregates amounts, and so must keep to one currency."""
    return isinstance(feature.measure, Over) and feature.unit == "money"


def with_last_currency(rows: pl.LazyFrame) -> pl.LazyFrame:
    """``rows`` with ``in_last_currency``: amounts of several currencies are never added."""
    currency = pl.col("currency")
    last = rows.group_by("subscriber_id").agg(
        latest(currency, currency.is_not_null()).alias("last_currency")
    )
    same = (currency == pl.col("last_currency")).fill_null(value=True)
    return (
        rows.join(last, on="subscriber_id", how="left")
        .with_columns(in_last_currency=same)
        .drop("last_currency")
    )
