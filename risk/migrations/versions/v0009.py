"""Phrases beside the nights: reasons and actions are numbers in rows, and words once a night."""

from alembic import op

from perdura.risk.schema.all_tables import complete

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table and the columns; nights that are there keep their words in their rows."""
    complete(op.get_bind())
