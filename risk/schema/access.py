"""The table of tokens, and what a token may be used for."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, Utc, column

#: What a token may be used for: to read; to log contacts; to read the audit and undo others'
#: contacts.
SCOPES = ("read", "contact", "admin")


TOKENS = sa.Table(
    "tokens",
    METADATA,
    column("token_id", sa.Text, "The part of the token that is no secret", key=True),
    column("name", sa.Text, "Who or what uses it; contacts and the audit are signed with it"),
    column("hash", sa.Text, "SHA-256 of the secret part, in hex; the secret itself is not kept"),
    column("scopes", sa.JSON, "JSON list of read, contact, admin"),
    column("created_at", Utc, "When (UTC)"),
    column("revoked_at", Utc, "Refused from then on (UTC); null: it holds", nullable=True),
    comment="One row per token that was ever made",
)
