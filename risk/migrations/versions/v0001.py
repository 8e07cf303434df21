"""All tables; what was made before there were versions gets what it lacks and loses nothing."""

from alembic import op

from perdura.risk.schema.all_tables import complete

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is missing."""
    complete(op.get_bind())
