"""One writer, many transactions a commit: each gets its own answer, and its own error."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, insert, select

from syncd.core.errors import SyncdError
from syncd.store.database import Coalesced, Database, ThreadedDatabase, sqlite_engine
from syncd.store.tables import hold

NOW = datetime(2026, 11, 2, tzinfo=UTC)


class Refused(Exception):
    pass


def writes(n: int, *, fails: bool = False) -> Callable[[Connection], int]:
    def script(c: Connection) -> int:
        c.execute(insert(hold).values(scope=f"s{n}", reason="", by="", since=NOW))
        if fails:
            raise Refused(n)
        return n

    return script


def count(c: Connection) -> int:
    return int(c.execute(select(func.count()).select_from(hold)).scalar_one())


async def test_of_two_hundred_at_once_one_fails_and_the_others_are_committed(database: Database) -> None:
    answers = await asyncio.gather(
        *(database.write(writes(n, fails=n == 120)) for n in range(200)), return_exceptions=True
    )
    failed = [n for n, answer in enumerate(answers) if isinstance(answer, BaseException)]
    assert failed == [120]
    assert isinstance(answers[120], Refused)
    assert [answer for n, answer in enumerate(answers) if n != 120] == [n for n in range(200) if n != 120]
    assert await database.read(count) == 199


async def test_what_is_written_is_seen_by_the_next_look(database: Database) -> None:
    for n in range(5):
        await database.write(writes(n))
        assert await database.read(count) == await database.scan(count) == n + 1


async def test_many_share_a_commit(tmp_path: Path, empty: Path) -> None:
    shutil.copy(empty, tmp_path / "state.db")
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}")
    said: list[str] = []
    event.listen(engine, "connect", lambda opened, _: opened.set_trace_callback(said.append))
    database = ThreadedDatabase(engine)
    await asyncio.gather(*(database.write(writes(n)) for n in range(200)))
    assert 0 < said.count("COMMIT") < 20
    await database.close()


async def test_the_log_gets_its_size_once_and_is_then_written_over(tmp_path: Path, empty: Path) -> None:
    path, log = tmp_path / "state.db", tmp_path / "state.db-wal"
    shutil.copy(empty, path)
    database = ThreadedDatabase(sqlite_engine(f"sqlite:///{path}"))
    sizes = []
    for n in range(400):
        await database.write(writes(n))
        sizes.append(log.stat().st_size)
    assert sizes[10] < 2**20 < 2**23 < sizes[100] == sizes[-1]
    assert await database.read(count) == 400
    await database.close()
    assert not log.exists()
    assert path.stat().st_size < 2**21
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'log_filler'").fetchall()


async def test_a_log_that_another_program_keeps_busy_is_looked_after_later(
    tmp_path: Path, empty: Path
) -> None:
    path = tmp_path / "state.db"
    shutil.copy(empty, path)
    database = ThreadedDatabase(sqlite_engine(f"sqlite:///{path}"))
    await database.write(writes(0))
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM hold").fetchone() == (1,)
        for n in range(1, 300):
            await database.write(writes(n))
        assert reader.execute("SELECT count(*) FROM hold").fetchone() == (1,)
    assert await database.read(count) == 300
    await database.close()


async def test_closing_waits_for_what_was_asked(tmp_path: Path, empty: Path) -> None:
    path = tmp_path / "state.db"
    shutil.copy(empty, path)
    database = ThreadedDatabase(sqlite_engine(f"sqlite:///{path}"))
    asked = [asyncio.create_task(database.write(writes(n))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert [await one for one in asked] == list(range(20))
    again = sqlite_engine(f"sqlite:///{path}")
    with again.connect() as connection:
        assert count(connection) == 20
    again.dispose()


async def test_a_file_is_safe_against_power_loss(tmp_path: Path, empty: Path) -> None:
    shutil.copy(empty, tmp_path / "state.db")
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}")
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_only_what_is_noted_does_not_wait_for_the_disk(tmp_path: Path, empty: Path) -> None:
    shutil.copy(empty, tmp_path / "state.db")
    database = ThreadedDatabase(sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}"))

    def synchronous(c: Connection) -> int:
        return int(c.exec_driver_sql("PRAGMA synchronous").scalar_one())

    normal, full = 1, 2
    assert [await database.note(synchronous), await database.write(synchronous)] == [normal, full]
    both = await asyncio.gather(database.note(synchronous), database.write(synchronous))
    assert list(both) == [full, full]
    assert await database.note(synchronous) == normal
    await database.close()


# -- many calls of one transaction --------------------------------------------------------------


def together(c: Connection, many: Any) -> list[int]:
    for n in many:
        writes(n, fails=n == 7)(c)
    return [n * 10 for n in many]


async def test_concurrent_calls_of_one_transaction_go_together(database: Database) -> None:
    groups: list[int] = []

    def script(c: Connection, many: Any) -> list[int]:
        groups.append(len(many))
        return together(c, many)

    call: Coalesced[int, int] = Coalesced(lambda one, _: database.write(one), script)
    answers = await asyncio.gather(*(call(n) for n in range(100, 150)))
    assert answers == [n * 10 for n in range(100, 150)]
    assert len(groups) < 10


async def test_one_that_fails_does_not_take_its_neighbours_down(database: Database) -> None:
    call: Coalesced[int, int] = Coalesced(lambda one, _: database.write(one), together)
    answers = await asyncio.gather(*(call(n) for n in range(10)), return_exceptions=True)
    assert isinstance(answers[7], Refused)
    assert [a for n, a in enumerate(answers) if n != 7] == [n * 10 for n in range(10) if n != 7]
    assert await database.read(count) == 9


async def test_what_nobody_waits_for_any_more_does_not_happen(database: Database) -> None:
    """A cancelled write must not be marked as sent behind its back."""
    call: Coalesced[int, int] = Coalesced(lambda one, _: database.write(one), together)
    asked = asyncio.create_task(call(1))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await call(2) == 20
    assert await database.read(count) == 1


async def test_a_writer_that_ends_leaves_nobody_waiting(tmp_path: Path, empty: Path) -> None:
    shutil.copy(empty, tmp_path / "state.db")
    database = ThreadedDatabase(sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}"))

    def out_of_memory(_c: Connection) -> int:
        raise MemoryError

    def ends(_c: Connection) -> int:
        raise GeneratorExit

    with pytest.raises(MemoryError):
        await database.write(out_of_memory)
    asked = [asyncio.create_task(database.write(script)) for script in (writes(1), ends, writes(2))]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, SyncdError) for answer in answers), answers
    assert await database.write(writes(3)) == 3, "the next one begins anew"
    await database.close()


async def test_a_group_that_ends_leaves_none_of_its_callers_waiting() -> None:
    class Ending:
        async def write(self, script: Callable[[Connection], Any]) -> Any:
            await asyncio.sleep(0)
            raise asyncio.CancelledError

    coalesced: Coalesced[int, int] = Coalesced(lambda one, _: Ending().write(one), lambda _c, items: items)
    asked = [asyncio.create_task(coalesced(n)) for n in range(3)]
    await asyncio.wait(asked, timeout=5)
    assert all(one.done() for one in asked)


async def test_while_another_program_writes_the_loop_goes_on(tmp_path: Path, empty: Path) -> None:
    """Brief notes run on the loop's own thread, which waits for nobody: the writer's does it instead."""
    shutil.copy(empty, tmp_path / "state.db")
    database = ThreadedDatabase(sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}"))
    await database.note(writes(1), brief=True)
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    noted = asyncio.create_task(database.note(writes(2), brief=True))
    assert await database.read(count) == 1, "readers wait for no writer"
    assert not noted.done()
    other.execute("COMMIT")
    other.close()
    assert await noted == 2
    assert await database.read(count) == 2
    await database.close()
