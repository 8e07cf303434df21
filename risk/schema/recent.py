"""Tables of what is known of subscribers besides scores: their states now, and recent events.

Flows write them, so that pages and programs read nothing but this database.
"""

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, Utc, column, one_of

#: States of subscribers; only active and past_due are scored.
STATES_KNOWN = ("trial", "active", "past_due", "paused", "leaving", "gone")


STATES = sa.Table(
    "states",
    METADATA,
    column("subscriber_id", sa.Text, "Who", key=True),
    column("state", sa.Text, "How they stand, where it is no longer as the newest night says"),
    column("since", Utc, "Since when (UTC)"),
    column("as_of", Utc, "Nothing known from this moment on (UTC) was used"),
    one_of("state", STATES_KNOWN),
    comment="One row per subscriber of the newest night with another state since",
)


EVENTS = sa.Table(
    "events",
    METADATA,
    column("subscriber_id", sa.Text, "Whom it happened to", key=True),
    column("happened_at", Utc, "When (UTC)", key=True),
    column("number", sa.Integer, "From 0: of what happened at once, which", key=True),
    column("known_at", Utc, "When it could first have been read (UTC)"),
    column("source", sa.Text, "subscriptions, payments, tickets or contacts"),
    column("kind", sa.Text, "What happened, as the source calls it: failed, opened ..."),
    column("amount", sa.BigInteger, "Minor units, where money moved", nullable=True),
    column("currency", sa.Text, "Of amount, ISO 4217", nullable=True),
    column("detail", sa.Text, "Plan, topic or failure code, where known", nullable=True),
    comment="What happened lately to the riskiest of the newest night: one row per event",
)
