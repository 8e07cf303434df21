"""Accounts that turned out to be the same, folded as of a moment without rewriting history."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from perdura.sources.events import MERGES, SUBSCRIPTIONS
from perdura.sources.inferred import CHANGED_HANDS
from perdura.sources.versions import Landed

#: Every event table by name, each with exactly its contract's columns.
Events = Mapping[str, pl.LazyFrame]

# Each round follows two links where the last followed one, so this reaches chains of a million
# accounts; it is a bound because dirt can make a circle.
_ROUNDS = 20


def known_before(events: Events, moment: datetime) -> Events:
    """The same tables with only the rows that were known before ``moment``."""
    known = {name: table.filter(pl.col("known_at") < moment) for name, table in events.items()}
    return Landed(known, events.once) if isinstance(events, Landed) else known


def owners(merges: pl.LazyFrame, as_of: datetime) -> pl.DataFrame:
    """Who each merged account lives on as, by what was known before ``as_of``.

    Accounts merged in a circle, which only dirt can do, live on as the least of their ids.

    Returns:
        One row per account merged away: ``subscriber_id``, ``owner`` (the end of its chain).
    """
    links = (
        merges.filter(pl.col("known_at") < as_of, pl.col("subscriber_id") != pl.col("merged_into"))
        .sort("happened_at", "known_at", "merged_into")
        .unique("subscriber_id", keep="last", maintain_order=True)
        .select("subscriber_id", owner="merged_into", least="merged_into")
        .collect()
    )
    for _ in range(_ROUNDS):
        # Each link as far again as it went, and the least id met on its way.
        onward = links.select(owner="subscriber_id", next="owner", least_next="least")
        followed = links.join(onward, on="owner", how="left", maintain_order="left").select(
            "subscriber_id",
            owner=pl.coalesce("next", "owner"),
            least=pl.min_horizontal("least", "least_next"),
        )
        if followed.equals(links):
            break
        links = followed
    # Where a chain ends in a circle, the least id of the circle is taken.
    circles = links.select(owner="subscriber_id", circle="least")
    return links.join(circles, on="owner", how="left", maintain_order="left").select(
        "subscriber_id", owner=pl.coalesce("circle", "owner")
    )


def as_known(events: Events, table: str, as_of: datetime) -> pl.LazyFrame:
    """The rows of ``table`` known before ``as_of``, each under the account it lives on as."""
    rows = events[table].filter(pl.col("known_at") < as_of)
    links = owners(events[MERGES.name], as_of)
    if links.is_empty():
        return rows
    rows = rows.join(links.lazy(), on="subscriber_id", how="left")
    if table == SUBSCRIPTIONS.name:
        # What went from an account to the one it lives on as has not changed hands.
        kept = (pl.col("reason") != CHANGED_HANDS).fill_null(value=True)
        rows = rows.filter(pl.col("owner").is_null() | kept)
    return rows.with_columns(subscriber_id=pl.coalesce("owner", "subscriber_id")).drop("owner")
