"""What only a server does to transactions: races between processes, and being away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from syncd.core.errors import FixInput, StateUnavailable
from syncd.core.model import Side
from syncd.ports.store import EVERYTHING
from syncd.store import holds, settling
from syncd.store.opening import open_engine
from syncd.store.postgres import PostgresDatabase
from syncd.store.sql import SqlStore
from syncd.store.tables import hold, stream
from tests.integration.engine.world import OpenSeal, VirtualClock
from tests.integration.store.rows import Bench, create
from tests.postgres import Postgres

NOW = datetime(2026, 11, 2, tzinfo=UTC)
_LONE = (Side.LEFT, "F1")


@pytest.fixture
async def one(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(open_engine(postgres_url))
    yield database
    await database.close()


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    """Another process's way into the same state."""
    database = PostgresDatabase(open_engine(postgres_url), patience_s=1.0)
    yield database
    await database.close()


class Paused:
    """A transaction that did its work and is not committed yet."""

    def __init__(self, script: Callable[[Connection], Any]) -> None:
        self._script = script
        self._go_on = threading.Event()
        self.there = threading.Event()

    def __call__(self, c: Connection) -> Any:
        result = self._script(c)
        self.there.set()
        assert self._go_on.wait(10)
        return result

    def go_on(self) -> None:
        self._go_on.set()


async def begun(database: PostgresDatabase, paused: Paused) -> asyncio.Task[Any]:
    task = asyncio.create_task(database.write(paused))
    assert await asyncio.to_thread(paused.there.wait, 10)
    return task


async def waits_for_a_lock(database: PostgresDatabase) -> None:
    """Until a transaction of this server waits for another one's."""
    blocked = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
    while not await database.read(lambda c: c.execute(blocked).scalar_one()):  # noqa: ASYNC110
        await asyncio.sleep(0.005)


def say(n: int) -> Callable[[Connection], None]:
    def script(c: Connection) -> None:
        c.execute(insert(hold).values(scope=f"s{n}", reason="", by="", since=NOW))

    return script


# -- races --------------------------------------------------------------------------------------


async def test_a_hold_counts_the_write_that_another_process_is_just_marking(
    one: PostgresDatabase, other: PostgresDatabase
) -> None:
    bench = await Bench.set_up(one)
    made = await bench.planned(await bench.lone(*_LONE))
    k = bench.store.keeper()
    marking = Paused(lambda c: settling.mark_sent(c, k, [made]))
    marked = await begun(one, marking)
    placed = asyncio.create_task(_store(other).hold(EVERYTHING, "drift", "ann"))
    await waits_for_a_lock(other)
    marking.go_on()
    assert await marked == [True]
    assert (await placed).under_way == 1


async def test_a_write_is_not_marked_behind_a_hold_that_is_just_being_placed(
    one: PostgresDatabase, other: PostgresDatabase
) -> None:
    bench = await Bench.set_up(one)
    made = await bench.planned(await bench.lone(*_LONE))
    k = bench.store.keeper()
    placing = Paused(lambda c: holds.place(c, k, EVERYTHING, "drift", "ann"))
    placed = await begun(other, placing)
    marked = asyncio.create_task(bench.store.mark_sent(made))
    await waits_for_a_lock(one)
    placing.go_on()
    await placed
    assert await marked is False


async def test_two_processes_write_down_one_create_of_a_natural_key(
    one: PostgresDatabase, other: PostgresDatabase
) -> None:
    bench = await Bench.set_up(one)
    rows = [await bench.lone(_LONE[0], key) for key in ("F1", "F2")]
    stores = (bench.store, _store(other))
    made = await asyncio.gather(
        *(
            store.write_down(bench.flow, [], [create(row, natural="acme")])
            for store, row in zip(stores, rows, strict=True)
        )
    )
    assert sorted(len(one) for one in made) == [0, 1]


async def test_a_stream_that_two_processes_meet_first_is_one(
    one: PostgresDatabase, other: PostgresDatabase
) -> None:
    found = await asyncio.gather(*(_store(db).stream("field", "job") for db in (one, other) * 4))
    assert len({row.id for row in found}) == 1


async def test_who_loses_a_deadlock_is_run_again(one: PostgresDatabase, other: PostgresDatabase) -> None:
    streams = [(await _store(one).stream(name, "customer")).id for name in ("left", "right")]
    both_have_one = threading.Barrier(2, timeout=10)
    runs: list[int] = []

    def taking(first: int, second: int) -> Callable[[Connection], None]:
        def script(c: Connection) -> None:
            runs.append(first)
            c.execute(update(stream).where(stream.c.id == first).values(seq=stream.c.seq + 1))
            if len(runs) <= 2:
                both_have_one.wait()
            c.execute(update(stream).where(stream.c.id == second).values(seq=stream.c.seq + 1))

        return script

    a, b = streams
    await asyncio.gather(one.write(taking(a, b)), other.write(taking(b, a)))
    seqs = await one.read(lambda c: c.execute(select(stream.c.seq).order_by(stream.c.id)).scalars().all())
    assert (len(runs), list(seqs)) == (3, [2, 2])


