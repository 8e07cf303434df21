"""Tables in Stripe's words, in the flat shape: as Fivetran lands them, as Sigma and the dashboard
export them.

Their columns are the API's fields with other endings: ``customer_id``, ``Created (UTC)``.
"""

import csv
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from os import SEEK_END
from pathlib import Path

import polars as pl

from perdura.sources.connectors.stripe.json_lines import Block
from perdura.sources.connectors.stripe.objects import Tables
from perdura.sources.connectors.stripe.shapes import shaped
from perdura.sources.currencies import DIGITS
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

#: Rows that are in memory at once.
ROWS = 200_000

#: Under what other names the columns of each table stand, the likeliest first.
_NAMES: dict[str, dict[str, str]] = {
    "subscriptions": {
        "customer": "customer_id",
        "created": "created_utc",
        "start_date": "start_date_utc start_utc start",
        "trial_start": "trial_start_utc",
        "trial_end": "trial_end_utc",
        "canceled_at": "canceled_at_utc",
        "ended_at": "ended_at_utc",
        "cancel_at": "cancel_at_utc",
        "reason": "cancellation_details_reason cancellation_reason",
        "paused": "pause_collection_behavior",
        "schedule": "schedule_id",
        "currency": "plan_currency",
    },
    "items": {
        "subscription": "subscription_id",
        "price": "price_id plan_id",
        "deleted": "is_deleted",
    },
    "prices": {
        "product": "product_id",
        "unit_amount": "amount",
        "unit_amount_decimal": "amount_decimal",
        "divide_by": "transform_quantity_divide_by transform_usage_divide_by",
        "round": "transform_quantity_round transform_usage_round",
        "interval": "recurring_interval",
        "interval_count": "recurring_interval_count",
        "usage_type": "recurring_usage_type",
    },
    "discounts": {"owner": "subscription_id", "coupon": "coupon_id"},
    "invoices": {
        "customer": "customer_id",
        "subscription": "subscription_id",
        "created": "created_utc date date_utc period_end",
        "finalized_at": "status_transitions_finalized_at finalized_at_utc",
        "paid_at": "status_transitions_paid_at paid_at_utc",
        "uncollectible_at": "status_transitions_marked_uncollectible_at",
        "voided_at": "status_transitions_voided_at",
        "charge": "charge_id",
        "payment_intent": "payment_intent_id",
    },
    "lines": {
        "invoice": "invoice_id",
        "subscription": "subscription_id",
        "price": "price_id plan_id",
        "start": "period_start",
        "end": "period_end",
    },
    "charges": {
        "customer": "customer_id",
        "invoice": "invoice_id",
        "payment_intent": "payment_intent_id paymentintent_id",
        "created": "created_date_utc created_utc",
        "method": "payment_method_details_type payment_method_type payment_source_type",
        "decline_code": "outcome_reason decline_reason",
    },
    "refunds": {
        "charge": "charge_id",
        "payment_intent": "payment_intent_id",
        "created": "created_utc",
    },
    "disputes": {
        "charge": "charge_id",
        "payment_intent": "payment_intent_id",
        "created": "created_utc",
    },
    "credit_notes": {
        "customer": "customer_id",
        "invoice": "invoice_id",
        "refund": "refund_id",
        "balance_transaction": "customer_balance_transaction_id customer_balance_transaction",
        "out_of_band": "out_of_band_amount",
    },
    "customers": {
        "country": "address_country card_address_country",
        "created": "created_utc",
        "deleted": "is_deleted",
    },
    "coupons": {},
    "products": {},
    "invoice_payments": {
        "invoice": "invoice_id",
        "payment_intent": "payment_intent_id payment_payment_intent",
        "charge": "charge_id payment_charge",
    },
}  # fmt: skip
#: Whether a row of Fivetran's is the latest version of its object.
_ACTIVE = "fivetran_active"
_SHOWN = ("created_utc", "created_date_utc")


