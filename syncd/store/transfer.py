"""All rows of a state from one database into another, whichever they are, and the proof that they arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Table, TypeDecorator, event, func, select, type_coerce

from syncd.core.errors import FixInput, SyncdError
from syncd.ports.store import EVERYTHING
from syncd.store import holds, migrate
from syncd.store.database import Database, ThreadedDatabase, sqlite_engine
from syncd.store.dialects import add_rows, others_connected, sequences, set_sequences, take_time
from syncd.store.postgres import place, plainly
from syncd.store.schema import OF_PROCESSES, metadata
from syncd.store.sealing import Keeper

_PAGE: Final = 1_000
"""Rows that are in memory at a time."""
_DIGESTS: Final = 1 << 128

_encode = msgspec.msgpack.Encoder().encode
Row = Sequence[Any]
Told = Callable[[str, int, int], None]
"""Is told of progress: the table, how many of its rows are there, of how many."""


@dataclass(frozen=True, slots=True)
class Copied:
    """One table, as it arrived."""

    table: str
    rows: int
    digest: str
    """Of all its rows in any order, in hexadecimal; the same on both sides."""


def move(source: Engine, target: Engine, k: Keeper, by: str, told: Told) -> list[Copied]:
    """Everything of ``source``, which from then on writes nothing: a hold on everything says where it went,
    placed before the first row is read. The target has the whole state at once, or nothing of it; the hold is
    released there. Nothing was forgotten on the way, so nothing must be looked up anew.

    Raises ``FixInput`` where the target holds a state already or the source is of another version,
    ``StateLocked`` where somebody is connected to either, ``SyncdError`` where a table did not arrive as it
    was.
    """
    reason = f"this state was moved to {where(target)}"
    with plainly(source), plainly(target):
        for engine in (source, target):
            with engine.connect() as c:
                others_connected(c, where(engine))
        migrate.require_head(source)
        _set_up(target)
        with source.begin() as c:
            held = holds.place(c, k, EVERYTHING, reason, by)
        with one_moment(source) as there, target.begin() as here:
            done = copy_rows(there, here, told)
            set_sequences(here, sequences(there))
            for one in done:
                _must_equal(here, one)
            holds.release(here, k, [held.id], by)
    return done


def where(engine: Engine) -> str:
    """A state's place, for people."""
    return str(engine.url.database) if engine.dialect.name == "sqlite" else place(engine)


def one_moment(engine: Engine) -> Connection:
    """A connection that sees everything as it was when it looked first."""
    if engine.dialect.name == "sqlite":
        return engine.connect().execution_options(reads_only=True)
    return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _set_up(target: Engine) -> None:
    if migrate.current(target) is None:
        migrate.upgrade(target)
    migrate.require_head(target)
    with target.connect() as c:
        for table in metadata.sorted_tables:
            if c.execute(select(1).select_from(table).limit(1)).first() is not None:
                raise FixInput(
                    f"{where(target)} holds a state already (there is something in {table.name})",
                    remedy="a copy arrives whole or not at all: use it, or name an empty place",
                )


def copy_rows(source: Connection, target: Connection, told: Told = lambda *_: None) -> list[Copied]:
    """Every row that outlives processes, parents first, within the transactions that both are in."""
    done = []
    take_time(source)
    take_time(target)
    for table in (table for table in metadata.sorted_tables if table not in OF_PROCESSES):
        total: int = source.execute(select(func.count()).select_from(table)).scalar_one()
        rows = digest = 0
        for page in pages(source, table):
            _add(target, table, page)
            rows, digest = rows + len(page), (digest + _digest(page)) % _DIGESTS
            told(table.name, rows, total)
        done.append(Copied(table.name, rows, f"{digest:032x}"))
    return done


def _add(c: Connection, table: Table, page: Sequence[Row]) -> None:
    try:
        add_rows(c, table, page)
    except ValueError as error:
        raise SyncdError(
            f"{table.name}: {error}", remedy="nothing was kept there; the state it came from is as it was"
        ) from error


def pages(c: Connection, table: Table) -> Iterator[Sequence[Row]]:
    """The rows of a table as they are stored, some at a time, in no order."""
    stored = [
        type_coerce(column, column.type.impl_instance) if isinstance(column.type, TypeDecorator) else column
        for column in table.columns
    ]
    yield from c.execute(select(*stored).execution_options(yield_per=_PAGE)).partitions()


def _digest(page: Sequence[Row]) -> int:
    return sum(int.from_bytes(blake2b(_encode(list(row)), digest_size=16).digest(), "big") for row in page)


def whole(source: Engine, target: Engine) -> None:
    """Everything of ``source`` at one moment, whoever writes to it, into an empty ``target``. Raises
    ``StateUnavailable``."""
    migrate.upgrade(target)
    with plainly(source), one_moment(source) as there, target.begin() as here:
        copy_rows(there, here)
        set_sequences(here, sequences(there))


def _must_equal(c: Connection, expected: Copied) -> None:
    rows = digest = 0
    for page in pages(c, metadata.tables[expected.table]):
        rows, digest = rows + len(page), (digest + _digest(page)) % _DIGESTS
    if (rows, f"{digest:032x}") != (expected.rows, expected.digest):
        raise SyncdError(
            f"{expected.table} did not arrive as it was: {rows} rows of {expected.rows}",
            remedy="nothing was kept there; try again, and report it if it happens again",
        )


def scratch_copy(engine: Engine) -> Database:
    """A temporary SQLite state with everything ``engine``'s holds at one moment."""
    folder = TemporaryDirectory(prefix="syncd-scratch-")
    scratch = sqlite_engine(f"sqlite:///{folder.name}/state.db")
    event.listen(scratch, "engine_disposed", lambda _engine: folder.cleanup())
    whole(engine, scratch)
    return ThreadedDatabase(scratch)
