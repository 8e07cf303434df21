"""Objects of Stripe's API in the flat shape: subscriptions with their items, invoices with lines.

An invoice names its subscription under ``parent``, or itself, before 2025.
"""

from collections.abc import Callable
from typing import Any, cast

import polars as pl

from perdura.sources.connectors.stripe.fields import FIELDS, ITEMS, LINES
from perdura.sources.connectors.stripe.json_lines import as_id, decoded, decoded_objects, loads
from perdura.sources.connectors.stripe.shapes import SHAPES, shaped
from perdura.sources.staged import FILE, ROW_IN_FILE

Tables = dict[str, pl.DataFrame]


def flat(kind: str, rows: pl.DataFrame) -> Tables:
    """The flat tables of some objects of one kind."""
    return _FLAT.get(kind, _alone(kind))(rows)


def _alone(kind: str) -> Callable[[pl.DataFrame], Tables]:
    ids = ("customer", "charge", "payment_intent", "invoice", "subscription", "refund")

    def one(rows: pl.DataFrame) -> Tables:
        known = [pl.col(name) for name in ids if name in rows.columns]
        return {kind: shaped(rows.with_columns(as_id(name) for name in known), kind)}

    return one


def _path(name: str, path: str) -> pl.Expr:
    return pl.col(name).str.json_path_match(path)


def _subscriptions(rows: pl.DataFrame) -> Tables:
    plain = rows.with_columns(
        as_id(pl.col("customer")),
        as_id(pl.col("schedule")),
        reason=pl.col("cancellation_details").struct.field("reason"),
        paused=_path("pause_collection", "$.behavior"),
    )
    items = _items(rows)
    own = rows.select(
        owner="id",
        discounts=pl.when(_empty(pl.col("discounts")))
        .then(pl.concat_str(pl.lit("["), "discount", pl.lit("]")))
        .otherwise("discounts"),
    )
    on_items = items.select(
        owner="id",
        discounts=pl.lit("[")
        + pl.col("discounts").list.eval(_as_json(pl.element())).list.join(",")
        + pl.lit("]"),
    )
    return {
        "subscriptions": shaped(plain, "subscriptions"),
        "items": shaped(items, "items"),
        "prices": _prices(items),
        "discounts": discounts_in(pl.concat([own, on_items])),
    }


def _empty(text: pl.Expr) -> pl.Expr:
    return text.is_null() | text.is_in(("[]", "null", ""))


def _as_json(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.starts_with("{")).then(text).otherwise(pl.lit('"') + text + pl.lit('"'))


