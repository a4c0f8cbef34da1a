"""Alembic's entry: the same revisions run on SQLite and PostgreSQL."""

from alembic import context

from syncd.store.schema import metadata


def run() -> None:
    """Run on the connection that ``syncd.store.migrate`` hands over (there is no alembic.ini)."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,  # SQLite cannot alter a table in place
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
