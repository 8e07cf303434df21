"""The table of erased ids."""

from alembic import op

from perdura.risk.schema.all_tables import complete

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make it; the next erasure, night or ``perdura serve`` fills it."""
    complete(op.get_bind())
