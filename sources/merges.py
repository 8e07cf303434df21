"""Accounts that turned out to be the same, folded as of a moment without rewriting history."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from sources.events import MERGES

#: Every event table by name, each with exactly its contract's columns.
Events = Mapping[str, pl.LazyFrame]

# Each round follows two links where the last followed one, so this reaches chains of a million
# accounts; it is a bound because dirt can make a circle.
_ROUNDS = 20


def known_before(events: Events, moment: datetime) -> Events:
    """The same tables with only the rows that were known before ``moment``."""
    return {name: table.filter(pl.col("known_at") < moment) for name, table in events.items()}


def owners(merges: pl.LazyFrame, as_of: datetime) -> pl.DataFrame:
    """Who each merged account lives on as, by what was known before ``as_of``.

    Returns:
        One row per account merged away: ``subscriber_id``, ``owner`` (the end of its chain).
    """
    links = (
        merges.filter(pl.col("known_at") < as_of, pl.col("subscriber_id") != pl.col("merged_into"))
        .sort("happened_at", "known_at", "merged_into")
        .unique("subscriber_id", keep="last", maintain_order=True)
        .select("subscriber_id", owner="merged_into")
        .collect()
    )
    for _ in range(_ROUNDS):
        onward = links.rename({"subscriber_id": "owner", "owner": "next"})
        followed = links.join(onward, on="owner", how="left", maintain_order="left").select(
            "subscriber_id", owner=pl.coalesce("next", "owner")
        )
        if followed.equals(links):
            break
        links = followed
    return links


def as_known(events: Events, table: str, as_of: datetime) -> pl.LazyFrame:
    """The rows of ``table`` known before ``as_of``, each under the account it lives on as."""
    rows = events[table].filter(pl.col("known_at") < as_of)
    links = owners(events[MERGES.name], as_of)
    if links.is_empty():
        return rows
    return (
        rows.join(links.lazy(), on="subscriber_id", how="left")
        .with_columns(subscriber_id=pl.coalesce("owner", "subscriber_id"))
        .drop("owner")
    )
