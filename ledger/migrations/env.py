"""What Alembic runs: inside the transaction that `upgrade` has begun, under the writers' lock."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="migration")
with context.begin_transaction():
    context.run_migrations()
