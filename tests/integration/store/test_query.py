"""Look-ups compiled once say the same as SQLAlchemy does, for lists of any length too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, bindparam, insert, select

from syncd.store.database import sqlite_engine
from syncd.store.migrate import upgrade
from syncd.store.query import Query
from syncd.store.tables import hold

SINCE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
IN = select(hold).where(hold.c.id.in_(bindparam("ids", expanding=True))).order_by(hold.c.id)
NOT_IN = select(hold.c.scope).where(
    hold.c.id.not_in(bindparam("ids", expanding=True)), hold.c.by.in_(["ann", "bob"])
)


@pytest.fixture(scope="module")
def c(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path: Path = tmp_path_factory.mktemp("query") / "state.db"
    engine = sqlite_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.begin() as connection:
        rows = [
            {"id": n, "scope": f"s{n}", "reason": "r", "by": "ann" if n % 2 else "eve", "since": SINCE}
            for n in range(1, 12)
        ]
        connection.execute(insert(hold), rows)
        yield connection
    engine.dispose()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 11])
def test_a_list_of_any_length_finds_what_sqlalchemy_finds(c: Connection, count: int) -> None:
    asked = {"ids": list(range(1, count + 1))}
    assert [tuple(row) for row in Query(IN).all(c, asked)] == [tuple(row) for row in c.execute(IN, asked)]
    assert Query(NOT_IN).scalars(c, asked) == list(c.execute(NOT_IN, asked).scalars())


def test_rows_show_their_columns_converted(c: Connection) -> None:
    row = Query(IN).first(c, {"ids": [3]})
    assert (row.scope, row.since, row.released_at) == ("s3", SINCE, None)


def test_an_instant_is_asked_for_as_one(c: Connection) -> None:
    query = Query(select(hold.c.id).where(hold.c.since < bindparam("before")))
    assert query.scalars(c, {"before": SINCE}) == []
    assert query.first(c, {"before": SINCE}) is None
