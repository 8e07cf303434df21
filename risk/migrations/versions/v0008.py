"""The account of each scored subscriber."""

from alembic import op

from perdura.risk.schema.all_tables import complete

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column and its index: null in the nights that are there, which did not keep it."""
    complete(op.get_bind())
