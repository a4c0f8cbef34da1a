"""One store a test, on every kind of database; made by the migration, as a site's is."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from syncd.store import migrate
from syncd.store.database import Database, InlineDatabase, sqlite_engine
from syncd.store.opening import open_database, open_engine
from tests.integration.store.rows import Bench
from tests.plans import Plans, fill
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state that was just set up, to be copied."""
    path = tmp_path_factory.mktemp("state") / "empty.db"
    engine = sqlite_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def plans(postgres: Postgres) -> Iterator[Plans]:
    """How PostgreSQL would answer over a filled state."""
    engine = open_engine(postgres.set_up())
    with engine.begin() as connection:
        fill(connection)
    yield Plans(engine)
    engine.dispose()


@pytest.fixture(params=["inline", "threaded", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> AsyncIterator[Database]:
    if request.param == "postgresql":
        engine = open_engine(request.getfixturevalue("postgres_url"))
    else:
        path = tmp_path / "state.db"
        shutil.copy(empty, path)
        engine = sqlite_engine(f"sqlite:///{path}")
    made: Database = InlineDatabase(engine) if request.param == "inline" else open_database(engine)
    if request.param != "postgresql":
        yield made
        await made.close()
        return
    plans: Plans = request.getfixturevalue("plans")
    with plans.of(engine) as wrong:
        yield made
    await made.close()
    assert wrong == []


@pytest.fixture
async def bench(database: Database) -> Bench:
    return await Bench.set_up(database)
