"""The table of reads, exports and writes."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, Utc, column

AUDIT = sa.Table(
    "audit",
    METADATA,
    column("audit_id", sa.Text, "A UUID", key=True),
    column("at", Utc, "When it was asked for (UTC)"),
    column("token_id", sa.Text, "By whose token; cli or mcp: read without one"),
    column("token_name", sa.Text, "What that token was called; cli:USER or mcp:USER"),
    column("what", sa.Text, "list, subscriber, moves, accounts, export, contact, undo, audit ..."),
    column("subscriber_id", sa.Text, "About whom; null: about many", nullable=True),
    column(
        "detail",
        sa.JSON,
        "What was asked for, a JSON object; of a page whom it named",
    ),
    sa.Index("audit_by_time", "at"),
    comment="One row per answer that told of people, or that changed something",
)
