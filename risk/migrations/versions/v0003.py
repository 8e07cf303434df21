"""What a risk is for, whether its night is a trial, and which of its texts were unknown."""

from alembic import op

from perdura.risk.schema.all_tables import complete

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, null in the nights that are there: it was not written down then."""
    complete(op.get_bind())
