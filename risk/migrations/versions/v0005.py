"""The MRR of subscribers that are not scored, and the view's value of those who stay."""

from alembic import op

from perdura.risk.schema.all_tables import complete

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table; views are made anew after every upgrade."""
    complete(op.get_bind())