def _items(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per item of a subscription, with ``price`` its id, ``prices`` and ``plan``."""
    found = decoded(rows["items"], ITEMS).struct.field("data")
    exploded = (
        rows.select(subscription="id", file=FILE, row=ROW_IN_FILE)
        .with_columns(found.alias("item"))
        .explode("item", empty_as_null=False, keep_nulls=False)
        .unnest("item")
    )
    return exploded.rename({"price": "prices"}).with_columns(
        price=pl.coalesce(pl.col("prices").struct.field("id"), pl.col("plan").struct.field("id"))
    )


def _prices(rows: pl.DataFrame) -> pl.DataFrame:
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
        pl.concat([shaped(given, "prices"), _of_plans(plans)])
        .filter(pl.col("id").is_not_null())
        .unique("id", keep="first", maintain_order=True)
    )


def _of_plans(plans: pl.DataFrame) -> pl.DataFrame:
    renamed = plans.rename({"amount": "unit_amount", "amount_decimal": "unit_amount_decimal"})
    return shaped(renamed.with_columns(as_id(pl.col("product"))), "prices")


def _listed_prices(rows: pl.DataFrame) -> Tables:
    recurring = [
        _path("recurring", f"$.{name}").alias(name)
        for name in ("interval", "interval_count", "usage_type")
    ]
    by = [_path("transform_quantity", f"$.{name}").alias(name) for name in ("divide_by", "round")]
    tiers = pl.when(~_empty(pl.col("tiers"))).then(
        pl.lit('{"tiers":') + pl.col("tiers") + pl.lit("}")
    )
    given = rows.with_columns(as_id(pl.col("product")), *recurring, *by, tiers=tiers)
    return {"prices": shaped(given, "prices")}


def _invoices(rows: pl.DataFrame) -> Tables:
    moves = pl.col("status_transitions").struct
    plain = rows.with_columns(
        *(as_id(pl.col(name)) for name in ("customer", "charge", "payment_intent")),
        subscription=pl.coalesce(
            as_id(pl.col("subscription")),
            as_id(_path("parent", "$.subscription_details.subscription")),
        ),
        finalized_at=moves.field("finalized_at"),
        paid_at=moves.field("paid_at"),
        uncollectible_at=moves.field("marked_uncollectible_at"),
        voided_at=moves.field("voided_at"),
    )
    lines = _lines(plain)
    return {
        "invoices": shaped(plain, "invoices"),
        "lines": shaped(lines, "lines"),
        "prices": _prices(lines),
    }


def _lines(invoices: pl.DataFrame) -> pl.DataFrame:
    found = decoded(invoices["lines"], LINES)
    exploded = (
        invoices.select(invoice="id", of_invoice="subscription", file=FILE, row=ROW_IN_FILE)
        .with_columns(found.struct.field("data").alias("line"), found.struct.field("has_more"))
        .explode("line", empty_as_null=False, keep_nulls=False)
        .unnest("line")
    )
    item, added = (
        pl.col("parent").struct.field(name).struct
        for name in ("subscription_item_details", "invoice_item_details")
    )
    return exploded.rename({"price": "prices"}).with_columns(
        subscription=pl.coalesce(
            item.field("subscription"), added.field("subscription"), "subscription", "of_invoice"
        ),
        proration=pl.coalesce(item.field("proration"), added.field("proration"), "proration"),
        price=pl.coalesce(
            pl.col("prices").struct.field("id"),
            as_id(pl.col("pricing").struct.field("price_details").struct.field("price")),
            pl.col("plan").struct.field("id"),
        ),
        start=pl.col("period").struct.field("start"),
        end=pl.col("period").struct.field("end"),
        discounts="discount_amounts",
        recurring=(item.field("subscription").is_not_null() | (pl.col("type") == "subscription"))
        .fill_null(value=False)
        .cast(pl.String),
    )


def _invoice_payments(rows: pl.DataFrame) -> Tables:
    plain = rows.with_columns(
        as_id(pl.col("invoice")),
        payment_intent=as_id(_path("payment", "$.payment_intent")),
        charge=as_id(_path("payment", "$.charge")),
    )
    return {"invoice_payments": shaped(plain, "invoice_payments")}


def _charges(rows: pl.DataFrame) -> Tables:
    plain = rows.with_columns(
        *(as_id(pl.col(name)) for name in ("customer", "invoice", "payment_intent")),
        method=_path("payment_method_details", "$.type"),
        decline_code=_path("outcome", "$.reason"),
    )
    return {"charges": shaped(plain, "charges")}


def _credit_notes(rows: pl.DataFrame) -> Tables:
    plain = rows.with_columns(
        *(as_id(pl.col(name)) for name in ("customer", "invoice", "refund")),
        refunded=pl.when(~_empty(pl.col("refunds"))).then("refunds"),
        out_of_band="out_of_band_amount",
        balance_transaction="customer_balance_transaction",
    )
    return {"credit_notes": shaped(plain, "credit_notes")}


def _customers(rows: pl.DataFrame) -> Tables:
    plain = rows.with_columns(country=_path("address", "$.country"))
    listed = pl.concat_str(pl.lit("["), "discount", pl.lit("]"))
    return {
        "customers": shaped(plain, "customers"),
        "discounts": discounts_in(rows.select(owner="id", discounts=listed)),
    }


def _events(rows: pl.DataFrame) -> Tables:
    """What events say of subscriptions: the others say nothing that objects do not."""
    told = rows.filter(
        pl.col("type").str.starts_with("customer.subscription.")
        & ~pl.col("type").str.ends_with("trial_will_end")
    ).with_columns(
        object=_path("data", "$.object"), previous=_path("data", "$.previous_attributes")
    )
    after = decoded_objects(told["object"], FIELDS["subscriptions"]).select(
        pl.all().name.prefix("after_")
    )
    both = pl.concat([told, after], how="horizontal")
    logged = both.with_columns(
        subscription="after_id",
        customer=as_id(pl.col("after_customer")),
        currency="after_currency",
        status="after_status",
        canceled_at="after_canceled_at",
        reason=pl.col("after_cancellation_details").struct.field("reason"),
        **_pauses(),
        **_cancellations(),
        is_described=_text(
            pl.any_horizontal(
                pl.col("type").str.ends_with(".created"),
                *(_has(name) for name in ("items", "quantity", "plan", "discounts", "discount")),
            )
        ),
    )
    # Items and discounts are those of the event, not of the subscription as it is now.
    flat_again = _subscriptions(
        both.select(
            pl.col(f"after_{name}").alias(name) if name != "id" else pl.col("id")
            for name in FIELDS["subscriptions"]
        ).with_columns(both[FILE], both[ROW_IN_FILE])
    )
    return {
        "logged": shaped(logged, "logged"),
        "logged_items": shaped(
            flat_again["items"].with_columns(id=pl.concat_str("subscription", pl.lit("/"), "id")),
            "logged_items",
        ),
        "logged_discounts": shaped(flat_again["discounts"], "logged_discounts"),
        "prices": flat_again["prices"],
    }


def _text(value: pl.Expr) -> pl.Expr:
    return value.fill_null(value=False).cast(pl.String)


def _has(name: str) -> pl.Expr:
    """Whether something was different before."""
    return pl.col("previous").str.contains(f'"{name}":', literal=True)


def _is_there(text: pl.Expr) -> pl.Expr:
    return text.is_not_null() & ~text.is_in(("null", ""))


def _pauses() -> dict[str, pl.Expr]:
    now = _is_there(pl.col("after_pause_collection"))
    before = _is_there(_path("previous", "$.pause_collection"))
    was = pl.when(_has("pause_collection")).then(before).otherwise(now)
    return {"is_paused": _text(now), "was_paused": _text(was)}


def _cancellations() -> dict[str, pl.Expr]:
    flag, at = pl.col("after_cancel_at_period_end") == "true", _is_there(pl.col("after_cancel_at"))
    flag_before = _path("previous", "$.cancel_at_period_end") == "true"
    at_before = _is_there(_path("previous", "$.cancel_at"))
    was_flag = pl.when(_has("cancel_at_period_end")).then(flag_before).otherwise(flag)
    was_at = pl.when(_has("cancel_at")).then(at_before).otherwise(at)
    return {
        "is_leaving": _text(flag.fill_null(value=False) | at.fill_null(value=False)),
        "was_leaving": _text(was_flag.fill_null(value=False) | was_at.fill_null(value=False)),
    }


def _listed_discounts(rows: pl.DataFrame) -> Tables:
    """Discounts of a file of their own: they say what the ids on other objects stand for."""
    objects = pl.concat_str(pl.lit("["), pl.struct(pl.exclude(FILE, ROW_IN_FILE)).struct
                            .json_encode(), pl.lit("]"))  # fmt: skip
    return {
        "discounts": discounts_in(rows.select(owner=pl.lit(None, pl.String), discounts=objects))
    }


def discounts_in(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per discount of ``owner``, from the list ``discounts`` in JSON: ids, or objects."""
    found = rows.filter(~_empty(pl.col("discounts")) & (pl.col("discounts") != "[null]"))
    records = [
        {"owner": owner, "position": str(position), **_discount(one)}
        for owner, text in found.iter_rows()
        for position, one in enumerate(_as_list(loads(text)))
        if one
    ]
    return pl.DataFrame(records, schema=SHAPES["discounts"], orient="row")


def _as_list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _discount(found: object) -> dict[str, str | None]:
    if not isinstance(found, dict):
        return {"id": str(found)}
    one = cast("dict[str, Any]", found)
    source, coupon = one.get("source"), one.get("coupon")
    source = loads(source) if isinstance(source, str) else source
    if coupon is None and isinstance(source, dict):
        coupon = cast("dict[str, Any]", source).get("coupon")
    coupon = loads(coupon) if isinstance(coupon, str) and coupon.startswith("{") else coupon
    said: dict[str, Any] = {name: one.get(name) for name in ("id", "start", "end")}
    if isinstance(coupon, dict):
        given = cast("dict[str, Any]", coupon)
        said |= {name: given.get(name) for name in SHAPES["coupons"].names()[1:5]}
        said["coupon"] = given.get("id")
    else:
        said["coupon"] = coupon
    return {name: None if value is None else str(value) for name, value in said.items()}


_FLAT: dict[str, Callable[[pl.DataFrame], Tables]] = {
    "subscriptions": _subscriptions,
    "prices": _listed_prices,
    "plans": lambda rows: {"prices": _of_plans(rows)},
    "invoices": _invoices,
    "invoice_payments": _invoice_payments,
    "charges": _charges,
    "credit_notes": _credit_notes,
    "customers": _customers,
    "events": _events,
    "discounts": _listed_discounts,
}
