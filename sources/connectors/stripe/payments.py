"""Payments: customers, invoices, charges and attempts."""

import polars as pl

from perdura.sources.connectors.cells import word
from perdura.sources.connectors.lookups import looked_up
from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.staged import FILE, ROW_IN_FILE

#: Methods of which a payment is known to have failed, or succeeded, days after it was made.
_SLOW = (
    "us_bank_account", "ach_debit", "ach_credit_transfer", "sepa_debit", "bacs_debit",
    "acss_debit", "au_becs_debit", "nz_bank_account", "customer_balance", "boleto", "konbini",
    "oxxo", "multibanco", "sofort",
)  # fmt: skip
_SLOW_DAYS = 14
_PLACE = (FILE, ROW_IN_FILE)


def invoice_links(raw: Raw) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """The invoice that each payment intent, and each charge, is for."""
    paid = raw.table("invoice_payments").select("invoice", "payment_intent", "charge")
    own = raw.table("invoices").select("payment_intent", "charge", invoice="id")
    both = pl.concat([paid, own.select(paid.collect_schema().names())])

    def links(name: str) -> pl.LazyFrame:
        known = both.filter(pl.col(name).is_not_null() & pl.col("invoice").is_not_null())
        return known.select(name, linked=pl.col("invoice")).unique(name, keep="first")

    return links("payment_intent"), links("charge")


def charges(raw: Raw) -> pl.LazyFrame:
    """One row per charge, which is an attempt to be paid: ``kind`` is paid, failed or nothing yet.

    ``charge``, ``customer``, ``invoice``, ``amount``, ``currency``, ``method``, ``failure_code``,
    ``decline_code``, ``happened_at``, ``known_at``, ``is_known`` (its status).
    """
    succeeded, created = pl.col("status") == "succeeded", pl.col("created")
    captured = (word(pl.col("captured")) != "false").fill_null(value=True)
    paid, failed = succeeded & captured, pl.col("status") == "failed"
    slow = word(pl.col("method")).is_in(_SLOW).fill_null(value=False)
    settled = pl.when(paid & slow & (pl.col("settled_at") > created)).then("settled_at")
    happened = pl.coalesce(settled, created)
    later = pl.min_horizontal(created + pl.duration(days=_SLOW_DAYS), "read_at")
    known = pl.when(slow & settled.is_null()).then(pl.max_horizontal(later, happened))
    return _with_invoice(raw, raw.latest("charges")).select(
        *("invoice", "amount", "currency", "livemode", "failure_code", "unreadable", *_PLACE),
        charge="id",
        customer=pl.coalesce("customer", "invoiced_to"),
        # Why the bank declined; of a payment that went through it says how it was reviewed.
        decline_code=pl.when(failed).then("decline_code"),
        method=word(pl.col("method")),
        kind=pl.when(paid).then(pl.lit("paid")).when(failed).then(pl.lit("failed")),
        happened_at=happened,
        known_at=known.otherwise(happened),
        is_known=pl.col("status").is_in(("succeeded", "failed", "pending")).fill_null(value=False),
    )


def _with_invoice(raw: Raw, charges: pl.LazyFrame) -> pl.LazyFrame:
    """Charges with their invoice, whom it was to, and when it was paid."""
    by_intent, by_charge = invoice_links(raw)
    invoices = raw.table("invoices").select(
        invoice="id", invoiced_to="customer", settled_at="paid_at"
    ).unique("invoice", keep="last")  # fmt: skip
    return (
        charges.pipe(looked_up, by_intent, "payment_intent")
        .pipe(looked_up, by_charge.rename({"linked": "linked_to"}), "id", "charge")
        .with_columns(invoice=pl.coalesce("invoice", "linked", "linked_to"))
        .pipe(looked_up, invoices, "invoice")
    )


