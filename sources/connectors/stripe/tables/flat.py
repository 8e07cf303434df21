"""Tables in the flat shape: as Fivetran lands them, as Sigma and the dashboard export them.

Their columns are the API's fields with other endings: ``customer_id``, ``Created (UTC)``.
"""

import polars as pl

from perdura.sources.connectors.stripe.shapes import Tables, shaped
from perdura.sources.connectors.stripe.tables.names import NAMES
from perdura.sources.currencies import DIGITS

#: Whether a row of Fivetran's is the latest version of its object.
_ACTIVE = "fivetran_active"
#: Columns that the dashboard alone writes.
_SHOWN = ("created_utc", "created_date_utc")


def flat(kind: str, rows: pl.DataFrame) -> Tables:
    """The flat tables of some rows of one kind of table.

    The dashboard writes amounts in whole units, and the price beside each subscription.
    """
    table, rows = "prices" if kind == "plans" else kind, _latest(rows)
    shown = kind in {"subscriptions", "charges", "invoices", "refunds"} and any(
        name in rows.columns for name in _SHOWN
    )
    given = rows.with_columns(
        pl.coalesce(there).alias(name)
        for name, others in {**NAMES[table], "synced": "fivetran_synced"}.items()
        if (there := [one for one in (name, *others.split()) if one in rows.columns])
    )
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
