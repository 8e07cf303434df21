"""What is given back of payments: refunds, disputes, credit notes."""

import polars as pl

from perdura.sources.connectors.cells import word
from perdura.sources.connectors.lookups import looked_up
from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.staged import FILE, ROW_IN_FILE

_PLACE = (FILE, ROW_IN_FILE)


def refunds(raw: Raw, attempts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per refund: ``refund``, ``charge``, ``customer``, ``invoice``, ``amount``,
    ``currency``, ``happened_at``, ``is_refunded`` (it did not fail).
    """
    rows = _with_charge(raw, raw.latest("refunds"), attempts)
    failed = pl.col("status").is_in(("failed", "canceled")).fill_null(value=False)
    return _of_charge(rows, "refund", is_refunded=~failed)


def disputes(raw: Raw, attempts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per dispute, inquiries of the bank among them, as ``refunds``."""
    return _of_charge(_with_charge(raw, raw.latest("disputes"), attempts), "dispute")


def _of_charge(rows: pl.LazyFrame, name: str, **more: pl.Expr) -> pl.LazyFrame:
    return rows.select(
        pl.col("id").alias(name),
        *("charge", "customer", "invoice", "amount", "currency", "method", "livemode"),
        *("unreadable", *_PLACE),
        happened_at="created",
        **more,
    )


def credit_notes(raw: Raw) -> pl.LazyFrame:
    """One row per credit note; ``is_credited``: it gives back what was paid, by other ways than a
    refund: a refund is a row of ``refunds``.
    """
    of_invoices = raw.table("invoices").select(invoice="id", invoiced_to="customer").unique(
        "invoice", keep="last"
    )  # fmt: skip
    rows = looked_up(raw.latest("credit_notes"), of_invoices, "invoice")
    after = pl.col("post_payment_amount").cast(pl.Float64, strict=False)
    later = (word(pl.col("type")) == "post_payment") | (after > 0)
    refunded = pl.col("refund").is_not_null() | (pl.col("refunded").str.len_chars() > 2)
    credited = later & ~refunded.fill_null(value=False) & (pl.col("status") != "void")
    return rows.select(
        *("invoice", "currency", "livemode", "unreadable", *_PLACE),
        credit_note="id",
        customer=pl.coalesce("customer", "invoiced_to"),
        amount=pl.when(after > 0).then("post_payment_amount").otherwise("total"),
        happened_at="created",
        is_credited=credited.fill_null(value=False),
    )


def _with_charge(raw: Raw, rows: pl.LazyFrame, attempts: pl.LazyFrame) -> pl.LazyFrame:
    """Refunds or disputes with the customer and the invoice of their charge."""
    known = attempts.select("charge", "customer", "invoice", "method", charge_livemode="livemode")
    intents = raw.latest("charges").select("payment_intent", own="id", status="status")
    # Of several attempts the one that was paid.
    paid = (
        intents.filter(pl.col("payment_intent").is_not_null() & (pl.col("status") == "succeeded"))
        .select("payment_intent", "own")
        .unique("payment_intent", keep="last")
    )
    return (
        rows.pipe(looked_up, paid, "payment_intent")
        .with_columns(charge=pl.coalesce("charge", "own"))
        .pipe(looked_up, known, "charge")
        .with_columns(livemode=pl.coalesce("livemode", "charge_livemode"))
    )
