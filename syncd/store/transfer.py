"""All rows of a state from one database into another, whichever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, event, insert, select

from syncd.store.asking_tables import apart
from syncd.store.database import Database, ThreadedDatabase, sqlite_engine
from syncd.store.drift_tables import drift
from syncd.store.tables import metadata

assert apart.metadata is drift.metadata is metadata, "every table is known once these are imported"

_PAGE: Final = 1_000
"""Rows that are in memory at a time."""

Told = Callable[[str, int], None]
"""Is told of progress: the table, and how many of its rows are there."""


def copy_rows(source: Connection, target: Connection, told: Told = lambda _table, _rows: None) -> None:
    """Every row of every table, parents first, within the transactions that both are in."""
    for table in metadata.sorted_tables:
        count = 0
        for page in pages(source, table):
            target.execute(insert(table), page)
            count += len(page)
            told(table.name, count)


def pages(c: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table, some at a time, in no order."""
    rows = c.execution_options(yield_per=_PAGE).execute(select(table)).mappings()
    for part in rows.partitions():
        yield [_plain(row) for row in part]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def scratch_copy(engine: Engine) -> Database:
    """A temporary SQLite state with everything ``engine``'s holds at one moment."""
    folder = TemporaryDirectory(prefix="syncd-scratch-")
    scratch = sqlite_engine(f"sqlite:///{folder.name}/state.db")
    event.listen(scratch, "engine_disposed", lambda _engine: folder.cleanup())
    with engine.connect() as source, scratch.begin() as target:
        metadata.create_all(target)
        copy_rows(source, target)
    return ThreadedDatabase(scratch)
