"""What a price comes to for a quantity, and what discounts leave of it."""

import json
import math
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.periods import months_in

#: Currencies with amounts in hundredths at Stripe, which ISO 4217 does not have.
HUNDREDTHS = ("ISK", "UGX")


@dataclass(frozen=True, slots=True)
class Prices:
    """What the export says of prices and discounts.

    Attributes:
        prices: One row per price: ``price``, ``plan`` (a name), ``product``, ``priced_in`` (a
            currency), ``unit``, ``months``, ``metered``, ``tiered``, ``tiers_mode``, ``tiers``,
            ``divide_by``, ``round_up``, and ``unit_text``, if ``unit`` could not be read.
        discounts: One row per discount: ``owner`` (what it is on), ``position``, ``id``,
            ``percent``, ``amount_off``, ``currency``, ``duration``, ``is_over``, ``is_known``.
        logged: The same of subscriptions as events show them; ``owner`` is an event, or an item
            there.
        once: Ids of discounts that count for one invoice alone.
    """

    prices: pl.DataFrame
    discounts: pl.DataFrame
    logged: pl.DataFrame
    once: pl.Series


def read_prices(raw: Raw) -> Prices:
    """Prices, and discounts with what their coupons say."""
    rows, logged = (
        raw.table(name).collect(engine="streaming") for name in ("discounts", "logged_discounts")
    )
    every = pl.concat([rows.select(logged.columns), logged])
    discounts, logged = (_with_coupons(raw, one, every) for one in (rows, logged))
    once = pl.concat([discounts, logged]).filter(pl.col("duration") == "once")["id"]
    return Prices(_prices(raw), discounts, logged, once.drop_nulls().unique())


def _prices(raw: Raw) -> pl.DataFrame:
    products = raw.table("products").select(product="id", product_name="name").unique("product")
    given = raw.table("prices").filter(pl.col("id").is_not_null()).unique("id", keep="first")
    written = pl.coalesce("unit_amount_decimal", "unit_amount")
    unit = written.cast(pl.Float64, strict=False)
    usage = pl.col("usage_type").fill_null("licensed").str.to_lowercase()
    scheme = pl.col("billing_scheme").fill_null("per_unit").str.to_lowercase()
    count = pl.coalesce("interval_count", pl.lit("1"))
    return (
        given.join(products, on="product", how="left")
        .select(
            price="id",
            plan=pl.coalesce("nickname", "product_name", "lookup_key", "id"),
            product="product",
            priced_in=pl.col("currency").str.to_uppercase(),
            unit=unit,
            unit_text=pl.when(unit.is_null()).then(written),
            months=months_in(pl.concat_str(count, pl.lit(" "), "interval")),
            metered=usage == "metered",
            tiered=scheme == "tiered",
            tiers_mode="tiers_mode",
            tiers="tiers",
            divide_by=pl.col("divide_by").cast(pl.Float64, strict=False),
            round_up=pl.col("round").str.to_lowercase() == "up",
        )
        .collect(engine="streaming")
    )


def _with_coupons(raw: Raw, rows: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """Discounts with what they, or others of their id, or their coupons say."""
    coupons = raw.table("coupons").collect(engine="streaming")
    said = ("coupon", "percent_off", "amount_off", "currency", "duration", "start", "end")
    telling = every.filter(pl.col("coupon").is_not_null() & pl.col("id").is_not_null())
    telling = telling.select("id", *said).unique("id", keep="last")
    full = rows.join(telling, on="id", how="left", suffix="_said").with_columns(
        pl.coalesce(name, f"{name}_said").alias(name) for name in said
    )
    known = coupons.select("percent_off", "amount_off", "currency", "duration", coupon="id").unique(
        "coupon"
    )
    full = full.join(known, on="coupon", how="left", suffix="_of").with_columns(
        pl.coalesce(name, f"{name}_of").alias(name) for name in said[1:5]
    )
    percent, off = (
        pl.col(name).cast(pl.Float64, strict=False) for name in ("percent_off", "amount_off")
    )
    return full.select(
        "owner",
        "id",
        "duration",
        is_over=(pl.col("end") <= pl.col("read_at")).fill_null(value=False),
        position=pl.col("position").cast(pl.Int64, strict=False).fill_null(0),
        percent=percent,
        amount_off=off,
        currency=pl.col("currency").str.to_uppercase(),
        is_known=percent.is_not_null() | off.is_not_null(),
    )


def terms(discounts: pl.DataFrame) -> pl.DataFrame:
    """What discounts that last leave of an amount: ``owner``, ``factor``, ``off``, ``unknown``.

    An amount becomes ``amount * factor - off``, never less than nothing. Those for one invoice
    alone, or that are over, do not count; ``unknown`` is of how many nothing is known.
    """
    once = (pl.col("duration") == "once").fill_null(value=False)
    lasting = discounts.filter(pl.col("owner").is_not_null() & ~once & ~pl.col("is_over"))
    place = pl.col("position")
    kept = (1 - pl.col("percent").fill_null(0) / 100).sort_by(place)
    # What later discounts leave of an amount that an earlier one takes off.
    later = kept.reverse().cum_prod().shift(1, fill_value=1.0).reverse()
    off = pl.col("amount_off").fill_null(0).sort_by(place)
    return lasting.group_by("owner").agg(
        factor=kept.product(),
        off=(off * later).sum(),
        unknown=(~pl.col("is_known")).sum(),
    )


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
    in_tiers = pl.struct("tiers", "tiers_mode", "units").map_elements(
        _in_tiers, return_dtype=pl.Float64
    )
    if prices["tiered"].any():
        plain = pl.when(tiered).then(pl.when(tiered).then(in_tiers)).otherwise(plain)
    return found.with_columns(amount=plain)


def _in_tiers(price: dict[str, Any]) -> float | None:
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
