"""The table of random assignments to the list or the control group."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, Utc, column

ASSIGNMENTS = sa.Table(
    "draws",
    METADATA,
    column("subscriber_id", sa.Text, "Who", key=True),
    column("season", sa.Text, "In which the lot holds: a quarter, e.g. 2026-Q4", key=True),
    column("drawn_at", Utc, "When a night first had them to be called in this season (UTC)"),
    column("held_out", sa.Boolean, "The lot: true is to be left alone, false is to be called"),
    comment="One row per season and subscriber with a high band in it; never changed",
)
