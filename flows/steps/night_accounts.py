"""The account of each subscriber that a night scores."""

from datetime import datetime

import polars as pl

from perdura.risk.records.erased import pseudonym
from perdura.sources.landing.landing import Landing
from perdura.sources.merges import Events
from perdura.sources.states.accounts import accounts_at


def with_accounts(
    subscribers: pl.DataFrame, events: Events, as_of: datetime, landing: Landing
) -> pl.DataFrame:
    """The rows with ``account``, as it was known before ``as_of``; where none is, as they are.

    An account that is named as an erased subscriber has that subscriber's pseudonym.
    """
    accounts = accounts_at(events, as_of)
    if accounts.is_empty():
        return subscribers
    tombstones = landing.tombstones()
    if tombstones.days:
        erased = tombstones.among(accounts["account"])
        gone = {account: pseudonym(tombstones.hash_of(account)) for account in erased}
        accounts = accounts.with_columns(pl.col("account").replace(gone))
    return subscribers.join(accounts, on="subscriber_id", how="left", maintain_order="left")
