"""What the dashboard writes otherwise than the API: whole units, states, prices beside objects."""

import polars as pl

from perdura.sources.connectors.stripe.shapes import Tables, or_null, shaped
from perdura.sources.currencies import DIGITS


def in_minor_units(rows: pl.DataFrame) -> pl.DataFrame:
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


def charge_status(columns: list[str]) -> list[pl.Expr]:
    """The dashboard's Paid, Refunded and Failed as the API's status, and captured as it says."""
    status = pl.col("status").str.to_lowercase()
    paid = status.is_in(("paid", "refunded", "partially refunded", "disputed", "succeeded"))
    captured = [] if "captured" in columns else [pl.lit("true").alias("captured")]
    return [
        pl.when(paid).then(pl.lit("succeeded")).otherwise(status).alias("status"),
        *captured,
    ]


def priced_beside(rows: pl.DataFrame) -> Tables:
    """The item and the price that the dashboard writes beside each subscription."""
    count = rows["interval_count"] if "interval_count" in rows.columns else None
    interval = pl.col("interval").str.to_lowercase().str.extract("(day|week|month|year)")
    amount = "plan_amount" if "plan_amount" in rows.columns else "amount"
    priced = rows.with_columns(
        subscription="id",
        price=pl.coalesce(or_null(rows, "plan_price_id"), "plan"),
        unit_amount=or_null(rows, amount),
        interval=interval,
        interval_count=pl.lit("1") if count is None else count,
        nickname="plan",
        product=or_null(rows, "product"),
    )
    # Of one plan subscriptions may pay different prices here: each has its own.
    own = priced.with_columns(price=pl.concat_str("price", pl.lit("/"), "subscription"))
    prices = own.with_columns(id="price", currency="currency")
    return {"items": shaped(own, "items"), "prices": shaped(prices, "prices")}
