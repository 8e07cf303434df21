"""The account that each subscriber belongs to, as the attribute ``account`` tells it."""

from datetime import datetime

import polars as pl

from perdura.sources.events import SUBSCRIBERS
from perdura.sources.merges import Events, as_known
from perdura.sources.versions import newest

#: The name of the attribute.
ACCOUNT = "account"


def accounts_at(events: Events, as_of: datetime) -> pl.DataFrame:
    """``subscriber_id`` and ``account``: the last value that was known before ``as_of``.

    Of several values at one moment the greatest counts. Subscribers of no account are not there.
    """
    attributes = as_known(events, SUBSCRIBERS.name, as_of).filter(pl.col("name") == ACCOUNT)
    rows = newest(attributes.collect(engine="streaming"), SUBSCRIBERS)
    return (
        rows.filter(pl.col("value").is_not_null())
        .sort("happened_at", "value")
        .group_by("subscriber_id")
        .agg(account=pl.col("value").last())
        .sort("subscriber_id")
    )
