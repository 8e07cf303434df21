"""Polars: one lazy, streaming pass over the events for each date."""

from datetime import datetime, timedelta

import polars as pl

from benchmarks.workload.task import COLUMNS, LIFE, SUMMED, WINDOWS, ZERO, Inputs

KIND = pl.col("kind")
MICROSECONDS = 86_400_000_000


def features(inputs: Inputs) -> pl.DataFrame:
    """One row per row of the spine: ``subscriber_id``, ``as_of``, the sixty columns."""
    moments = pl.Series(inputs.moments).dt.replace_time_zone("UTC").to_list()
    return pl.concat(_of_date(inputs, moment).collect(engine="streaming") for moment in moments)


def _of_date(inputs: Inputs, as_of: datetime) -> pl.LazyFrame:
    payments, tickets, subscriptions = (
        pl.scan_parquet(inputs.table(name)).filter(pl.col("known_at") < as_of)
        for name in ("payments", "tickets", "subscriptions")
    )
    rows = pl.scan_parquet(inputs.spine).filter(pl.col("as_of") == as_of)
    for found in (
        payments.group_by("subscriber_id").agg(_of_payments(as_of)),
        tickets.group_by("subscriber_id").agg(_of_tickets(as_of)),
        _open(tickets),
        subscriptions.group_by("subscriber_id").agg(
            tenure=_since(pl.when(KIND == "started").then(pl.col("happened_at")).min(), as_of)
        ),
    ):
        rows = rows.join(found, on="subscriber_id", how="left")
    return _finished(rows)


def _of_payments(as_of: datetime) -> list[pl.Expr]:
    columns = [_last(as_of, "since_paid", KIND == "paid")]
    columns.append(_last(as_of, "since_failed", KIND == "failed"))
    for days in (*WINDOWS, LIFE):
        inside = pl.col("happened_at") >= as_of - timedelta(days=days)
        columns += [
            inside.sum().alias(f"payments_{days}d"),
            _sum(inside & (KIND == "paid")).alias(f"paid_sum_{days}d"),
            (inside & (KIND == "failed")).sum().alias(f"failed_{days}d"),
            _sum(inside & (KIND == "refunded")).alias(f"refunded_sum_{days}d"),
        ]
    return columns


def _of_tickets(as_of: datetime) -> list[pl.Expr]:
    opened, urgent = KIND == "opened", pl.col("priority").is_in(["high", "urgent"])
    columns = [_last(as_of, "since_ticket", opened)]
    for days in (*WINDOWS, LIFE):
        inside = pl.col("happened_at") >= as_of - timedelta(days=days)
        columns.append((inside & opened).sum().alias(f"tickets_{days}d"))
        if days == LIFE:
            continue
        columns += [
            (inside & opened & urgent).sum().alias(f"urgent_{days}d"),
            _mean("hours", inside & (KIND == "replied")).alias(f"reply_hours_{days}d"),
            _mean("score", inside & (KIND == "rated")).alias(f"score_{days}d"),
        ]
    return columns


def _open(tickets: pl.LazyFrame) -> pl.LazyFrame:
    """How many tickets of each are open: opened last after it was resolved last."""
    at = pl.col("happened_at")
    opened = pl.when(KIND == "opened").then(at).max()
    resolved = pl.when(KIND == "resolved").then(at).max()
    is_open = opened.is_not_null() & (resolved.is_null() | (opened > resolved))
    each = tickets.group_by("subscriber_id", "ticket_id").agg(is_open.alias("tickets_open"))
    return each.group_by("subscriber_id").agg(pl.col("tickets_open").sum())


def _finished(rows: pl.LazyFrame) -> pl.LazyFrame:
    shares = [
        (pl.col(f"failed_{days}d") / pl.col(f"payments_{days}d"))
        .fill_nan(None)
        .alias(f"failed_share_{days}d")
        for days in WINDOWS
    ]
    trends = [
        pl.when(pl.col(f"{name}_90d") != 0)
        .then(3 * pl.col(f"{name}_30d") / pl.col(f"{name}_90d"))
        .alias(f"{name}_trend")
        for name in SUMMED
    ]
    filled = rows.with_columns(pl.col(ZERO).fill_null(0)).with_columns(*shares, *trends)
    return filled.select("subscriber_id", "as_of", pl.col(COLUMNS).cast(pl.Float64))


def _sum(counts: pl.Expr) -> pl.Expr:
    return pl.when(counts).then(pl.col("amount")).otherwise(0).sum()


def _mean(column: str, counts: pl.Expr) -> pl.Expr:
    return pl.when(counts).then(pl.col(column)).mean()


def _last(as_of: datetime, name: str, counts: pl.Expr) -> pl.Expr:
    return _since(pl.when(counts).then(pl.col("happened_at")).max(), as_of).alias(name)


def _since(moment: pl.Expr, as_of: datetime) -> pl.Expr:
    return (pl.lit(as_of) - moment).dt.total_microseconds() / MICROSECONDS
