"""The table of what support did about subscribers."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, Utc, column, one_of

#: What a person at the desk can say to have done.
ACTIONS = ("called", "mailed", "offered", "left_alone")


CONTACTS = sa.Table(
    "contacts",
    METADATA,
    column("contact_id", sa.Text, "A UUID, chosen by who writes: written twice is once", key=True),
    column("subscriber_id", sa.Text, "Who was contacted, or left alone"),
    column("happened_at", Utc, "When (UTC)"),
    column("known_at", Utc, "When it was written here (UTC): from then on models may know it"),
    column("action", sa.Text, "called, mailed, offered or left_alone"),
    column("by", sa.Text, "Name of the token that wrote it"),
    column("note", sa.Text, "In the words of who did it; no model reads it", nullable=True),
    column("forced", sa.Boolean, "A contact with the control group, made all the same"),
    column("undone_at", Utc, "When it was undone (UTC); null: it stands", nullable=True),
    column("reason", sa.Text, "Why it was forced, in the words of who did it", nullable=True),
    one_of("action", ACTIONS),
    sa.Index("contacts_of", "subscriber_id", "happened_at"),
    comment="One row per contact; nothing is ever changed but undone_at",
)
