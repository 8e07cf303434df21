"""The table of the MRR of subscribers that a night did not score."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, column

NOT_SCORED = sa.Table(
    "not_scored",
    METADATA,
    column("scored_on", sa.Date, "The night", key=True),
    column("state", sa.Text, "State as of the night: trial, paused or leaving", key=True),
    column("currency", sa.Text, "ISO 4217; empty: unknown", key=True),
    column("subscribers", sa.BigInteger, "Number of subscribers in this state and currency"),
    column("mrr", sa.BigInteger, "Their MRR: minor units a month"),
    column("unpriced", sa.BigInteger, "How many of them have no known MRR"),
    comment="One row per night, state and currency of subscribers that were not scored; those who "
    "are gone have no MRR and are left out",
)
