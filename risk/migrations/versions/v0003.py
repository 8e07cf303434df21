"""The table of erased ids, and whatever else the code has that the store lacks."""

from alembic import op

from risk.catalog import complete

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make what is missing."""
    complete(op.get_bind())
