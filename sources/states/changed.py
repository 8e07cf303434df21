"""Who stands otherwise than at an earlier moment, read from little more than what is new."""

from datetime import datetime
from typing import Any

import polars as pl

from perdura.sources.events import EVENT_TABLES, MERGES, PAYMENTS, SUBSCRIPTIONS, EventTable
from perdura.sources.landing.landing import Landing
from perdura.sources.merges import Events, owners
from perdura.sources.states.states import states_at

#: What tells how somebody stands, and under which account.
_TELLING = (SUBSCRIPTIONS, PAYMENTS, MERGES)

#: How somebody stands of whom nothing is known any more under their id: it lives on in another.
_MERGED_AWAY = "gone"


def changed_states(
    landing: Landing, before: datetime, now: datetime, **business: Any
) -> pl.DataFrame:
    """How everybody stands at ``now`` of whom something became known in ``[before, now)``.

    Where contracts are cancelled, nobody else can stand otherwise than at ``before``. Where people
    just stop buying, time alone makes them gone: then everybody is looked at, and those are told
    of who stood otherwise.

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
        told = _changed(events, before, now, business)
    else:
        told = _stand(landing, new["subscriber_id"].unique(), now, business)
    latest = new.group_by("subscriber_id").agg(since=pl.col("happened_at").max())
    since = pl.col("since").fill_null(now)
    return (
        told.join(latest, on="subscriber_id", how="left").with_columns(since).sort("subscriber_id")
    )


def _new(rows: pl.LazyFrame, table: EventTable, before: datetime, now: datetime) -> pl.LazyFrame:
    """Whom something new was told of, and when it happened."""
    at = pl.col("known_at")
    found = rows.filter(at >= before, at < now).select(
        "subscriber_id", "happened_at", *table.required
    )
    if table is not MERGES:
        return found.select("subscriber_id", "happened_at")
    into = found.select(pl.col("merged_into").alias("subscriber_id"), "happened_at")
    return pl.concat([found.select("subscriber_id", "happened_at"), into])


def _stand(
    landing: Landing, people: pl.Series, now: datetime, business: dict[str, Any]
) -> pl.DataFrame:
    """How some stand, by what is known of all accounts that are theirs."""
    links = owners(landing.table(MERGES), now)
    asked = people.to_frame("subscriber_id").join(links, on="subscriber_id", how="left")
    living = asked.select(pl.coalesce("owner", "subscriber_id").unique()).to_series()
    others = links.filter(pl.col("owner").is_in(living.implode()))["subscriber_id"]
    accounts = pl.concat([living.rename("subscriber_id"), others, people]).unique()
    states = states_at(_of(landing, accounts), now, **business)
    told = asked.select("subscriber_id").join(
        states.select("subscriber_id", "state"), on="subscriber_id", how="full", coalesce=True
    )
    return told.with_columns(pl.col("state").fill_null(_MERGED_AWAY))


def _of(landing: Landing, accounts: pl.Series) -> Events:
    """The events of some accounts; all merges, which are few."""
    some = pl.col("subscriber_id").is_in(accounts.implode())
    return {
        table.name: rows if table is MERGES else rows.filter(some)
        for table in EVENT_TABLES
        for rows in (landing.table(table),)
    }


def _changed(
    events: Events, before: datetime, now: datetime, business: dict[str, Any]
) -> pl.DataFrame:
    """How those stand who stood otherwise."""
    was, told = (
        states_at(events, moment, **business).select("subscriber_id", "state")
        for moment in (before, now)
    )
    both = was.join(told, on="subscriber_id", how="full", coalesce=True, suffix="_now")
    changed = both.filter(pl.col("state").ne_missing(pl.col("state_now")))
    state = pl.col("state_now").fill_null(_MERGED_AWAY)
    return changed.select("subscriber_id", state.alias("state"))
