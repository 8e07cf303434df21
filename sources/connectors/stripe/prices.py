"""Prices and discounts, as the export says them."""

from dataclasses import dataclass

import polars as pl

from perdura.sources.connectors.stripe.discounts import with_coupons
from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.periods import months_in


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
    discounts, logged = (with_coupons(raw, one, every) for one in (rows, logged))
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
