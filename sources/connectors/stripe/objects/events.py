"""Events of subscriptions: what they were after it, and whether that was otherwise before."""

import polars as pl

from perdura.sources.connectors.stripe.fields import FIELDS
from perdura.sources.connectors.stripe.json_text.columns import as_id, decoded_objects, in_json
from perdura.sources.connectors.stripe.objects.held import held_by_subscriptions
from perdura.sources.connectors.stripe.shapes import Tables, shaped
from perdura.sources.staged import FILE, ROW_IN_FILE


def _changed(name: str) -> pl.Expr:
    return pl.col("previous").str.contains(f'"{name}":', literal=True)


def _before(name: str, as_it_was: pl.Expr, now: pl.Expr) -> pl.Expr:
    return pl.when(_changed(name)).then(as_it_was).otherwise(now)


def _is_there(text: pl.Expr) -> pl.Expr:
    return text.is_not_null() & ~text.is_in(("null", ""))


_PAUSED = _is_there(pl.col("after_pause_collection"))
_WAS_PAUSED = _is_there(in_json("previous", "$.pause_collection"))
_AT_END = pl.col("after_cancel_at_period_end") == "true"
_WAS_AT_END = in_json("previous", "$.cancel_at_period_end") == "true"
_ON_A_DAY = _is_there(pl.col("after_cancel_at"))
_WAS_ON_A_DAY = _is_there(in_json("previous", "$.cancel_at"))
#: Columns of ``logged`` that say what holds, or held before.
_HOLDS: dict[str, pl.Expr] = {
    "is_paused": _PAUSED,
    "was_paused": _before("pause_collection", _WAS_PAUSED, _PAUSED),
    "is_leaving": _AT_END.fill_null(value=False) | _ON_A_DAY,
    "was_leaving": _before("cancel_at_period_end", _WAS_AT_END, _AT_END).fill_null(value=False)
    | _before("cancel_at", _WAS_ON_A_DAY, _ON_A_DAY),
    "is_described": pl.any_horizontal(
        pl.col("type").str.ends_with(".created"),
        *map(_changed, ("items", "quantity", "plan", "discounts", "discount")),
    ),
}
_LOGGED: dict[str, pl.Expr] = {
    "subscription": pl.col("after_id"),
    "customer": as_id(pl.col("after_customer")),
    "currency": pl.col("after_currency"),
    "status": pl.col("after_status"),
    "canceled_at": pl.col("after_canceled_at"),
    "reason": pl.col("after_cancellation_details").struct.field("reason"),
    **{name: holds.fill_null(value=False).cast(pl.String) for name, holds in _HOLDS.items()},
}


def logged_subscriptions(rows: pl.DataFrame) -> Tables:
    """What events say of subscriptions: the others say nothing that objects do not.

    Items and discounts are those of the event, not of the subscription as it is now.
    """
    of_subscriptions = pl.col("type").str.starts_with("customer.subscription.")
    told = rows.filter(
        of_subscriptions & ~pl.col("type").str.ends_with("trial_will_end")
    ).with_columns(
        object=in_json("data", "$.object"), previous=in_json("data", "$.previous_attributes")
    )
    after = decoded_objects(told["object"], FIELDS["subscriptions"])
    both = pl.concat([told, after.select(pl.all().name.prefix("after_"))], how="horizontal")
    (_, *others) = after.columns
    then = (pl.col(f"after_{name}").alias(name) for name in others)
    held = held_by_subscriptions(both.select("id", *then, FILE, ROW_IN_FILE))
    items = held["items"].with_columns(id=pl.concat_str("subscription", pl.lit("/"), "id"))
    return {
        "logged": shaped(both.with_columns(**_LOGGED), "logged"),
        "logged_items": shaped(items, "logged_items"),
        "logged_discounts": shaped(held["discounts"], "logged_discounts"),
        "prices": held["prices"],
    }