def invoices(raw: Raw, attempts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per invoice: when it was final, paid without a charge, or written off.

    ``invoice``, ``customer``, ``subscription``, ``currency``, ``amount``, ``unpaid`` (of it),
    ``invoiced_at``, ``paid_at``, ``paid_known_at``, ``written_off_at``, ``is_billed`` (it asks for
    money, and is no draft), ``is_known`` (its status).
    """
    paid = attempts.filter((pl.col("kind") == "paid") & pl.col("invoice").is_not_null())
    by_charge = paid.select("invoice", by_charge=pl.lit(value=True)).unique("invoice")
    rows = looked_up(raw.latest("invoices"), by_charge, "id", "invoice")
    status, created = pl.col("status"), pl.col("created")
    final = (status != "draft").fill_null(value=True)
    final &= (status != "void").fill_null(value=True) | pl.col("finalized_at").is_not_null()
    alone = (status == "paid") & pl.col("by_charge").is_null()
    total = pl.col("total").cast(pl.Float64, strict=False)
    # A voided invoice that payment was tried for is owed no longer.
    tried = pl.col("attempt_count").cast(pl.Float64, strict=False) > 0
    given_up = pl.when(status == "uncollectible").then("uncollectible_at")
    given_up = given_up.when((status == "void") & tried).then("voided_at")
    return rows.select(
        *("customer", "subscription", "currency", "livemode", "unreadable", *_PLACE),
        invoice="id",
        amount="total",
        unpaid="amount_remaining",
        invoiced_at=pl.when(final).then(pl.coalesce("finalized_at", created)),
        paid_at=pl.when(alone).then(pl.coalesce("paid_at", created)),
        paid_known_at=pl.when(alone).then(
            pl.coalesce("paid_at", pl.max_horizontal("read_at", created))
        ),
        written_off_at=given_up,
        is_billed=(total > 0).fill_null(value=True) & (final | pl.col("unreadable").is_not_null()),
        is_known=status.is_in(("draft", "open", "paid", "uncollectible", "void", "deleted"))
        .fill_null(value=True),
    )  # fmt: skip


def last_paid(raw: Raw) -> pl.LazyFrame:
    """When each subscription was paid last, by its invoices."""
    is_paid = (pl.col("status") == "paid") & pl.col("subscription").is_not_null()
    paid_at = pl.coalesce("paid_at", "created")
    paid = raw.table("invoices").filter(is_paid)
    return paid.group_by("subscription").agg(last_paid_at=paid_at.max())


def customers(raw: Raw, metadata: tuple[str, ...]) -> pl.LazyFrame:
    """One row per customer: ``customer``, ``email`` (in small letters, to join by), ``country``,
    ``created``, ``read_at``, ``is_deleted``, and ``metadata_<key>``.
    """
    return raw.latest("customers").select(
        *("created", "currency", "read_at", "unreadable", *_PLACE),
        *with_metadata(metadata),
        customer="id",
        email=word(pl.col("email")),
        country=pl.col("country").str.strip_chars().str.to_uppercase(),
        livemode="livemode",
        is_deleted=(word(pl.col("deleted")) == "true").fill_null(value=False),
    )


def accounts(raw: Raw, key: str | None) -> pl.LazyFrame:
    """One row per customer of an account: ``customer``, ``account``, ``created``, ``read_at``.

    Args:
        raw: The export.
        key: The key of metadata that holds the account; ``None``: there is none.
    """
    rows = customers(raw, (key,) if key else ())
    named = pl.col(f"metadata_{key}").str.strip_chars() if key else pl.lit(None, pl.String)
    own = rows.select("customer", "created", "read_at", *_PLACE, "livemode", account=named)
    return own.filter(pl.col("account") != "")


def with_metadata(keys: tuple[str, ...]) -> list[pl.Expr]:
    """A column for each key of ``metadata``, which is JSON."""
    return [
        pl.col("metadata").str.json_path_match(f"$['{key}']").alias(f"metadata_{key}")
        for key in keys
    ]
