"""What support did about somebody, and what it left undone on purpose."""

import sqlalchemy as sa

from risk.schema import METADATA, Utc, column, one_of

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
    column("forced", sa.Boolean, "An offer to somebody of the comparison group, made all the same"),
    column("undone_at", Utc, "When it was taken back (UTC); null: it stands", nullable=True),
    one_of("action", ACTIONS),
    sa.Index("contacts_of", "subscriber_id", "happened_at"),
    comment="One row per contact; nothing is ever changed but undone_at",
)
