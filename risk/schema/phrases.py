"""The phrases of each night: what its rows say in words, each said once."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, column

PHRASES = sa.Table(
    "phrases",
    METADATA,
    column("scored_on", sa.Date, "Night that says it", key=True),
    column("number", sa.Integer, "Which of the night's: rows of risk refer to it", key=True),
    column("signal", sa.Text, "Of a reason: what it is a sign of", nullable=True),
    column("column_name", sa.Text, "Of a reason: the column that was measured", nullable=True),
    column("text", sa.Text, "In words, in the night's language"),
    column(
        "translations",
        sa.JSON,
        "The same in other languages, a JSON object by language; null: not known",
        nullable=True,
    ),
    column(
        "evidence",
        sa.JSON,
        "Of a reason: the events behind it, JSON {table, kinds, days, newest}; null: not known",
        nullable=True,
    ),
    comment="What the rows of a night say: reasons and actions in words, each phrase once a night",
    # A phrase is only ever looked up by its key: one tree is enough.
    sqlite_with_rowid=False,
)
