"""N9: two worker processes against one on PostgreSQL, each link with platforms of its own, 50 ms away.

A worker runs two links at once here, and a platform takes two requests at once: what one worker carries is
bounded by its places on the wire (four, so 80 pairs a second), as in a site with more links than slots. All
workers are there before the links' time comes; rounds with one and with two take turns on one server, and the
ratio is the median of the rounds' own. ``python -m benchmarks.crew`` is one worker.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, TextClause, text

from benchmarks import bare
from benchmarks.platform import BenchConnector
from benchmarks.report import Line
from benchmarks.state import link_over
from syncd.app.membership import Membership, Part, joined
from syncd.clock import SystemClock
from syncd.core.model import Side
from syncd.dispatch.cluster import ClusterDispatcher
from syncd.dispatch.dispatcher import Runnable
from syncd.dispatch.queue import ANYWHERE, WakeQueue
from syncd.engine.cycle import LinkEngine
from syncd.secrets.sealed import Sealer
from syncd.store.database import Database
from syncd.store.opening import open_database, open_engine
from syncd.store.sql import SqlStore
from tests.postgres import Postgres

LINKS = 4
_SLOTS = 2
_AT_ONCE = 2
_LATENCY_MS = 50
_MASTER = bytes(range(32))


async def two_against_one(base_url: str, records: int, rounds: int) -> list[Line]:
    """Pairs a second of ``LINKS`` first loads of ``records`` each; and how much of the wire that is."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    async with bare.session() as http:
        await bare.latency(http, base_url, _LATENCY_MS)
        try:
            with Postgres.begin(durable=True) as server:
                for number in range(rounds):
                    for workers in (1, 2) if number % 2 else (2, 1):
                        rates[workers].append(await _load(server.set_up(), base_url, records, workers))
        finally:
            await bare.latency(http, base_url, 0)
    one, two = median(rates[1]), median(rates[2])
    ratio = median(mine / other for mine, other in zip(rates[2], rates[1], strict=True))
    places = _SLOTS * _AT_ONCE * 1_000 / _LATENCY_MS
    return [
        Line(
            "N9",
            f"two workers against one, {LINKS} links of {records:,}, 50 ms API latency",
            f"{two:,.0f} pairs/s",
            f"{one:,.0f} pairs/s",
            f"{ratio:.2f} x",
            ">= 1.7 x",
            ">= 1.9 x",
            ratio >= 1.7,
        ),
        Line(
            "N9",
            f"one worker, of the {places:,.0f} pairs/s that its places on the wire allow",
            f"{one:,.0f} pairs/s",
            f"{places:,.0f} pairs/s",
            f"{100 * one / places:.0f} %",
            "",
            "",
            None,
        ),
    ]


async def _load(url: str, base_url: str, records: int, workers: int) -> float:
    command = [sys.executable, "-m", "benchmarks.crew", url, base_url]
    database = open_database(open_engine(url))
    await database.write(_not_yet)
    processes = [await asyncio.create_subprocess_exec(*command) for _ in range(workers)]
    try:
        await _reaches(database, _ALIVE, workers)
        await database.write(lambda c: c.execute(_NOW))
        began = await _reaches(database, _POSTED, 1)
        ended = await _reaches(database, _POSTED, LINKS * records)
    finally:
        for process in processes:
            process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))
        await database.close()
    return (LINKS * records - 1) / (ended - began)


_ALIVE = text("select count(*) from worker")
_POSTED = text("select count(*) from intent where state = 'posted'")
_NOW = text("update turn set next_start = 1, due_at = 1")


def _not_yet(c: Connection) -> None:
    """The links' time comes once everybody is there."""
    values = [{"link": f"link{number}"} for number in range(LINKS)]
    c.execute(text("insert into turn (link, next_start, due_at) values (:link, 9e15, 9e15)"), values)


async def _reaches(database: Database, asked: TextClause, count: int) -> float:
    """When so many are there."""
    async with asyncio.timeout(600):
        while await database.scan(lambda c: int(c.execute(asked).scalar_one())) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return perf_counter()


# -- one worker ------------------------------------------------------------------------------------


@asynccontextmanager
async def member(url: str) -> AsyncIterator[tuple[Membership, WakeQueue]]:
    """A process of the crew over the state at ``url``, and its end of the queue."""
    async with AsyncExitStack() as stack:
        store = SqlStore(open_database(open_engine(url)), SystemClock(), Sealer(_MASTER), _MASTER)
        stack.push_async_callback(store.close)
        mine = await stack.enter_async_context(joined(store, url, Part("bench", _SLOTS)))
        queue = WakeQueue(url)
        await queue.open()
        stack.push_async_callback(queue.close)
        yield mine, queue


async def _work(url: str, base_url: str) -> None:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        mine, queue = await stack.enter_async_context(member(url))
        links = {}
        for name in (f"link{number}" for number in range(LINKS)):
            platforms = {side: BenchConnector(base_url, side, clock) for side in Side}
            for platform in platforms.values():
                stack.push_async_callback(platform.close)
            engine = link_over(name, platforms, mine.store(name), clock, _AT_ONCE)
            engine.turn = mine.tenures.turn(name)
            links[name] = Runnable(_draining(engine), hourly, nothing_due)
        dispatcher = ClusterDispatcher(
            links, mine.turns, queue, mine.tenures, queues=[ANYWHERE], slots=_SLOTS
        )
        await dispatcher.run(asyncio.Event())


def _draining(engine: LinkEngine) -> Callable[[bool], Awaitable[object]]:
    async def drain(scheduled: bool) -> object:
        return await engine.drain(scheduled=scheduled)

    return drain


def hourly(at: datetime) -> datetime:
    return at + timedelta(hours=1)


async def nothing_due() -> None:
    return None


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:3]))
