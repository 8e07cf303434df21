"""What objects hold: items of subscriptions, lines of invoices, prices and discounts."""

import polars as pl

from perdura.sources.connectors.stripe.fields import ITEMS, LINES
from perdura.sources.connectors.stripe.json_text.columns import as_id, decoded, is_empty
from perdura.sources.connectors.stripe.objects.discounts import discounts_in
from perdura.sources.connectors.stripe.objects.prices import prices_in
from perdura.sources.connectors.stripe.shapes import Tables, shaped
from perdura.sources.staged import FILE, ROW_IN_FILE

_OF_PRICE, _OF_PLAN = pl.col("prices").struct.field("id"), pl.col("plan").struct.field("id")
_OF_ITEM, _ADDED = (
    pl.col("parent").struct.field(name).struct
    for name in ("subscription_item_details", "invoice_item_details")
)
#: Columns of lines that stand elsewhere, or under other names before 2025.
_OF_LINE: dict[str, pl.Expr] = {
    "subscription": pl.coalesce(
        _OF_ITEM.field("subscription"), _ADDED.field("subscription"), "subscription", "of_invoice"
    ),
    "proration": pl.coalesce(_OF_ITEM.field("proration"), _ADDED.field("proration"), "proration"),
    "price": pl.coalesce(
        _OF_PRICE,
        as_id(pl.col("pricing").struct.field("price_details").struct.field("price")),
        _OF_PLAN,
    ),
    "start": pl.col("period").struct.field("start"),
    "end": pl.col("period").struct.field("end"),
    "discounts": pl.col("discount_amounts"),
    "recurring": (_OF_ITEM.field("subscription").is_not_null() | (pl.col("type") == "subscription"))
    .fill_null(value=False)
    .cast(pl.String),
}


def held_by_subscriptions(rows: pl.DataFrame) -> Tables:
    """The items of subscriptions, the prices of these, and the discounts on both."""
    items = (
        rows.select(subscription="id", file=FILE, row=ROW_IN_FILE)
        .with_columns(decoded(rows["items"], ITEMS).struct.field("data").alias("item"))
        .explode("item", empty_as_null=False, keep_nulls=False)
        .unnest("item")
        .rename({"price": "prices"})
        .with_columns(price=pl.coalesce(_OF_PRICE, _OF_PLAN))
    )
    one = pl.concat_str(pl.lit("["), "discount", pl.lit("]"))
    own = pl.when(is_empty(pl.col("discounts"))).then(one).otherwise("discounts")
    each, mark = pl.element(), pl.lit('"')
    as_json = pl.when(each.str.starts_with("{")).then(each).otherwise(mark + each + mark)
    listed = pl.col("discounts").list.eval(as_json).list.join(",")
    place = (FILE, ROW_IN_FILE)
    on_items = items.select(*place, owner="id", discounts=pl.lit("[") + listed + pl.lit("]"))
    on_all = rows.select(*place, owner="id", discounts=own)
    return {
        "items": shaped(items, "items"),
        "prices": prices_in(items),
        "discounts": discounts_in(pl.concat([on_all, on_items])),
    }


def held_by_invoices(invoices: pl.DataFrame) -> Tables:
    """The lines of invoices and the prices of these."""
    found = decoded(invoices["lines"], LINES).struct
    lines = (
        invoices.select(invoice="id", of_invoice="subscription", file=FILE, row=ROW_IN_FILE)
        .with_columns(found.field("data").alias("line"), found.field("has_more"))
        .explode("line", empty_as_null=False, keep_nulls=False)
        .unnest("line")
        .rename({"price": "prices"})
        .with_columns(**_OF_LINE)
    )
    return {"lines": shaped(lines, "lines"), "prices": prices_in(lines)}


def held_by_customers(rows: pl.DataFrame) -> Tables:
    """The discount of each customer."""
    listed = pl.concat_str(pl.lit("["), "discount", pl.lit("]"))
    return {"discounts": discounts_in(rows.select(FILE, ROW_IN_FILE, owner="id", discounts=listed))}
