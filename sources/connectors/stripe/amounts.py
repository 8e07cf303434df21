"""What a price comes to for a quantity, in minor units as Stripe counts them."""

import json
import math
from typing import Any, cast

import polars as pl

#: Currencies with amounts in hundredths at Stripe, which ISO 4217 does not have.
HUNDREDTHS = ("ISK", "UGX")


def amounts(items: pl.LazyFrame, prices: pl.DataFrame) -> pl.LazyFrame:
    """Items with what their price is, and ``amount``: what they cost a period; null if unknown.

    Args:
        items: ``price`` and ``quantity``, as text.
        prices: As ``Prices.prices``.
    """
    given = pl.col("quantity").cast(pl.Float64, strict=False)
    units = pl.col("units")
    by = pl.col("divide_by").fill_null(1)
    parts = units / by
    packed = pl.when(pl.col("round_up").fill_null(value=False)).then(parts.ceil())
    packed = packed.otherwise(parts.floor())
    plain = pl.when(pl.col("divide_by") > 0).then(packed).otherwise(units) * pl.col("unit")
    quantity_text = pl.when(given.is_null() & pl.col("quantity").is_not_null()).then("quantity")
    found = (
        items.with_columns(
            units=pl.when(quantity_text.is_null()).then(given.fill_null(1)),
            quantity_text=quantity_text,
        )
        .join(prices.lazy(), on="price", how="left")
        .with_columns(
            unreadable_item=pl.coalesce(
                pl.lit("quantity: ") + pl.col("quantity_text"),
                pl.lit("unit_amount: ") + pl.col("unit_text"),
            )
        )
    )
    tiered = pl.col("tiered").fill_null(value=False)
    of_tiers = pl.struct("tiers", "tiers_mode", "units").map_elements(
        in_tiers, return_dtype=pl.Float64
    )
    if prices["tiered"].any():
        plain = pl.when(tiered).then(pl.when(tiered).then(of_tiers)).otherwise(plain)
    return found.with_columns(amount=plain)


def in_tiers(price: dict[str, Any]) -> float | None:
    """What a quantity costs in tiers: all of it by the tier it reaches (``volume``), or each part
    by its own (``graduated``).
    """
    tiers, units = price["tiers"], price["units"]
    if tiers is None or units is None:
        return None
    total, below = 0.0, 0.0
    for tier in cast("list[dict[str, Any]]", json.loads(tiers)["tiers"]):
        top = tier.get("up_to")
        upper = math.inf if top in {None, "inf"} else float(str(top))
        each = float(tier.get("unit_amount_decimal") or tier.get("unit_amount") or 0)
        flat = float(tier.get("flat_amount_decimal") or tier.get("flat_amount") or 0)
        if price["tiers_mode"] == "volume":
            if units <= upper:
                return units * each + flat
        elif units > below:
            total += (min(units, upper) - below) * each + flat
        below = upper
    return total


def rounded(amount: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Whole minor units as Stripe counts them; of ISK and UGX whole hundreds, as ISO has them."""
    step = pl.when(currency.str.to_uppercase().is_in(HUNDREDTHS)).then(100.0).otherwise(1.0)
    # Halves go up, as on invoices.
    return ((amount / step + 0.5).floor() * step).cast(pl.Int64)
