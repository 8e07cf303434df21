"""Arrears: invoices with a failed payment attempt that were not settled since."""

from datetime import datetime

import polars as pl

from perdura.sources.events import PAYMENTS
from perdura.sources.merges import Events

_SETTLED = ("paid", "written_off")


def ever_failed(events: Events, until: datetime) -> Events:
    """The events, with the payments of invoices with a failed attempt alone, and of no invoice.

    These are few: to join all payments to each other would change no result and take long.
    """
    kind, invoice = pl.col("kind"), pl.col("invoice_id")
    payments = events[PAYMENTS.name].filter(kind.is_in(["failed", *_SETTLED]))
    failed = (kind == "failed") & (pl.col("known_at") < until) & invoice.is_not_null()
    invoices = payments.filter(failed).select("invoice_id").unique().collect(engine="streaming")
    if invoices.is_empty():
        kept = payments.filter(invoice.is_null())
    else:
        kept = payments.filter(invoice.is_null() | invoice.is_in(invoices["invoice_id"].implode()))
    return {**events, PAYMENTS.name: kept}


def past_due(payments: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subscriber with an unsettled invoice: the last time that an attempt failed.

    Payments that name no invoice are taken for one invoice.
    """
    settled = pl.col("kind").is_in(_SETTLED)
    happened_at = pl.col("happened_at")
    failed_at = pl.when(pl.col("kind") == "failed").then(happened_at).max()
    settled_at = pl.when(settled).then(happened_at).max()
    return (
        payments.group_by("subscriber_id", "invoice_id")
        .agg(failed_at.alias("failed_at"), settled_at.alias("settled_at"))
        .filter(pl.col("settled_at").is_null() | (pl.col("failed_at") > pl.col("settled_at")))
        .group_by("subscriber_id")
        .agg(pl.col("failed_at").max())
    )
