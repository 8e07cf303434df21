"""Recurly's invoices and transactions: what was billed, paid, refused and given back."""

import polars as pl

from perdura.sources.connectors.cells import minor_units
from perdura.sources.staged import FILE, ROW_IN_FILE

_COLLECTS = ("purchase", "capture")


def invoices(history: pl.LazyFrame, payments: pl.LazyFrame) -> pl.LazyFrame:
    """One row per state of an invoice: ``invoiced_at``, ``paid_at`` and ``written_off_at`` where it
    is the first to tell so, in minor units ``total``, ``paid`` and ``balance``.

    ``paid_at`` only where no transaction is known of the invoice: it was paid outside Recurly.
    """
    collected = payments.filter(pl.col("type").is_in(_COLLECTS)).select("invoice_id")
    known = collected.drop_nulls().unique().with_columns(collected=pl.lit(value=True))
    rows = history.sort("id", "updated_at", FILE, ROW_IN_FILE).join(
        known, left_on="id", right_on="invoice_id", how="left", maintain_order="left"
    )
    state, first = pl.col("state"), pl.col("id").ne_missing(pl.col("id").shift())
    closed = pl.coalesce("closed_at", "updated_at")

    def newly(holds: pl.Expr) -> pl.Expr:
        return holds & (first | ~holds.shift().fill_null(value=False))

    paid = (state == "paid") & (pl.col("paid") > 0) & pl.col("collected").is_null()
    moments = {
        "invoiced_at": pl.when(first).then("created_at"),
        "paid_at": pl.when(newly(paid.fill_null(value=False))).then(closed),
        "written_off_at": pl.when(newly(state == "failed")).then(closed),
    }
    return rows.select(
        pl.col("id").alias("invoice_id"),
        "account_id",
        pl.coalesce("type", pl.lit("charge")).alias("type"),
        "state",
        "currency",
        *(minor_units(pl.col(name), pl.col("currency")) for name in ("total", "paid", "balance")),
        *(moment.alias(name) for name, moment in moments.items()),
        pl.any_horizontal(moment.is_not_null() for moment in moments.values()).alias("tells"),
        FILE,
        ROW_IN_FILE,
    )


def transactions(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row per transaction: when it was made, voided and disputed; amounts in minor units.

    When a chargeback came Recurly's table does not say. It is known since it was synchronised, and
    dated as its payment is: the same each time, however often the row is synchronised again.
    """
    status = pl.col("status")
    return rows.select(
        pl.col("id").alias("transaction_id"),
        "account_id",
        "invoice_id",
        "type",
        "status",
        "currency",
        minor_units(pl.col("amount"), pl.col("currency")),
        pl.col("payment_method_object").alias("method"),
        "status_code",
        pl.coalesce("collected_at", "created_at").alias("at"),
        "voided_at",
        pl.when(status == "chargeback").then("_fivetran_synced").alias("disputed_known_at"),
        FILE,
        ROW_IN_FILE,
    )


def credit_payments(history: pl.LazyFrame) -> pl.LazyFrame:
    """One row per state of a credit payment; ``first`` is its oldest."""
    rows = history.sort("id", "updated_at", FILE, ROW_IN_FILE)
    return rows.select(
        pl.col("id").alias("credit_payment_id"),
        "account_id",
        pl.col("applied_to_invoice_id").alias("invoice_id"),
        "action",
        "currency",
        minor_units(pl.col("amount"), pl.col("currency")),
        "created_at",
        pl.col("id").ne_missing(pl.col("id").shift()).alias("first"),
        FILE,
        ROW_IN_FILE,
    )
