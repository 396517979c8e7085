"""Alembic's entry: run the migrations on the connection that `Database.upgrade` hands over."""

from alembic import context

from uwlr_adapter.db.metadata import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
