"""Tables in the flat shape: as Fivetran lands them, as Sigma and the dashboard export them.

Their columns are the API's fields with other endings: ``customer_id``, ``Created (UTC)``.
"""

import polars as pl

from perdura.sources.connectors.stripe.shapes import Tables, or_null, shaped
from perdura.sources.connectors.stripe.tables.dashboard import (
    charge_status,
    in_minor_units,
    priced_beside,
)
from perdura.sources.connectors.stripe.tables.names import NAMES

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
        given = in_minor_units(given)
    if kind == "discounts":
        given = given.with_columns(
            position=pl.lit("0"), owner=pl.coalesce("owner", or_null(rows, "customer_id"))
        )
    if kind == "charges" and shown:
        given = given.with_columns(charge_status(rows.columns))
    if kind == "lines":
        given = given.with_columns(_recurring(rows))
    tables = {table: shaped(given, table)}
    if kind == "subscriptions" and "plan" in rows.columns:
        tables |= priced_beside(given)
    return tables


def earlier_versions(rows: pl.DataFrame) -> int:
    """How many rows of a table that has all versions of its objects are not the latest."""
    return rows.height - _latest(rows).height


def _latest(rows: pl.DataFrame) -> pl.DataFrame:
    if _ACTIVE not in rows.columns:
        return rows
    return rows.filter((pl.col(_ACTIVE).str.to_lowercase() != "false").fill_null(value=True))


def _recurring(rows: pl.DataFrame) -> pl.Expr:
    """Whether a line of an invoice is of an item of the subscription."""
    added = or_null(rows, "type").str.to_lowercase() == "invoiceitem"
    item = or_null(rows, "subscription_item_id").is_not_null() | (
        or_null(rows, "type").str.to_lowercase() == "subscription"
    )
    return (item & ~added.fill_null(value=False)).cast(pl.String).alias("recurring")
