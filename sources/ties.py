"""The order of a subscription's events that happened at one moment: by its state before them.

A term that ends when the next one starts is renewed, and one that starts and ends at once never
was. So of a start and an end at one moment the end comes first where the subscription was running,
and last where it was not. The same holds of a pause and its end, and of a cancellation and its
withdrawal. Everything else is in the contract's order of kinds.
"""

import polars as pl

#: More than the places that events of one moment can have: ``moment * PLACES + place`` is an order.
PLACES = 16

#: The place of each kind within its moment, where no tie is contested.
_PLACE = {
    "trial_started": 4,
    "started": 6,
    "plan_changed": 7,
    "paused": 9,
    "resumed": 10,
    "cancel_scheduled": 12,
    "cancel_withdrawn": 13,
    "ended": 14,
}
_UNKNOWN = PLACES - 1
#: Kinds that undo each other.
_PAIRS = (
    (("trial_started", "started"), ("ended",)),
    (("paused",), ("resumed",)),
    (("cancel_scheduled",), ("cancel_withdrawn",)),
)
_THING = ("subscriber_id", "subscription_id")
_MOMENT = (*_THING, "happened_at")


def places(rows: pl.DataFrame) -> pl.Series:
    """The place of each event among those of its subscription at its moment: Int64, row by row.

    Args:
        rows: All events of whole subscriptions, each of a moment and kind once: ``subscriber_id``,
            ``subscription_id``, ``happened_at``, ``kind``.
    """
    order = rows["kind"].replace_strict(_PLACE, default=_UNKNOWN, return_dtype=pl.Int64)
    subscriptions = contested(rows).select(_THING).unique()
    if subscriptions.is_empty():
        return order.alias("place")
    some = (
        rows.select(*_MOMENT, "kind")
        .with_row_index("row")
        .join(subscriptions, on=_THING, how="semi", nulls_equal=True, maintain_order="left")
    )
    moments = _states_before(some)
    joined = some.join(moments, on=_MOMENT, how="left", maintain_order="left", nulls_equal=True)
    return order.scatter(some["row"], joined.select(_place())["place"]).alias("place")


def contested(rows: pl.DataFrame) -> pl.DataFrame:
    """The moments of subscriptions at which kinds that undo each other meet, each once."""
    met: list[pl.DataFrame] = []
    for opens, closes in _PAIRS:
        closings = rows.filter(pl.col("kind").is_in(closes)).select(_MOMENT)
        # By time alone first: mostly that says it all, and texts cost more.
        near = pl.col("happened_at").is_in(closings["happened_at"].unique().implode())
        openings = rows.filter(pl.col("kind").is_in(opens) & near).select(_MOMENT)
        met.append(openings.join(closings, on=_MOMENT, how="semi", nulls_equal=True))
    return pl.concat(met).unique(maintain_order=True)


def _states_before(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per moment of a subscription, in order: which kinds happened at it; how the
    subscription stood before: ``running``, ``paused_before``, ``leaving_before``; whether it
    ``runs`` after; and whether it was ``renewed``: ended and started again at the moment.
    """
    kinds = (pl.col("kind").eq(kind).any().alias(kind) for kind in _PLACE)
    ended, starts = pl.col("ended"), pl.col("starts")
    moments = rows.group_by(_MOMENT).agg(kinds).sort(_MOMENT)
    moments = moments.with_columns(starts=pl.col("trial_started") | pl.col("started"))
    moments = moments.with_columns(
        running=_before(_RUNNING_AFTER),
        runs=_RUNNING_AFTER.forward_fill().over(_THING).fill_null(value=False),
    )
    moments = moments.with_columns(renewed=pl.col("running") & ended & starts)
    return moments.with_columns(
        paused_before=_before(_PAUSED_AFTER), leaving_before=_before(_LEAVING_AFTER)
    )


def _before(after: pl.Expr) -> pl.Expr:
    """What the last moment that tells left behind; false before the first."""
    return after.forward_fill().shift(1).over(_THING).fill_null(value=False)


_STARTS_OR_ENDS = pl.col("starts") | pl.col("ended")
#: Whether it runs after the moment; null where it does as before.
_RUNNING_AFTER = (
    pl.when(pl.col("ended") & pl.col("trial_started") & pl.col("started"))
    .then(pl.lit(value=True))  # from a trial to a paid plan
    .when(pl.col("ended") & pl.col("starts"))
    .then(pl.lit(None, pl.Boolean))
    .when("ended")
    .then(pl.lit(value=False))
    .when(pl.any_horizontal("starts", "paused", "resumed", "cancel_scheduled", "cancel_withdrawn"))
    .then(pl.lit(value=True))
)
_PAUSED_AFTER = (
    pl.when(_STARTS_OR_ENDS)
    .then(pl.col("paused") & ~pl.col("resumed") & pl.col("runs"))
    .when(pl.col("paused") != pl.col("resumed"))
    .then("paused")
)
_LEAVING_AFTER = (
    pl.when("renewed")
    .then(pl.lit(value=False))  # it was the term that ended which was cancelled
    .when(_STARTS_OR_ENDS)
    .then(pl.col("cancel_scheduled") & ~pl.col("cancel_withdrawn") & pl.col("runs"))
    .when(pl.col("cancel_scheduled") != pl.col("cancel_withdrawn"))
    .then("cancel_scheduled")
    .when(~pl.col("cancel_scheduled") & pl.col("resumed"))
    .then(pl.lit(value=False))
)


def _place() -> pl.Expr:
    """The place of a row by its kind and its moment."""
    kind, renewed = pl.col("kind"), pl.col("renewed")
    whole = renewed | ~(pl.col("starts") | pl.col("ended"))
    again = pl.col("cancel_scheduled") & pl.col("leaving_before") & whole
    pause = pl.col("paused") & pl.col("paused_before") & ~(pl.col("starts") | pl.col("ended"))
    trial_to_paid = pl.col("trial_started") & pl.col("started")
    withdrawn = pl.when(again).then(pl.when(renewed).then(0).otherwise(11))
    return (
        pl.when(kind == "ended")
        .then(pl.when(renewed).then(3).when(trial_to_paid).then(5).otherwise(14))
        .when(kind == "cancel_scheduled")
        .then(pl.when(renewed).then(1).otherwise(12))
        .when(kind == "cancel_withdrawn")
        .then(pl.coalesce(withdrawn, pl.when(renewed).then(2).otherwise(13)))
        .when((kind == "resumed") & pause)
        .then(8)
        .otherwise(kind.replace_strict(_PLACE, default=_UNKNOWN, return_dtype=pl.Int32))
        .cast(pl.Int64)
        .alias("place")
    )
