"""Runs migrations on the connection that `storage.migrate` hands over; it never opens one of its own."""

from __future__ import annotations

from alembic import context

from studio.takes.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
