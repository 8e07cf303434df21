"""The outcomes of the subscribers that support contacted, and of the control group."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from perdura.models.dataset.outcomes import labels_of
from perdura.models.params import TrainingParams
from perdura.sources.events import CONTACTS
from perdura.sources.merges import Events, as_known

#: Stayed or left within the horizon; not known yet; or already gone at the contact.
OUTCOMES = ("stayed", "left", "awaited", "gone")

#: Assigned at random to the control group.
HELD_OUT = "held_out"

#: Assigned at random to the list of subscribers to call, at the same moment.
LISTED = "listed"

_RANDOMISED = (HELD_OUT, LISTED)


def outcomes(
    events: Events, params: TrainingParams, *, since: datetime | None, known_until: datetime
) -> pl.DataFrame:
    """The outcome of every subscriber contacted, listed or held out, for one part or for all.

    Each person counts once, by the first such event in ``[since, known_until)``. A person held
    out first counts as held out, contacted later or not (intention to treat); likewise if both
    happened at one moment. A person listed first counts as listed, called or not. Merged accounts
    are one person.

    Args:
        events: The event tables by name.
        params: The definition of churn. The window opens at the contact, without a lead.
        since: See above; ``None``: from the beginning.
        known_until: Only rows with ``known_at < known_until`` are read.

    Returns:
        One row per person: ``arm`` (the kind of the first event), ``outcome`` (one of
        ``OUTCOMES``), ``contacted`` (held out or listed, and contacted within the horizon),
        ``settles`` (when window plus grace have closed).
    """
    params = replace(params, lead_days=0)
    done = as_known(events, CONTACTS.name, known_until).filter(pl.col("kind").is_in(CONTACTS.kinds))
    if since:
        done = done.filter(pl.col("happened_at") >= since)
    contacts = done.select("subscriber_id", "kind", as_of="happened_at").collect()
    # At one moment the random assignment comes first, held out before listed.
    priority = pl.col("kind").replace_strict({HELD_OUT: 0, LISTED: 1}, default=2)
    people = contacts.sort("as_of", priority, "kind").unique(
        "subscriber_id", keep="first", maintain_order=True
    )
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
    return people.with_columns(labels["churned"], _contacted(people, contacts, params)).select(
        arm="kind", outcome=outcome, contacted="contacted", settles=settles
    )


def _contacted(people: pl.DataFrame, contacts: pl.DataFrame, params: TrainingParams) -> pl.Series:
    """Whether each person was randomised first and contacted within the horizon."""
    randomised = pl.col("kind").is_in(_RANDOMISED)
    later = contacts.filter(~randomised).select("subscriber_id", contacted_at="as_of")
    closes = pl.col("as_of") + timedelta(days=params.horizon_days)
    both = people.filter(randomised).join(later, on="subscriber_id")
    reached = both.filter(pl.col("contacted_at").is_between("as_of", closes, closed="left"))
    return people["subscriber_id"].is_in(reached["subscriber_id"].implode()).alias("contacted")