# -- a server that goes away --------------------------------------------------------------------


@pytest.mark.soak
async def test_a_power_cut_under_load_loses_nothing_and_repeats_nothing() -> None:
    """Also where it strikes the commit itself: the server is asked afterwards what became of it."""
    with Postgres.begin(durable=True) as server:
        database = PostgresDatabase(open_engine(server.set_up()))
        done: list[int] = []
        enough = asyncio.Event()

        async def load(lane: int) -> None:
            n = lane
            while not enough.is_set():
                await database.write(say(n))
                done.append(n)
                n += 8

        lanes = [asyncio.create_task(load(lane)) for lane in range(8)]
        for _ in range(2):
            so_far = len(done)
            while len(done) < so_far + 40:  # noqa: ASYNC110 - of what is under way
                await asyncio.sleep(0.01)
            await asyncio.to_thread(server.stop, "immediate")
            await asyncio.to_thread(server.start)
        enough.set()
        await asyncio.gather(*lanes)
        found = await database.read(lambda c: c.execute(select(hold.c.scope)).scalars().all())
        await database.close()
    assert sorted(found) == sorted(f"s{n}" for n in done)


async def test_who_sleeps_inside_a_transaction_loses_it_and_its_locks(
    one: PostgresDatabase, other: PostgresDatabase
) -> None:
    """The server ends such a session; whatever it had done is undone, and is done again."""
    ident = (await _store(one).stream("field", "customer")).id
    more = update(stream).where(stream.c.id == ident).values(seq=stream.c.seq + 1)
    slept: list[int] = []

    def sleeps(c: Connection) -> None:
        c.execute(text("set local idle_in_transaction_session_timeout = '50ms'"))
        c.execute(more)
        if not slept:
            slept.append(1)
            threading.Event().wait(0.2)

    await asyncio.gather(one.write(sleeps), other.write(lambda c: c.execute(more).rowcount))
    assert await one.read(lambda c: c.execute(select(stream.c.seq)).scalar_one()) == 2


async def test_a_server_that_is_not_there_is_named(postgres: Postgres) -> None:
    nowhere = postgres.url("state").replace(str(postgres.folder), str(postgres.folder / "no"))
    database = PostgresDatabase(open_engine(nowhere, "secret"), patience_s=0.0)
    for asked in (database.read, database.write, database.scan):
        with pytest.raises(StateUnavailable, match=r"/no/state does not answer") as away:
            await asked(lambda _c: None)
        assert "secret" not in f"{away.value} {away.value.remedy}"
    await database.close()


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("53100", "its disk is full"),
        ("25006", "it takes no writes"),
        ("58030", "it cannot read or write its files"),
    ],
)
async def test_what_the_server_says_of_itself_is_said_in_words(
    one: PostgresDatabase, state: str, says: str
) -> None:
    """Raised by the server itself; what else was to be committed then waits for nothing."""
    fails = text(f"do $$ begin raise exception 'no' using errcode = '{state}'; end $$")
    answers = await asyncio.gather(
        one.write(say(1)), one.write(lambda c: c.execute(fails).rowcount), return_exceptions=True
    )
    assert all(isinstance(a, StateUnavailable) and says in a.message and a.remedy for a in answers[1:])
    await one.write(say(2))


async def test_a_pool_with_nothing_left_is_named(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    database = PostgresDatabase(engine, patience_s=0.0)
    taken = [engine.connect() for _ in range(engine.pool.size())]  # type: ignore[attr-defined]
    with pytest.raises(StateUnavailable, match="every connection of this process is in use"):
        await database.read(lambda _c: None)
    for connection in taken:
        connection.close()
    assert await database.read(lambda c: c.execute(select(func.count()).select_from(hold)).scalar_one()) == 0
    await database.close()


async def test_a_reader_cannot_write(one: PostgresDatabase) -> None:
    with pytest.raises(StateUnavailable, match="takes no writes"):
        await one.read(say(1))


def test_an_address_of_neither_kind() -> None:
    with pytest.raises(FixInput, match="mysql is not supported"):
        open_engine("mysql://localhost/syncd")


def _store(database: PostgresDatabase) -> SqlStore:
    return SqlStore(database, VirtualClock(), OpenSeal(), b"k" * 32)
