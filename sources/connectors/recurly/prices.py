"""What a Recurly subscription costs a month, after coupons and before tax."""

import polars as pl

from perdura.sources.connectors.cells import minor_units
from perdura.sources.periods import DAYS_A_MONTH

_POINT = "point"


def with_months(rows: pl.LazyFrame, plans: pl.LazyFrame) -> pl.LazyFrame:
    """Rows with ``plan_id``, with the code of the plan as ``plan`` and its interval in ``months``.

    Recurly never changes a plan's interval.
    """
    unit, length = pl.col("interval_unit"), pl.col("interval_length")
    newest = plans.sort("updated_at").unique("id", keep="last")
    known = newest.select(
        plan_id="id",
        plan=pl.coalesce("code", "id"),
        months=pl.when(unit == "days").then(length / DAYS_A_MONTH).otherwise(length),
    )
    joined = rows.join(known, on="plan_id", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("plan", "plan_id").alias("plan"))


def months_between(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Whole months where both are at the same day of the month, or the last; else by days."""
    whole = (end.dt.year() - start.dt.year()) * 12 + end.dt.month() - start.dt.month()
    at_end = end.dt.date() == end.dt.date().dt.month_end()
    same = (start.dt.day() == end.dt.day()) | (at_end & (start.dt.day() > end.dt.day()))
    days = (end - start).dt.total_seconds() / 86_400
    return pl.when(same & (whole > 0)).then(whole.cast(pl.Float64)).otherwise(days / DAYS_A_MONTH)


def redemptions(history: pl.LazyFrame, discounts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per redeemed coupon: ``account_id``, ``since``, ``removed`` (null while it holds),
    ``type``, ``percentage``, ``amount`` and ``amount_currency``.

    A coupon ends when it was removed, or used up: then its state turned.
    """
    ended = (pl.col("state") != "active") | pl.col("removed_at").is_not_null()
    end = pl.coalesce("removed_at", "updated_at")
    times = history.group_by("id").agg(
        pl.col("account_id", "coupon_id").first(),
        pl.col("created_at").min().alias("since"),
        end.filter(ended).min().alias("removed"),
    )
    renamed = discounts.rename({"currency": "amount_currency"}).drop("file", "row")
    return times.join(renamed, on="coupon_id", how="inner")


def with_mrr(points: pl.LazyFrame, coupons: pl.LazyFrame, spans: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with ``mrr``: ``gross`` (in whole units a month) after the coupons that hold ``at``.

    Fixed amounts come off before percentages, once a bill: with several subscriptions each bears an
    equal part.

    Args:
        points: ``account_id``, ``at``, ``gross``, ``months``, ``currency``.
        coupons: As of ``redemptions``.
        spans: Of each subscription ``account_id``, ``start`` and ``end`` (null while it runs).
    """
    points = points.with_row_index(_POINT)
    holds = (pl.col("since") <= pl.col("at")) & (
        pl.col("removed").is_null() | (pl.col("removed") > pl.col("at"))
    )
    keys = points.select(_POINT, "account_id", "at", "currency")
    off = (
        keys.join(coupons, on="account_id")
        .filter(holds)
        .group_by(_POINT)
        .agg(
            pl.col("amount").filter(pl.col("amount_currency") == pl.col("currency")).sum(),
            (1 - pl.col("percentage").fill_null(0) / 100).product().alias("left"),
        )
    )
    runs = (pl.col("start") <= pl.col("at")) & (
        pl.col("end").is_null() | (pl.col("end") > pl.col("at"))
    )
    running = (
        keys.join(spans, on="account_id")
        .filter(runs)
        .group_by(_POINT)
        .agg(pl.len().alias("running"))
    )
    joined = points.join(off, on=_POINT, how="left").join(running, on=_POINT, how="left")
    fixed = pl.col("amount").fill_null(0) / pl.col("months") / pl.col("running").fill_null(1)
    net = (pl.col("gross") - fixed).clip(lower_bound=0) * pl.col("left").fill_null(1)
    mrr = minor_units(net, pl.col("currency")).alias("mrr")
    return joined.sort(_POINT).with_columns(mrr).drop(_POINT, "amount", "left", "running")
