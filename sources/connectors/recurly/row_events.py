"""Events that rows of a subscription's history tell: the first that knows of one tells it."""

import polars as pl

#: What a change of a plan changes.
PRICED = ("mrr", "plan", "quantity")
#: Whether a row was written as the subscription started, and so knows what it cost then.
_FRESH = pl.col("at") - pl.col("begun") <= pl.duration(days=1)


def with_events(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of ``subscription_history`` with the time of each event that they tell: ``<event>_at``.

    ``carried`` is whether the subscription was there before its oldest row.

    Args:
        rows: Those of one subscription stand together, in order; with ``at``, ``begun`` and
            ``ended``, and beside each of ``PRICED`` its value in the row before.
    """
    at, state, before = pl.col("at"), pl.col("state"), value_before(pl.col("state"))
    on_trial = (pl.col("trial_started_at") <= at) & (
        pl.col("trial_ends_at") > pl.col("trial_started_at")
    )
    over = pl.col("ended").is_not_null()
    never = over & (pl.col("ended") <= pl.col("begun"))
    paid = (pl.col("begun") <= at) & (state != "future") & ~never
    canceled = (state == "canceled") | (over & (pl.col("canceled_at") < pl.col("ended")))
    another = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in PRICED
    )
    oldest = before.is_null()
    changed = pl.when(oldest).then(paid & ~_FRESH).otherwise(another & _true_before(paid))
    happened = {
        "trial": pl.when(_newly(on_trial)).then(_placed("trial_started_at")),
        "start": pl.when(_newly(paid)).then(_placed("begun")),
        "cancel": pl.when(_newly(canceled)).then(_placed("canceled_at")),
        "withdraw": pl.when((before == "canceled") & state.is_in(["active", "paused"])).then(at),
        "pause": pl.when(_newly(state == "paused")).then(_placed("paused_at")),
        "resume": pl.when((before == "paused") & (state == "active")).then(at),
        "change": pl.when(changed & ~over & (state != "future")).then(at),
        "end": pl.when(_newly(over)).then(_placed("ended")),
    }
    return rows.with_columns(
        *(moment.alias(f"{name}_at") for name, moment in happened.items()),
        carried=oldest & ~_FRESH,
    )


def value_before(value: pl.Expr) -> pl.Expr:
    """What it was in the row before of the same subscription; rows of one stand together."""
    return pl.when(pl.col("id") == pl.col("id").shift()).then(value.shift())


def _true_before(holds: pl.Expr) -> pl.Expr:
    return value_before(holds.fill_null(value=False)).fill_null(value=False)


def _newly(holds: pl.Expr) -> pl.Expr:
    return holds.fill_null(value=False) & ~_true_before(holds)


def _placed(column: str) -> pl.Expr:
    """When it happened; or when this was written, if the row before would have known of it."""
    moment, at, last = pl.col(column), pl.col("at"), value_before(pl.col("at"))
    return pl.when((moment <= at) & (last.is_null() | (moment > last))).then(moment).otherwise(at)
