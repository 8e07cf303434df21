"""The table of erased ids, as keyed hashes."""

from __future__ import annotations

import sqlalchemy as sa

from perdura.risk.schema.declare import METADATA, column

ERASED = sa.Table(
    "erased",
    METADATA,
    column(
        "id_hash", sa.Text, "Keyed hash of a subscriber_id: BLAKE2b of 16 bytes, in hex", key=True
    ),
    column("hash_key", sa.Text, "Key of the hash, in hex"),
    column("erased_on", sa.Date, "When (UTC)"),
    comment="One row per erased subscriber_id; no id can be read out of it",
)
