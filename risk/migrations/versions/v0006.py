"""The effect of contacts as last estimated, and why a contact with the control group was forced."""

from alembic import op

from perdura.risk.schema.all_tables import complete

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table and the column."""
    complete(op.get_bind())
