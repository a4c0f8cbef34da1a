"""The schema's revisions: up from nothing, what they build, down again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    LargeBinary,
    MetaData,
    String,
    insert,
    inspect,
    select,
    text,
)

from syncd.core.errors import FixInput, StateUnavailable
from syncd.store import migrate
from syncd.store.database import sqlite_engine
from syncd.store.opening import open_engine
from syncd.store.revisions import HEAD, OURS
from syncd.store.schema import metadata
from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'state.db'}"
    else:
        url = request.getfixturevalue("postgres").empty()
    made = open_engine(url)
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
    assert revisions[-1] == OURS


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


# -- with what is in it -------------------------------------------------------------------------

Rows = dict[str, list[dict[str, Any]]]
_CHANGED = {"0006": {("stream", "fingerprint"), ("remote", "content_hash")}}
"""What a revision changes on purpose: (table, column)."""


def test_each_revision_keeps_what_is_there_up_and_down(engine: Engine) -> None:
    revisions = sorted(path.name[:4] for path in (migrate.scripts() / "versions").glob("[0-9]*.py"))
    before: Rows = {}
    for revision in revisions:
        migrate.upgrade(engine, revision)
        changed = _CHANGED.get(revision, set())
        assert _of(_rows(engine), before, changed) == _of(before, before, changed), revision
        _fill_what_is_empty(engine)
        before = _rows(engine)
        assert all(before.values()), revision
    for revision in reversed(revisions[:-1]):
        migrate.downgrade(engine, revision)
        after = _rows(engine)
        assert after == _of(before, after, set()), revision
        before = after


def _rows(engine: Engine) -> Rows:
    """Everything that a state holds."""
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as c:
        return {
            table.name: sorted((dict(row._mapping) for row in c.execute(select(table))), key=repr)
            for table in found.sorted_tables
            if table.name not in ("alembic_version", "sqlite_sequence")
        }


def _of(rows: Rows, like: Rows, changed: set[tuple[str, str]]) -> Rows:
    """The columns of ``rows`` that ``like`` has as well."""
    return {
        name: [
            {key: row[key] for key in sorted(row) if key in many[0] and (name, key) not in changed}
            for row in rows[name]
        ]
        for name, many in like.items()
        if name in rows
    }


def _fill_what_is_empty(engine: Engine) -> None:
    """Three rows in each table that has none, each value another one."""
    found = MetaData()
    found.reflect(engine)
    with engine.begin() as c:
        for table in found.sorted_tables:
            if c.execute(select(table).limit(1)).first() is None:
                columns = [column for column in table.columns if column.name != "id"]
                c.execute(insert(table), [{x.name: _value(x, n) for x in columns} for n in (1, 2, 3)])


def _value(column: Column[Any], n: int) -> Any:
    if column.foreign_keys:
        return n
    if isinstance(column.type, String):
        return f"{column.name} {n}"
    if isinstance(column.type, LargeBinary):
        return bytes([n])
    return n % 2 == 0 if isinstance(column.type, Boolean) else n


def test_two_that_begin_at_once_set_a_state_up_once(postgres: Postgres) -> None:
    engines = [open_engine(url) for url in (postgres.empty(),) * 2]
    with ThreadPoolExecutor(2) as both:
        list(both.map(migrate.upgrade, engines))
    assert {migrate.current(one) for one in engines} == {HEAD}
    for one in engines:
        one.dispose()


def test_a_server_that_does_not_answer_is_named(postgres: Postgres) -> None:
    engine = open_engine("postgresql://ann@127.0.0.1:1/state", "hidden")
    for ask in (migrate.current, migrate.upgrade, migrate.require_head):
        with pytest.raises(StateUnavailable, match=r"127\.0\.0\.1:1/state does not answer") as away:
            ask(engine)
        assert "hidden" not in away.value.message
