"""Opening a state wherever it is: the one place that tells SQLite from PostgreSQL by an address."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from syncd.core.errors import FixInput
from syncd.store.database import Database, ThreadedDatabase, sqlite_engine
from syncd.store.postgres import PostgresDatabase, postgres_engine


def open_engine(url: str, password: str | None = None) -> Engine:
    """``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``; ``password`` is PostgreSQL's.

    Nothing is connected to yet. Raises ``FixInput`` for any other address.
    """
    backend = make_url(url).get_backend_name()
    if backend == "sqlite":
        return sqlite_engine(url)
    if backend == "postgresql":
        return postgres_engine(url, password)
    raise FixInput(
        f"state.url: {backend} is not supported",
        remedy="use sqlite:///FILE or postgresql://USER@HOST/DATABASE",
    )


def open_database(engine: Engine) -> Database:
    """Who runs the transactions on it, in a process of its own."""
    return PostgresDatabase(engine) if engine.dialect.name == "postgresql" else ThreadedDatabase(engine)
