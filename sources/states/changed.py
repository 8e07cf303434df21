"""States that changed since an earlier moment, read from little more than what is new."""

from datetime import datetime
from typing import Any

import polars as pl

from perdura.sources.events import EVENT_TABLES, MERGES, PAYMENTS, SUBSCRIPTIONS, EventTable
from perdura.sources.landing.landing import Landing
from perdura.sources.merges import Events, owners
from perdura.sources.states.states import states_at

#: The tables that decide a subscriber's state and account.
_TELLING = (SUBSCRIPTIONS, PAYMENTS, MERGES)

#: The state of an id without any events under it: the account lives on in another.
_MERGED_AWAY = "gone"


def changed_states(
    landing: Landing, before: datetime, now: datetime, **business: Any
) -> pl.DataFrame:
    """The state at ``now`` of each subscriber with events known in ``[before, now)``.

    Where contracts are cancelled, no other state can have changed. Where subscribers just stop
    buying, time alone makes them gone: then all are looked at, and the changed states are given.

    Args:
        landing: The landed events.
        before: For example that of the newest night.
        now: Nothing known from then on is read.
        business: As ``states_at`` is told it.

    Returns:
        One row per subscriber: ``subscriber_id``, ``state``, and ``since``: when what is new last
        happened, and ``now`` where nothing is. An account that was merged away is ``gone``.
    """
    events = landing.events()
    new = pl.concat([_new(events[table.name], table, before, now) for table in _TELLING]).collect()
    if business.get("churn") == "silence":
        states = _changed(events, before, now, business)
    else:
        states = _stand(landing, new["subscriber_id"].unique(), now, business)
    latest = new.group_by("subscriber_id").agg(since=pl.col("happened_at").max())
    since = pl.col("since").fill_null(now)
    return (
        states.join(latest, on="subscriber_id", how="left")
        .with_columns(since)
        .sort("subscriber_id")
    )


def _new(rows: pl.LazyFrame, table: EventTable, before: datetime, now: datetime) -> pl.LazyFrame:
    """Subscribers with new events, and when these happened."""
    known_at = pl.col("known_at")
    found = rows.filter(known_at >= before, known_at < now).select(
        "subscriber_id", "happened_at", *table.required
    )
    if table is not MERGES:
        return found.select("subscriber_id", "happened_at")
    into = found.select(pl.col("merged_into").alias("subscriber_id"), "happened_at")
    return pl.concat([found.select("subscriber_id", "happened_at"), into])


def _stand(
    landing: Landing, people: pl.Series, now: datetime, business: dict[str, Any]
) -> pl.DataFrame:
    """The states of some subscribers, by the events of all their accounts."""
    links = owners(landing.table(MERGES), now)
    changed = people.to_frame("subscriber_id").join(links, on="subscriber_id", how="left")
    living = changed.select(pl.coalesce("owner", "subscriber_id").unique()).to_series()
    others = links.filter(pl.col("owner").is_in(living.implode()))["subscriber_id"]
    accounts = pl.concat([living.rename("subscriber_id"), others, people]).unique()
    own = pl.col("subscriber_id").is_in(accounts.implode())
    rows = {table: landing.table(table) for table in EVENT_TABLES}
    # All merges, which are few.
    events = {table.name: r if table is MERGES else r.filter(own) for table, r in rows.items()}
    states = states_at(events, now, **business)
    result = changed.select("subscriber_id").join(
        states.select("subscriber_id", "state"), on="subscriber_id", how="full", coalesce=True
    )
    return result.with_columns(pl.col("state").fill_null(_MERGED_AWAY))


def _changed(
    events: Events, before: datetime, now: datetime, business: dict[str, Any]
) -> pl.DataFrame:
    """The states that differ between two moments."""
    was, now_states = (
        states_at(events, moment, **business).select("subscriber_id", "state")
        for moment in (before, now)
    )
    both = was.join(now_states, on="subscriber_id", how="full", coalesce=True, suffix="_now")
    changed = both.filter(pl.col("state").ne_missing(pl.col("state_now")))
    state = pl.col("state_now").fill_null(_MERGED_AWAY)
    return changed.select("subscriber_id", state.alias("state"))
