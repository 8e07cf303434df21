"""The table of webhooks to send, one row per move into the high band and target."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, Utc, column

DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    column("delivery_id", sa.Text, "Digest of night, subscriber and target: told once", key=True),
    column("scored_on", sa.Date, "The night in which they moved"),
    column("subscriber_id", sa.Text, "Who moved into the high band"),
    column("target", sa.Text, "URL that is to be told"),
    column("attempts", sa.Integer, "How often it has been tried"),
    column("next_at", Utc, "When to try, or try again (UTC); null: never", nullable=True),
    column("delivered_at", Utc, "When the target accepted it (UTC)", nullable=True),
    column("dead_at", Utc, "When it was given up (UTC); it can be replayed", nullable=True),
    column("last_status", sa.Text, "What the last attempt came to: 200, timeout", nullable=True),
    sa.Index("deliveries_due", "next_at"),
    sa.Index("deliveries_of", "subscriber_id"),
    comment="One row per move into the high band and target; what is told is made when it is sent",
)
