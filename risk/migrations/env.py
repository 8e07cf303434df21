"""Run by Alembic, on the connection that ``risk.migrations`` gives it, in its transaction."""

from alembic import context

from perdura.risk.schema.declare import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
