"""The table of the effect of contacts as last estimated."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, Utc, column

CONTACT_EFFECT = sa.Table(
    "contact_effect",
    METADATA,
    column("known_until", Utc, "Only what was known before was used (UTC)", key=True),
    column("horizon_days", sa.Integer, "Stayed: had not left so many days later"),
    column("group_compared", sa.Text, "listed (by random assignment), else contacted or offered"),
    column("known", sa.BigInteger, "Subscribers in it with a known outcome"),
    column("stayed", sa.BigInteger, "How many of these stayed"),
    column("awaited", sa.BigInteger, "Subscribers in it without a known outcome yet"),
    column("reached", sa.BigInteger, "How many of the listed were contacted within the horizon"),
    column("control_known", sa.BigInteger, "As known, of the control group"),
    column("control_stayed", sa.BigInteger, "As stayed, of the control group"),
    column("control_awaited", sa.BigInteger, "As awaited, of the control group"),
    column("difference", sa.Float, "Share that stayed, less the control group's", nullable=True),
    column("low", sa.Float, "The true difference is from here on (95 %)", nullable=True),
    column("high", sa.Float, "The true difference is up to here (95 %)", nullable=True),
    comment="The newest estimate, one row; written by every training and `perdura effect`",
)
