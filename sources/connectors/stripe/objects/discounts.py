"""Discounts, from lists of ids or objects in JSON."""

from typing import Any

import polars as pl

from perdura.json_values import as_list, as_object
from perdura.sources.connectors.stripe.json_text.columns import is_empty, loads
from perdura.sources.connectors.stripe.shapes import SHAPES
from perdura.sources.staged import FILE, ROW_IN_FILE

_READ = ("owner", "discounts", FILE, ROW_IN_FILE)


def discounts_in(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per discount of ``owner``, from the list ``discounts`` in JSON: ids, or objects.

    Args:
        rows: ``owner``, ``discounts``, ``FILE`` and ``ROW_IN_FILE``.
    """
    found = rows.filter(~is_empty(pl.col("discounts")) & (pl.col("discounts") != "[null]"))
    records = [
        {"owner": owner, "position": str(position), FILE: file, ROW_IN_FILE: row, **_discount(one)}
        for owner, text, file, row in found.select(_READ).iter_rows()
        for position, one in enumerate(as_list(loads(text)))
        if one
    ]
    return pl.DataFrame(records, schema=SHAPES["discounts"], orient="row")


def listed_discounts(rows: pl.DataFrame) -> pl.DataFrame:
    """Discounts of a file of their own: they say what the ids on other objects stand for."""
    objects = pl.struct(pl.exclude(FILE, ROW_IN_FILE)).struct.json_encode()
    one = pl.concat_str(pl.lit("["), objects, pl.lit("]"))
    return discounts_in(
        rows.select(FILE, ROW_IN_FILE, owner=pl.lit(None, pl.String), discounts=one)
    )


def _discount(found: object) -> dict[str, str | None]:
    """What a discount, or its id, says; its coupon stands in it, or in its source."""
    one = as_object(found)
    if not one:
        return {"id": str(found)}
    source, coupon = one.get("source"), one.get("coupon")
    source = loads(source) if isinstance(source, str) else source
    coupon = as_object(source).get("coupon") if coupon is None else coupon
    coupon = loads(coupon) if isinstance(coupon, str) and coupon.startswith("{") else coupon
    said: dict[str, Any] = {name: one.get(name) for name in ("id", "start", "end")}
    given = as_object(coupon)
    said |= {name: given.get(name) for name in SHAPES["coupons"].names()[1:5] if given}
    said["coupon"] = given.get("id") if isinstance(coupon, dict) else coupon
    return {name: None if value is None else str(value) for name, value in said.items()}
