"""Leases with epochs, and who works on a state: by the database's clock, on every kind of database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, insert, select, update

from syncd.core.errors import Fenced
from syncd.core.model import Side
from syncd.dispatch.tenure import RENEW_S, TTL_S
from syncd.ports.leases import Lease
from syncd.ports.workers import Mishap
from syncd.store.database import Database
from syncd.store.dialects import database_now
from syncd.store.dispatch_tables import lease, worker
from syncd.store.leases import FencedDatabase, SqlLeases, holders, unheld
from syncd.store.postgres import SESSION
from syncd.store.tables import generation
from syncd.store.turns import SqlTurns
from syncd.store.workers import SqlWorkers, crew
from tests.integration.store.rows import Bench, settlement

_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def _run_out(database: Database) -> None:
    """Every lease ended, and every worker fell silent, long ago."""

    def script(c: Connection) -> None:
        c.execute(update(lease).where(lease.c.link.in_(["acme", "bolt"])).values(until=_LONG_AGO))
        c.execute(update(worker).where(worker.c.name.in_(["one", "two"])).values(seen_at=_LONG_AGO))

    await database.write(script)


@pytest.fixture
def leases(database: Database) -> SqlLeases:
    return SqlLeases(database)


async def test_one_holds_it_until_it_is_given_back(leases: SqlLeases) -> None:
    first = await leases.acquire("acme", "one", 15)
    assert first == Lease("acme", "one", 1)
    assert await leases.acquire("acme", "two", 15) is None
    assert await leases.acquire("acme", "one", 15) is None, "not by a second life of the same name either"
    assert await leases.acquire("bolt", "two", 15) is not None
    await leases.release(first)
    assert await leases.acquire("acme", "two", 15) == Lease("acme", "two", 2)


async def test_one_that_has_run_out_is_taken_over_and_counted(leases: SqlLeases, database: Database) -> None:
    first = await leases.acquire("acme", "one", 15)
    assert first is not None
    await _run_out(database)
    second = await leases.acquire("acme", "two", 15)
    assert second == Lease("acme", "two", 2)
    assert not await leases.renew(first, 15)
    await leases.release(first)
    assert await leases.acquire("acme", "three", 15) is None, "it gave back what was not its own any more"
    assert (await SqlWorkers(database).mishaps())[Mishap.LEASE_TAKEN_OVER] == 1


async def test_one_that_has_run_out_is_never_brought_back(leases: SqlLeases, database: Database) -> None:
    first = await leases.acquire("acme", "one", 15)
    assert first is not None
    await _run_out(database)
    assert not await leases.renew(first, 15), "though nobody took it"
    assert await leases.acquire("acme", "one", 15) == Lease("acme", "one", 2)


async def test_who_let_it_run_out_writes_nothing(leases: SqlLeases, database: Database) -> None:
    first = await leases.acquire("acme", "one", 15)
    assert first is not None
    mine = FencedDatabase(database, lambda: first)
    await mine.write(_again)
    await _run_out(database)
    for way in (mine.write, mine.note):
        with pytest.raises(Fenced, match="its lease ended"):
            await way(_again)
    await leases.release(first)
    with pytest.raises(Fenced, match="its lease ended"):
        await mine.write(_again)
    assert len(await database.read(lambda c: c.execute(generation.select()).all())) == 1


def test_who_sleeps_inside_a_transaction_loses_it_before_its_lease_ends() -> None:
    """What is left of a lease that is kept alive, at least, against what the server allows a session."""
    asleep_s = float(SESSION["idle_in_transaction_session_timeout"].removesuffix("s"))
    assert asleep_s < TTL_S - RENEW_S


async def test_who_lost_the_link_writes_nothing(leases: SqlLeases, database: Database) -> None:
    first = await leases.acquire("acme", "one", 15)
    assert first is not None
    mine = FencedDatabase(database, lambda: first)
    await mine.write(_again)
    await _run_out(database)
    await leases.acquire("acme", "two", 15)
    for way in (mine.write, mine.note):
        with pytest.raises(Fenced, match="another worker"):
            await way(_again)
    rows = await database.read(lambda c: c.execute(generation.select()).all())
    assert len(rows) == 1
    assert await mine.read(lambda c: c.execute(generation.select()).all()) == rows, "it may look"


async def test_what_many_links_send_at_once_is_one_transaction_and_each_by_its_own_lease(
    leases: SqlLeases, database: Database
) -> None:
    bench = await Bench.set_up(database)
    held = {link: await _taken(leases, link) for link in ("acme", "bolt")}
    acme, bolt = (bench.store.under(partial(held.__getitem__, link)) for link in held)
    rows = [await bench.planned(await bench.lone(Side.LEFT, key)) for key in ("a", "b", "c", "d")]
    assert all(await asyncio.gather(acme.mark_sent(rows[0]), bolt.mark_sent(rows[1])))
    await _run_out(database)
    held["bolt"] = await _taken(leases, "bolt")
    lost, kept = await asyncio.gather(
        acme.mark_sent(rows[2]), bolt.mark_sent(rows[3]), return_exceptions=True
    )
    assert isinstance(lost, Fenced), "its lease ran out"
    assert kept is True, "whose lease is alive goes on"
    with pytest.raises(Fenced):
        await acme.settle(settlement(rows[0], "L1"))
    await bolt.settle(settlement(rows[1], "L2"))
    found = await bench.intents()
    assert [found[row.id] for row in rows] == ["sent", "posted", "planned", "sent"]


async def _taken(leases: SqlLeases, link: str) -> Lease:
    taken = await leases.acquire(link, "one", 15)
    assert taken is not None
    return taken


def _again(c: Connection) -> None:
    c.execute(insert(generation).values(at=c.execute(select(database_now())).scalar_one()))


async def test_only_what_nobody_holds_is_forgotten(leases: SqlLeases, database: Database) -> None:
    turns = SqlTurns(database, unheld)
    starts = {name: lambda at: at + timedelta(hours=1) for name in ("acme", "bolt")}
    await turns.know(starts)
    await turns.tick(starts, 10)
    await leases.acquire("acme", "one", 15)
    assert await turns.forgotten(0, 10) == ["bolt"]
    await _run_out(database)
    assert set(await turns.forgotten(0, 10)) == {"acme", "bolt"}


async def test_a_worker_that_falls_silent_is_lost_once(leases: SqlLeases, database: Database) -> None:
    workers = SqlWorkers(database)
    for name in ("one", "two"):
        await workers.alive(name, "host", 7, "1.0", 16)
    await leases.acquire("acme", "one", 15)
    assert [(w.name, w.lost, w.links) for w in await workers.workers()] == [
        ("one", False, ("acme",)),
        ("two", False, ()),
    ]
    await _run_out(database)
    await workers.alive("two", "host", 7, "1.0", 16)
    assert list(await workers.missed()) == ["one"]
    assert list(await workers.missed()) == [], "told once"
    assert [(w.name, w.lost) for w in await workers.workers()] == [("one", True), ("two", False)]
    seen = await database.scan(crew)
    assert (seen.alive, seen.lost, seen.leases) == (1, 1, 0)
    assert seen.mishaps[Mishap.WORKER_LOST] == 1
    await workers.alive("one", "host", 7, "1.0", 16)
    assert not any(w.lost for w in await workers.workers()), "it only slept"
    await workers.gone("two")
    assert [w.name for w in await workers.workers()] == ["one"]


async def test_who_holds_what(leases: SqlLeases, database: Database) -> None:
    for link in ("acme", "bolt"):
        await leases.acquire(link, "one", 15)
    assert await database.read(holders) == {"one": ["acme", "bolt"]}
