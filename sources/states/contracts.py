"""What subscriptions and their subscribers were, by what was known, where there are contracts."""

from collections.abc import Mapping

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.ties import PLACES, places
from perdura.sources.versions import newest

#: From the state that counts most, where a subscriber has several subscriptions, to the least.
STATES = ("past_due", "active", "paused", "trial", "leaving", "gone")
#: What is told of a subscriber besides the state.
DESCRIBED = ("plan", "interval_months", "currency", "country", "mrr")

_AFTER = {
    "trial_started": "trial",
    "started": "active",
    "paused": "paused",
    "resumed": "active",
    "cancel_scheduled": "leaving",
    "cancel_withdrawn": "active",
    "ended": "gone",
}
#: After these, whether it is paused is known anew; a cancellation that is withdrawn leaves that.
_PAUSES = ("trial_started", "started", "paused", "resumed", "ended")
_PAYING = ("active", "leaving")


def subscriptions_of(known: pl.LazyFrame, described: tuple[str, ...] = DESCRIBED) -> pl.DataFrame:
    """One row per subscription: its state, and what it was last described as.

    Events at one moment are in the order of ``sources.ties``. A cancellation that is withdrawn
    leaves the subscription as it was before: paused, say.
    """
    rows, names = _told(known, described), ("state", *described)
    order = rows["place"].arg_sort()
    rows = rows.with_columns(row=order.arg_sort())
    kind = pl.col("kind")
    # Which row is the last that says something, rather than what it says: a maximum of whole
    # numbers is far quicker than the last of a group, and what stands there is looked up at once.
    last = (
        rows.lazy()
        .group_by("subscriber_id", "subscription_id")
        .agg(
            *(pl.when(pl.col(c).is_not_null()).then("row").max().alias(c) for c in names),
            pl.when(kind == "trial_started").then("row").max().alias("tried"),
            pl.when(kind == "started").then("happened_at").max().alias("started_at"),
            pl.when(kind.is_in(_PAUSES)).then("row").max().alias("pause"),
            pl.when(kind == "cancel_withdrawn").then("row").max().alias("withdrawn"),
        )
        .collect(engine="streaming")
    )
    said = (rows[name].gather(order.gather(last[name])) for name in names)
    pause = rows["state"].gather(order.gather(last["pause"]))
    withdrawn = last.select((pl.col("state") == pl.col("withdrawn")).alias("taken_back"))
    known_states = (
        last.drop("withdrawn").with_columns(said).with_columns(pause.alias("pause"), *withdrawn)
    )
    return known_states.with_columns(state=_STATE).drop("pause", "taken_back")


# A trial that goes on after a pause or a withdrawn cancellation has not become more.
_STILL_TRIAL = pl.all_horizontal(
    pl.col("tried").is_not_null(), pl.col("started_at").is_null(), pl.col("state") == "active"
)
#: The state by the last event that changes it, and by what was before it where it says less.
_STATE = (
    pl.when(pl.col("taken_back") & (pl.col("pause") == "paused"))
    .then(pl.lit("paused"))
    .when(_STILL_TRIAL)
    .then(pl.lit("trial"))
    .otherwise("state")
)


def _told(known: pl.LazyFrame, described: tuple[str, ...]) -> pl.DataFrame:
    """The rows of subscriptions, each with its place in time.

    Rows of one subscription, moment and kind are one: of those known last, of each column the
    greatest value.
    """
    state = pl.col("kind").replace_strict(_AFTER, default=None, return_dtype=pl.String)
    own = ("subscriber_id", "subscription_id", "happened_at", "kind")
    rows = known.select(*own, *described, "known_at", state=state).collect(engine="streaming")
    rows = _once_each(rows, [*own])
    moment = pl.col("happened_at").dt.timestamp("us") * PLACES
    return rows.with_columns(places(rows)).with_columns(place=moment + pl.col("place"))


def _once_each(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    # Asked of the whole numbers first: mostly that says it all, and texts cost more.
    number = pl.col("kind").replace_strict(
        {kind: number for number, kind in enumerate(SUBSCRIPTIONS.kinds)}, return_dtype=pl.Int64
    )
    moment = pl.col("happened_at").dt.timestamp("us") * len(SUBSCRIPTIONS.kinds)
    twice = rows.select((moment + number).alias("moment"))["moment"].is_duplicated()
    if twice.any():
        suspects = rows.filter(twice).select(keys)
        twice = twice.scatter(twice.arg_true(), suspects.is_duplicated())
    if not twice.any():
        return rows
    last = newest(rows.filter(twice), SUBSCRIPTIONS)
    once = last.group_by(keys).agg(pl.exclude(keys).max())
    return pl.concat([rows.filter(~twice), once.select(rows.columns)])


def subscribers_of(
    subscriptions: pl.DataFrame, factors: Mapping[str, float] | None = None
) -> pl.LazyFrame:
    """One row per subscriber: the best state; the money of what is paid for; the main plan.

    The main plan is the one worth most: by what a minor unit of each currency is worth
    (``factors``), where that is known; a currency of unknown worth comes after all others. Where
    nothing is known of any, by minor units.
    """
    known_states = subscriptions.filter(pl.col("state").is_not_null())
    several = known_states["subscriber_id"].is_duplicated()
    paying = pl.col("state").is_in(_PAYING)
    priced = pl.col("mrr").is_not_null() & pl.col("currency").is_not_null()
    money = pl.when(~paying).then(0).when(priced).then("mrr")
    one = known_states.filter(~several).with_columns(mrr=money)
    many = _of_several(known_states.filter(several).lazy(), factors).collect()
    return pl.concat([one.select(many.columns), many]).lazy()


def _of_several(subscriptions: pl.LazyFrame, factors: Mapping[str, float] | None) -> pl.LazyFrame:
    """As ``subscribers_of``, of those with several subscriptions (and right for the others)."""
    main = pl.struct("weight", "subscription_id")
    paying = pl.col("state").is_in(_PAYING)
    rank = pl.col("state").replace_strict(
        {state: index for index, state in enumerate(STATES)}, return_dtype=pl.Int64
    )
    worth = pl.col("mrr").cast(pl.Float64)  # for the order alone
    if factors is not None:
        worth *= pl.col("currency").replace_strict(factors, default=None, return_dtype=pl.Float64)
    ranked = subscriptions.with_columns(
        rank=rank, weight=pl.when(paying).then(worth).otherwise(-1.0).fill_null(0.0)
    )
    main_currency = pl.col("currency") == pl.col("currency").sort_by(main).last()
    described = (pl.col(c).sort_by(main).last() for c in DESCRIBED if c != "mrr")
    # Amounts of several currencies are never added: the main plan's alone counts. What is paid
    # for at an unknown price, or in an unknown currency, is unknown and not nothing.
    known = paying & main_currency & pl.col("mrr").is_not_null()
    money = pl.when(known.any() | ~paying.any()).then(pl.when(known).then(pl.col("mrr")).sum())
    return ranked.group_by("subscriber_id").agg(
        pl.col("state").sort_by("rank", "subscription_id").first(),
        money.alias("mrr"),
        pl.col("started_at").max(),
        *described,
    )
