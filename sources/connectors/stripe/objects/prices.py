"""Prices that stand inside other objects, and plans, which prices were called before 2020."""

import polars as pl

from perdura.sources.connectors.stripe.json_text.columns import as_id
from perdura.sources.connectors.stripe.shapes import shaped
from perdura.sources.staged import FILE, ROW_IN_FILE


def prices_in(rows: pl.DataFrame) -> pl.DataFrame:
    """The prices that stand in rows with ``prices`` or ``plan``, each once."""
    given = rows.select(pl.col("prices").struct.unnest(), FILE, ROW_IN_FILE)
    given = given.with_columns(
        as_id(pl.col("product")),
        pl.col("recurring").struct.unnest(),
        pl.col("transform_quantity").struct.unnest(),
        tiers=pl.when(pl.col("tiers").list.len() > 0).then(pl.struct("tiers").struct.json_encode()),
    )
    plans = rows.select(pl.col("plan").struct.unnest(), FILE, ROW_IN_FILE)
    return (
        pl.concat([shaped(given, "prices"), plans_as_prices(plans)])
        .filter(pl.col("id").is_not_null())
        .unique("id", keep="first", maintain_order=True)
    )


def plans_as_prices(plans: pl.DataFrame) -> pl.DataFrame:
    """Plans as rows of ``prices``."""
    renamed = plans.rename({"amount": "unit_amount", "amount_decimal": "unit_amount_decimal"})
    return shaped(renamed.with_columns(as_id(pl.col("product"))), "prices")
