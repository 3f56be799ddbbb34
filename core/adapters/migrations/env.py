"""Alembic's entry: runs migrations on the connection that `migrate` handed over."""

from alembic import context

from core.adapters.sql_tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
context.run_migrations()
