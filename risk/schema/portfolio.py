"""The table of a night's portfolio: MRR and expected loss by band and currency."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, column, one_of
from perdura.risk.schema.tables import BANDS

PORTFOLIO = sa.Table(
    "book",
    METADATA,
    column("scored_on", sa.Date, "The night", key=True),
    column("band", sa.Text, "high, medium or low", key=True),
    column("currency", sa.Text, "ISO 4217; empty: of those who have none", key=True),
    column("subscribers", sa.BigInteger, "So many of the night are in this band and currency"),
    column("mrr", sa.BigInteger, "What they pay: minor units a month"),
    column("expected_loss", sa.BigInteger, "What of it is expected to go: the rows' own, summed"),
    column("by_payment", sa.BigInteger, "Its part by payment failure; the rest is by choice"),
    one_of("band", BANDS),
    comment="One row per night, band and currency; its expected_loss is the sum of the rows'",
)