def read_blocks(path: Path, name: str) -> Generator[Block]:
    """The rows of a table, some at a time; columns are named as ``_plain_name`` has them.

    Args:
        path: CSV or Parquet.
        name: What reports call the file.
    """
    if path.suffix.lower() == ".parquet":
        rows = pl.scan_parquet(path).collect_batches(chunk_size=ROWS, maintain_order=True)
        before = 0
        for batch in rows:
            yield Block(_placed(batch.with_columns(pl.all().cast(pl.String)), name, before),
                        pl.DataFrame(schema=BROKEN_ROWS))  # fmt: skip
            before += batch.height
        return
    yield from _read_csv(path, name)


def _ends_whole(path: Path) -> bool:
    """Whether the last line has an end."""
    with path.open("rb") as file:
        if not file.seek(0, SEEK_END):
            return True
        file.seek(-1, SEEK_END)
        return file.read(1) in b"\r\n"


@dataclass(slots=True)
class _Lines:
    """Lines of a CSV file, split.

    Attributes:
        name: What reports call the file.
        header: The names of its columns.
        rows: The fields of the lines that have as many as the header, and the numbers of these.
        broken: The others, as in ``BROKEN_ROWS``.
    """

    name: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list[list[str]])
    numbers: list[int] = field(default_factory=list[int])
    broken: list[tuple[str, str, int, str]] = field(default_factory=list[tuple[str, str, int, str]])

    def add(self, number: int, row: list[str]) -> None:
        if len(row) == len(self.header):
            self.rows.append(row)
            self.numbers.append(number)
        elif row:
            self.broken.append(("broken_line", self.name, number, ",".join(row)))

    def cut_off(self, last: int) -> None:
        """The last line is only a piece."""
        if self.broken and self.broken[-1][2] == last:
            self.broken[-1] = ("cut_off", *self.broken[-1][1:])

    def block(self) -> Block:
        columns = {
            name: [row[at] or None for row in self.rows] for at, name in enumerate(self.header)
        }
        frame = pl.DataFrame(columns, schema=dict.fromkeys(self.header, pl.String()))
        place = pl.Series(ROW_IN_FILE, self.numbers, dtype=pl.UInt32)
        broken = pl.DataFrame(self.broken, schema=BROKEN_ROWS, orient="row")
        return Block(_placed(frame, self.name, 0).with_columns(place), broken)


def _read_csv(path: Path, name: str) -> Generator[Block]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        header: list[str] = next(reader, list[str]())
        lines, number = _Lines(name, header), 0
        for number, row in enumerate(reader, start=1):
            lines.add(number, row)
            if len(lines.rows) >= ROWS:
                yield lines.block()
                lines = _Lines(name, header)
    if not _ends_whole(path):
        lines.cut_off(number)
    yield lines.block()


def _placed(rows: pl.DataFrame, name: str, before: int) -> pl.DataFrame:
    plain = {one: _plain_name(one) for one in rows.columns}
    named = rows.rename(plain if len({*plain.values()}) == len(plain) else {})
    number = pl.int_range(before + 1, before + rows.height + 1, dtype=pl.UInt32)
    return named.with_columns(pl.lit(name).alias(FILE), number.alias(ROW_IN_FILE))


