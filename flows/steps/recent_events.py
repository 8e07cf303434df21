"""What happened lately to the riskiest of a night, for pages that read nothing but its table."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from perdura.sources.events import (
    CONTACTS,
    MERGES,
    MOMENT,
    PAYMENTS,
    SUBSCRIPTIONS,
    TICKETS,
    EventTable,
)
from perdura.sources.landing.files import identity, scan_stored
from perdura.sources.landing.landing import Landing
from perdura.sources.merges import owners
from perdura.sources.versions import newest

RECENT = timedelta(days=90)

#: What is told of each table besides who, when and what: plan, failure code, topic, action.
_DETAIL = {
    SUBSCRIPTIONS: "plan",
    PAYMENTS: "failure_code",
    TICKETS: "topic",
    CONTACTS: "action",
}
#: Tables with amounts.
_MONEY = (PAYMENTS,)

_SCHEMA = pl.Schema(
    {
        "subscriber_id": pl.String(),
        "happened_at": MOMENT,
        "known_at": MOMENT,
        "source": pl.String(),
        "kind": pl.String(),
        "amount": pl.Int64(),
        "currency": pl.String(),
        "detail": pl.String(),
    }
)


def recent_events(
    landing: Landing, subscriber_ids: Sequence[str], as_of: datetime, written: pl.DataFrame
) -> pl.DataFrame:
    """What happened in ``[as_of - 90 days, as_of)`` to some people, as was known before ``as_of``.

    Args:
        landing: The landed events.
        people: Subscribers; what happened to accounts merged into theirs is told of them.
        as_of: The night's.
        written: Contacts that the risk table holds itself, as of ``flows.steps.contact_events``:
            not told again.

    Returns:
        The columns of the table ``events``, in order of its key; ``number`` counts, from 0, what
        happened to a subscriber at one moment.
    """
    accounts = _accounts(landing, subscriber_ids, as_of)
    found = pl.collect_all(
        [_events_of_table(landing, table, accounts, as_of, written) for table in _DETAIL],
        engine="streaming",
    )
    rows = pl.concat([pl.DataFrame(schema=_SCHEMA), *found]).sort(
        "subscriber_id", "happened_at", *(n for n in _SCHEMA if n != "known_at"), "known_at"
    )
    at_once = pl.int_range(pl.len(), dtype=pl.Int32).over("subscriber_id", "happened_at")
    return rows.with_columns(number=at_once)


def _accounts(landing: Landing, subscriber_ids: Sequence[str], as_of: datetime) -> pl.DataFrame:
    """Every account of the subscribers: ``subscriber_id``, and its ``owner`` by now."""
    own = pl.DataFrame(
        {"subscriber_id": subscriber_ids, "owner": subscriber_ids}, schema_overrides=_TEXTS
    )
    merged = owners(landing.table(MERGES), as_of)
    # An account that lives on in another stands for itself no more.
    return pl.concat([merged, own.join(merged, on="subscriber_id", how="anti")]).filter(
        pl.col("owner").is_in(own["owner"].implode())
    )


_TEXTS = {"subscriber_id": pl.String, "owner": pl.String}


def _events_of_table(
    landing: Landing,
    table: EventTable,
    accounts: pl.DataFrame,
    as_of: datetime,
    written: pl.DataFrame,
) -> pl.LazyFrame:
    since, happened_at = as_of - RECENT, pl.col("happened_at")
    # What happened since was not known before, so no earlier day can have landed it.
    files = [path for day, path in landing.files(table).items() if day >= since.date()]
    when = (happened_at >= since, happened_at < as_of, pl.col("known_at") < as_of)
    rows = scan_stored(table, files).filter(*when)
    rows = rows.filter(pl.col("subscriber_id").is_in(accounts["subscriber_id"].implode()))
    rows = newest(rows.collect(engine="streaming"), table).lazy()
    if table is CONTACTS:
        rows = rows.join(written.lazy(), on=identity(table), how="anti", nulls_equal=True)
    amount = pl.col("amount") if table in _MONEY else pl.lit(None)
    currency = pl.col("currency") if table in _MONEY else pl.lit(None)
    return rows.join(accounts.lazy(), on="subscriber_id").select(
        pl.col("owner").alias("subscriber_id"),
        "happened_at",
        "known_at",
        pl.lit(table.name).alias("source"),
        "kind",
        amount.cast(pl.Int64).alias("amount"),
        currency.cast(pl.String).alias("currency"),
        pl.col(_DETAIL[table]).alias("detail"),
    )
