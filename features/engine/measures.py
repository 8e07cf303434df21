"""The four primitives as Polars aggregates over one subscriber's rows known before ``as_of``."""

from datetime import datetime, timedelta

import polars as pl

from perdura.features.definition import Balance, Feature, Latest, Over, Since

_DAY_US = 86_400_000_000
_MILLION = 1_000_000
#: Rows of one thing at one moment that are told apart; a power of two (``features.engine.kernel``).
MOST_TIES = 16


def aggregates(feature: Feature, as_of: datetime) -> list[pl.Expr]:
    """One aggregate per column of ``feature``, named after it, for rows known before ``as_of``."""
    counts, happened = pl.sql_expr(feature.where), pl.col("happened_at")
    match feature.measure:
        case Over() as over:
            values: list[pl.Expr] = []
            for column in feature.columns:
                # The one place where a window is cut: [as_of - days, as_of).
                begins = as_of - timedelta(days=column.days or 0)
                inside = counts & (happened >= begins) & (happened < as_of)
                values.append(_over(over, inside, feature).alias(column.name))
            return values
        case Since(which):
            # Microseconds; as days by ``in_days``.
            moments = pl.when(counts).then(happened)
            moment = moments.max() if which == "last" else moments.min()
            value = (pl.lit(as_of) - moment).dt.total_microseconds()
        case Latest(name):
            value = latest(pl.col(name), counts & pl.col(name).is_not_null())
        case Balance():
            raise TypeError(f"{feature.name!r} is a balance: it is of things, not of rows")
    return [value.alias(feature.name)]


def _over(over: Over, inside: pl.Expr, feature: Feature) -> pl.Expr:
    if over.column is None:
        # No row that counts is the feature's ``when_empty``; other rows do not make it a zero.
        return pl.when(inside.any()).then(inside.sum())
    counts = inside & pl.col("in_last_currency") if adds_money(feature) else inside
    values = pl.when(counts).then(pl.col(over.column))
    if over.how in {"max", "min"}:
        return getattr(values, over.how)()
    if over.how == "count":
        result = values.count()
    else:
        result = values.sum()
        if feature.events.columns[over.column] == pl.Float64:
            # Exact to a millionth: a sum of floats would depend on the order they are added in.
            result = (values * _MILLION).round().cast(pl.Int64).sum() / _MILLION
        result = result / values.count() if over.how == "mean" else result
    # A sum over nothing is the feature's ``when_empty``, not Polars' zero.
    return pl.when(values.count() > 0).then(result)


def in_days(microseconds: pl.Series) -> pl.Series:
    """Days, to the last bit as the kernel divides: Polars multiplies by the inverse instead."""
    days = microseconds.cast(pl.Float64).to_numpy() / _DAY_US
    return pl.Series(microseconds.name, days, nan_to_null=True)


def latest(value: pl.Expr, counts: pl.Expr) -> pl.Expr:
    """``value`` in the last row where ``counts`` holds; of several at once, the greatest.

    Rows of one thing are never at once where they have an order within a moment (``tie``).
    """
    moment = pl.when(counts).then(moments())
    return value.filter(counts & (moment == moment.max())).max()


def moments() -> pl.Expr:
    """When each row happened, as an integer that also orders the rows of a thing at one moment."""
    tie = pl.col("tie").clip(upper_bound=MOST_TIES - 1).cast(pl.Int64)
    return pl.col("happened_at").to_physical() * MOST_TIES + tie


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


def balanced(rows: pl.LazyFrame, feature: Feature, balance: Balance) -> pl.LazyFrame:
    """One row per subscriber: whether each of their things is open, summed under its name."""
    counts, happened_at = pl.sql_expr(feature.where), pl.col("happened_at")
    opened = pl.when(pl.sql_expr(balance.up) & counts).then(happened_at).max()
    closed = pl.when(pl.sql_expr(balance.down) & counts).then(happened_at).max()
    is_open = opened.is_not_null() & (closed.is_null() | (opened > closed))
    tells = (pl.sql_expr(balance.up) | pl.sql_expr(balance.down)) & counts
    return (
        rows.filter(pl.col(balance.thing).is_not_null(), tells)
        .group_by("subscriber_id", balance.thing)
        .agg(is_open.alias(feature.name))
        .group_by("subscriber_id")
        .agg(pl.col(feature.name).sum())
    )
