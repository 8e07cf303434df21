"""Subscriptions of a source that shows the latest state alone: comparing tells what changed.

Where what landed adds up to another state than what is given now, events that say the difference
are inferred. They happened, and became known, at the last instant before the extract's end: when
they really did, no source says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.inferred import CHANGED_HANDS, SNAPSHOT
from perdura.sources.landing.tombstones import FORGOTTEN
from perdura.sources.mapping.checks.rules import DUPLICATE, NO_LENGTH
from perdura.sources.states.contracts import subscriptions_of

THING = ["subscriber_id", "subscription_id"]
#: What a subscription is described by; where it differs, its plan was changed.
SAID = ("plan", "interval_months", "quantity", "mrr", "currency", "country")
_NOW = [pl.col(f"{name}_now").alias(name) for name in SAID]
_ENDED = pl.lit("ended").alias("kind")
#: The kinds of events that lead from the state that landed to the one that is given.
_BETWEEN: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("gone", "active"): ("started",),
    ("gone", "trial"): ("trial_started",),
    ("gone", "paused"): ("started", "paused"),
    ("gone", "leaving"): ("started", "cancel_scheduled"),
    ("trial", "active"): ("started",),
    ("trial", "paused"): ("paused",),
    ("trial", "leaving"): ("cancel_scheduled",),
    ("active", "paused"): ("paused",),
    ("active", "leaving"): ("cancel_scheduled",),
    ("paused", "active"): ("resumed",),
    ("paused", "trial"): ("resumed",),
    ("paused", "leaving"): ("cancel_scheduled",),
    ("leaving", "active"): ("cancel_withdrawn",),
    ("leaving", "trial"): ("cancel_withdrawn",),
    ("leaving", "paused"): ("paused", "cancel_withdrawn"),
    **{(state, "gone"): ("ended",) for state in ("trial", "active", "paused", "leaving")},
}
_STEPS = pl.DataFrame(
    [(was, now, kind) for (was, now), kinds in _BETWEEN.items() for kind in kinds],
    schema={"state": pl.String, "state_now": pl.String, "kind": pl.String},
    orient="row",
)


@dataclass(frozen=True, slots=True)
class Inferred:
    """What comparing shows.

    Attributes:
        events: Events of the contract's schema, in no order.
        running: How many subscriptions were not gone by what had landed.
        absent: How many of these are given no longer at all.
    """

    events: pl.DataFrame
    running: int
    absent: int


def compare(
    landed: pl.DataFrame,
    given: pl.DataFrame,
    seen: pl.DataFrame,
    moment: datetime,
    *,
    whole: bool,
) -> Inferred:
    """What makes the state of each subscription that landed the one that is given.

    Args:
        landed: All that landed, with what is new.
        given: All that the source gives and that is known.
        seen: The subscriptions (``THING``) that the source names in any way.
        moment: When the inferred events happened and became known.
        whole: Whether what is not given at all has ended.
    """
    return between(described(landed), described(given), seen, moment, whole=whole)


def doubted(read: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """The subscriptions of which a row breaks a rule, and whether each such row names one.

    A row of an erased subscriber has no name, and is of no other.
    """
    sound = pl.col("rule").is_null() | pl.col("rule").is_in((DUPLICATE, NO_LENGTH, FORGOTTEN))
    broken = read.filter(~sound)
    nameless = broken.select(pl.any_horizontal(pl.col(THING).is_null()).any()).item()
    return broken.select(THING).unique(), not nameless


def described(events: pl.DataFrame) -> pl.DataFrame:
    """How each subscription stands by the events: ``THING``, ``state``, ``SAID``."""
    return subscriptions_of(events.lazy(), SAID).select(*THING, "state", *SAID)


def between(
    was: pl.DataFrame, now: pl.DataFrame, seen: pl.DataFrame, moment: datetime, *, whole: bool
) -> Inferred:
    """What leads from one state of subscriptions to another; both as ``described`` gives them."""
    both = was.join(now, on=THING, how="left", suffix="_now", nulls_equal=True)
    running = both.filter((pl.col("state") != "gone").fill_null(value=False))
    absent = running.join(seen, on=THING, how="anti", nulls_equal=True)
    moved = both.join(_STEPS, on=["state", "state_now"], how="inner")
    # The plan of what goes on was changed if it is described otherwise.
    other = (
        pl.col(name).ne_missing(pl.col(f"{name}_now")) & pl.col(f"{name}_now").is_not_null()
        for name in SAID
    )
    goes_on = (pl.col("state") != "gone") & (pl.col("state_now") != "gone")
    started = (pl.col("state") == "trial") & (pl.col("state_now") == "active")
    changed = both.filter(goes_on & ~started, pl.any_horizontal(other))
    plan_changed = pl.lit("plan_changed").alias("kind")
    changes = [moved.select(*THING, "kind", *_NOW), changed.select(*THING, plan_changed, *_NOW)]
    if whole:
        changes.append(absent.select(*THING, _ENDED, *SAID))
    return Inferred(as_events(pl.concat(changes), moment), running.height, absent.height)


def as_events(changes: pl.DataFrame, moment: datetime, reason: str = SNAPSHOT) -> pl.DataFrame:
    """Events of the contract's schema, all at one moment."""
    when = pl.lit(moment).dt.cast_time_unit("us")
    ended = pl.col("kind") == "ended"
    return changes.with_columns(
        mrr=pl.when(ended).then(0).otherwise("mrr"),
        happened_at=when,
        known_at=when,
        reason=pl.lit(reason),
    ).select(pl.col(name).cast(kind) for name, kind in SUBSCRIPTIONS.schema.items())


def handed_over(
    landed: pl.DataFrame, seen: pl.DataFrame, new: pl.LazyFrame, moment: datetime
) -> pl.DataFrame:
    """The end, for their first owners, of subscriptions that are given under another subscriber.

    The same event of the same subscription is new under the other's id, and none of it is given
    under the first's.

    Args:
        landed: All that landed of some subscribers, what was inferred included.
        seen: The subscriptions (``THING``) that the source names in any way.
        new: What is given of all subscribers and had not landed.
        moment: When it became known.
    """
    gone = landed.join(seen, on=THING, how="anti", nulls_equal=True)
    event = ["subscription_id", "kind", "happened_at"]
    known = gone.lazy().select(event).unique()
    others = new.select(*event, other="subscriber_id").join(known, on=event, how="semi").collect()
    moved = gone.join(others, on=event, how="inner").filter(
        pl.col("subscriber_id") != pl.col("other")
    )
    stands = subscriptions_of(landed.lazy(), SAID).filter(pl.col("state") != "gone")
    ended = stands.join(moved.select(THING).unique(), on=THING, how="semi", nulls_equal=True)
    return as_events(ended.select(*THING, _ENDED, *SAID), moment, CHANGED_HANDS)


def before(until: datetime) -> datetime:
    """The last instant before the extract's end."""
    return until - timedelta(microseconds=1)