def _plain_name(name: str) -> str:
    """``Created (UTC)`` as ``created_utc``."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def flat(kind: str, rows: pl.DataFrame) -> Tables:
    """The flat tables of some rows of one kind of table.

    The dashboard writes amounts in whole units, and the price beside each subscription.
    """
    table, rows = "prices" if kind == "plans" else kind, _latest(rows)
    shown = kind in {"subscriptions", "charges", "invoices", "refunds"} and any(
        name in rows.columns for name in _SHOWN
    )
    synced = (
        [pl.col("fivetran_synced").alias("synced")] if "fivetran_synced" in rows.columns else []
    )
    given = rows.with_columns(*_renamed(rows.columns, _NAMES[table]), *synced)  # fmt: skip
    if shown:
        given = _in_minor_units(given)
    if kind == "discounts":
        given = given.with_columns(
            position=pl.lit("0"), owner=pl.coalesce("owner", _or_none(rows, "customer_id"))
        )
    if kind == "charges" and shown:
        given = given.with_columns(_charge_status(rows.columns))
    if kind == "lines":
        given = given.with_columns(_recurring(rows))
    tables = {table: shaped(given, table)}
    if kind == "subscriptions" and "plan" in rows.columns:
        tables |= _priced_beside(given)
    return tables


def earlier_versions(rows: pl.DataFrame) -> int:
    """How many rows of a table that has all versions of its objects are not the latest."""
    return rows.height - _latest(rows).height


def _latest(rows: pl.DataFrame) -> pl.DataFrame:
    if _ACTIVE not in rows.columns:
        return rows
    return rows.filter((pl.col(_ACTIVE).str.to_lowercase() != "false").fill_null(value=True))


def _renamed(columns: list[str], names: Mapping[str, str]) -> list[pl.Expr]:
    found: list[pl.Expr] = []
    for name, others in names.items():
        there = [one for one in (name, *others.split()) if one in columns]
        if there:
            found.append(pl.coalesce(there).alias(name))
    return found


def _or_none(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, pl.String)


def _in_minor_units(rows: pl.DataFrame) -> pl.DataFrame:
    """Amounts such as 20.00 in the units that the API counts in; what is no number stays."""
    own = {**DIGITS, "ISK": 2, "UGX": 2, "MGA": 0}
    digits = pl.col("currency").str.to_uppercase().replace_strict(
        own, default=2, return_dtype=pl.Int64
    )  # fmt: skip
    factor = pl.lit(10.0).pow(digits.fill_null(2))

    def minor(name: str) -> pl.Expr:
        number = pl.col(name).str.replace_all(",", "").cast(pl.Float64, strict=False)
        whole = (number * factor).round().cast(pl.Int64, strict=False).cast(pl.String)
        return pl.coalesce(whole, name).alias(name)

    amounts = ("amount", "total", "amount_due", "amount_remaining")
    return rows.with_columns(minor(name) for name in amounts if name in rows.columns)


def _charge_status(columns: list[str]) -> list[pl.Expr]:
    """The dashboard's Paid, Refunded and Failed as the API's status, and captured as it says."""
    status = pl.col("status").str.to_lowercase()
    paid = status.is_in(("paid", "refunded", "partially refunded", "disputed", "succeeded"))
    captured = [] if "captured" in columns else [pl.lit("true").alias("captured")]
    return [
        pl.when(paid).then(pl.lit("succeeded")).otherwise(status).alias("status"),
        *captured,
    ]


def _recurring(rows: pl.DataFrame) -> pl.Expr:
    """Whether a line of an invoice is of an item of the subscription."""
    added = _or_none(rows, "type").str.to_lowercase() == "invoiceitem"
    item = _or_none(rows, "subscription_item_id").is_not_null() | (
        _or_none(rows, "type").str.to_lowercase() == "subscription"
    )
    return (item & ~added.fill_null(value=False)).cast(pl.String).alias("recurring")


def _priced_beside(rows: pl.DataFrame) -> Tables:
    """The item and the price that the dashboard writes beside each subscription."""
    count = rows["interval_count"] if "interval_count" in rows.columns else None
    interval = pl.col("interval").str.to_lowercase().str.extract("(day|week|month|year)")
    amount = "plan_amount" if "plan_amount" in rows.columns else "amount"
    priced = rows.with_columns(
        subscription="id",
        price=pl.coalesce(_or_none(rows, "plan_price_id"), "plan"),
        unit_amount=_or_none(rows, amount),
        interval=interval,
        interval_count=pl.lit("1") if count is None else count,
        nickname="plan",
        product=_or_none(rows, "product"),
    )
    # Of one plan subscriptions may pay different prices here: each has its own.
    own = priced.with_columns(price=pl.concat_str("price", pl.lit("/"), "subscription"))
    prices = own.with_columns(id="price", currency="currency")
    return {"items": shaped(own, "items"), "prices": shaped(prices, "prices")}
