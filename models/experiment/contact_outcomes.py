"""What became of those whom support contacted, and of the control group."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from perdura.models.dataset.outcomes import labels_of
from perdura.models.params import TrainingParams
from perdura.sources.events import CONTACTS
from perdura.sources.merges import Events, as_known

#: What may become of somebody: they stayed or left within the horizon; it is not known yet; or
#: they had left already, and there was nobody to keep.
OUTCOMES = ("stayed", "left", "awaited", "gone")

HELD_OUT = "held_out"

#: Put on the list of those to call, by the same lot that holds others out at the same moment.
LISTED = "listed"

_BY_LOT = (HELD_OUT, LISTED)


def outcomes(
    events: Events, params: TrainingParams, *, since: datetime | None, known_until: datetime
) -> pl.DataFrame:
    """What became of everybody whom support contacted or held out, for one part or for all.

    Each person counts once, by the first thing that was done in ``[since, known_until)``. Who was
    held out first counts as held out, whatever came after (by intention to treat), and so does
    who was both at one moment; who was listed first counts as listed, whether called or not. Merged
    accounts are one person.

    Args:
        events: The event tables by name.
        params: What leaving is. The window opens at the contact, whatever the lead.
        since: See above; ``None``: from the beginning.
        known_until: Only rows with ``known_at < known_until`` are read.

    Returns:
        One row per person: ``arm`` (the kind of what was done), ``outcome`` (one of
        ``OUTCOMES``), ``contacted`` (held out or listed, and contacted within the horizon),
        ``settles`` (when window plus grace have closed).
    """
    params = replace(params, lead_days=0)
    done = as_known(events, CONTACTS.name, known_until).filter(pl.col("kind").is_in(CONTACTS.kinds))
    if since:
        done = done.filter(pl.col("happened_at") >= since)
    told = done.select("subscriber_id", "kind", as_of="happened_at").collect()
    people = _first(told)
    labels = labels_of(events, people.select("subscriber_id", "as_of"), params, known_until)
    settles = pl.col("as_of") + timedelta(days=params.gap_days)
    outcome = (
        pl.when("churned")
        .then(pl.lit("left"))
        .when(~pl.col("churned"))
        .then(pl.lit("stayed"))
        .when(settles > known_until)
        .then(pl.lit("awaited"))
        .otherwise(pl.lit("gone"))
    )
    return people.with_columns(labels["churned"], _contacted(people, told, params)).select(
        arm="kind", outcome=outcome, contacted="contacted", settles=settles
    )


def _first(told: pl.DataFrame) -> pl.DataFrame:
    """The first row of each person; at one moment the lot comes first, held out before listed."""
    lot = pl.col("kind").replace_strict({HELD_OUT: 0, LISTED: 1}, default=2)
    order = told.sort("as_of", lot, "kind")
    return order.unique("subscriber_id", keep="first", maintain_order=True)


def _contacted(people: pl.DataFrame, told: pl.DataFrame, params: TrainingParams) -> pl.Series:
    """Of each person whether the lot decided on them, and they were contacted in the horizon."""
    by_lot = pl.col("kind").is_in(_BY_LOT)
    contacts = told.filter(~by_lot).select("subscriber_id", at="as_of")
    closes = pl.col("as_of") + timedelta(days=params.horizon_days)
    both = people.filter(by_lot).join(contacts, on="subscriber_id")
    reached = both.filter(pl.col("at") >= pl.col("as_of"), pl.col("at") < closes)
    return people["subscriber_id"].is_in(reached["subscriber_id"].implode()).alias("contacted")
