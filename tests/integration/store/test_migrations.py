"""The schema's revisions: up from nothing, what they build, down again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from syncd.core.errors import FixInput
from syncd.store import migrate
from syncd.store.database import sqlite_engine
from syncd.store.tables import HEAD, metadata


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    made.dispose()


def test_up_from_nothing(engine: Engine) -> None:
    assert migrate.current(engine) is None
    migrate.upgrade(engine)
    assert migrate.current(engine) == HEAD
    migrate.require_head(engine)
    migrate.upgrade(engine)
    assert migrate.current(engine) == HEAD


def test_the_newest_file_is_the_head() -> None:
    revisions = sorted(path.name[:4] for path in (migrate.scripts() / "versions").glob("[0-9]*.py"))
    assert revisions[-1] == HEAD


def test_the_revisions_build_what_the_code_declares(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        built = inspect(connection)
        for table in metadata.sorted_tables:
            columns = {column["name"]: column["nullable"] for column in built.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}


def test_down_to_nothing_and_up_again(engine: Engine) -> None:
    migrate.upgrade(engine)
    migrate.downgrade(engine, "base")
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    migrate.upgrade(engine)
    assert migrate.current(engine) == HEAD


def test_an_empty_state_says_what_to_do(engine: Engine) -> None:
    with pytest.raises(FixInput) as wrong:
        migrate.require_head(engine)
    assert wrong.value.remedy == "run: syncd db upgrade"


def test_a_state_of_a_newer_syncd_is_not_touched(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(FixInput) as wrong:
        migrate.require_head(engine)
    assert wrong.value.remedy == "install a newer syncd"


def test_only_sqlite_is_taken() -> None:
    with pytest.raises(FixInput, match="postgresql is not supported"):
        sqlite_engine("postgresql://localhost/syncd")
