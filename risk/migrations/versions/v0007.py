"""The role that reads may add to the audit."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing: rights are given after each upgrade (``risk.schema.roles.let_read``)."""
