"""What every dispatcher promises, the local one and those of a cluster alike, on the real clock and a real
PostgreSQL: when links run, one run of a link at a time, nothing wanted is lost, the end is graceful."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from syncd.clock import SystemClock, uptime
from syncd.core.errors import RetryLater
from syncd.dispatch import cluster
from syncd.dispatch.cluster import ClusterDispatcher, Told
from syncd.dispatch.dispatcher import Dispatcher, Runnable
from syncd.dispatch.local import LocalDispatcher
from syncd.dispatch.queue import ANYWHERE, WakeQueue
from syncd.dispatch.tenure import Tenures
from syncd.store.database import Database
from syncd.store.leases import FencedDatabase, SqlLeases, unheld
from syncd.store.opening import open_database, open_engine
from syncd.store.turns import SqlTurns
from tests.integration.dispatch.ticking import after_a_minute

HOUR = 3600.0


@dataclass
class Link:
    """A link that writes down when it ran, and does what a test orders."""

    every_s: float = HOUR
    runs: list[bool] = field(default_factory=list)
    during: Callable[[], Awaitable[object]] | None = None
    due_in_s: float | None = None
    under_way: int = 0
    most_under_way: int = 0

    async def drain(self, scheduled: bool) -> None:
        self.runs.append(scheduled)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.during is not None:
                await self.during()
        finally:
            self.under_way -= 1

    def runnable(self) -> Runnable:
        async def next_due() -> datetime | None:
            seconds, self.due_in_s = self.due_in_s, None
            return None if seconds is None else SystemClock().now() + timedelta(seconds=seconds)

        return Runnable(self.drain, lambda now: now + timedelta(seconds=self.every_s), next_due)

    async def ran(self, times: int) -> None:
        await until(lambda: len(self.runs) >= times)


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not check():  # noqa: ASYNC110 - the world decides
            await asyncio.sleep(0.005)


Start = Callable[..., Any]


@asynccontextmanager
async def local(_url: str, links: dict[str, Link]) -> AsyncIterator[Dispatcher]:
    yield LocalDispatcher(SystemClock(), {name: link.runnable() for name, link in links.items()})


@asynccontextmanager
async def member(
    url: str,
    links: dict[str, Link],
    owner: str = "one",
    turns_as: type[SqlTurns] = SqlTurns,
    told: Told = Told(),  # noqa: B008 - frozen
) -> AsyncIterator[ClusterDispatcher]:
    """As a process of its own would be: its own connections, its own leases."""
    database: Database = open_database(open_engine(url))
    tenures, queue = Tenures(SqlLeases(database), owner, uptime), WakeQueue(url)
    turns = turns_as(
        database, unheld, fenced=lambda link: FencedDatabase(database, lambda: tenures.lease(link))
    )
    await queue.open()
    renewing = asyncio.create_task(tenures.run())
    try:
        made = {name: link.runnable() for name, link in links.items()}
        yield ClusterDispatcher(made, turns, queue, tenures, queues=[ANYWHERE], slots=8, told=told)
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await queue.close()
        await database.close()


@asynccontextmanager
async def crowd(url: str, links: dict[str, Link]) -> AsyncIterator[Dispatcher]:
    """Three of them; whoever is asked to wake is not who runs, often."""
    async with AsyncExitStack() as stack:
        members = [await stack.enter_async_context(member(url, links, f"m{n}")) for n in range(3)]
        yield _Crowd(members)


class _Crowd:
    def __init__(self, members: list[ClusterDispatcher]) -> None:
        self._members = members
        self._next = 0

    def wake(self, link: str, **more: Any) -> None:
        self._next += 1
        self._members[self._next % len(self._members)].wake(link, **more)

    def wake_all(self) -> None:
        self._members[0].wake_all()

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.gather(*(one.run(stop) for one in self._members))


@pytest.fixture(params=["local", "member", "crowd"])
async def start(request: pytest.FixtureRequest) -> AsyncIterator[Start]:
    """Have a dispatcher run links: ``async with start(acme=Link()) as dispatcher``."""
    url = "" if request.param == "local" else request.getfixturevalue("postgres_url")
    make: Any = {"local": local, "member": member, "crowd": crowd}[request.param]

    @asynccontextmanager
    async def started(**links: Link) -> AsyncIterator[Dispatcher]:
        stop = asyncio.Event()
        async with make(url, links) as dispatcher:
            task = asyncio.create_task(dispatcher.run(stop))
            try:
                yield dispatcher
            finally:
                stop.set()
                await asyncio.wait_for(task, 20)

    yield started
    if url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop schema if exists syncd_queue_3 cascade")


async def test_a_link_runs_at_once_and_then_by_its_schedule(start: Start) -> None:
    link = Link(every_s=0.2)
    async with start(acme=link):
        await link.ran(3)
    assert set(link.runs) == {True}
    assert link.most_under_way == 1


async def test_woken_it_runs_between(start: Start) -> None:
    link = Link()
    async with start(acme=link) as dispatcher:
        await link.ran(1)
        dispatcher.wake("acme")
        await link.ran(2)
    assert link.runs == [True, False]


async def test_many_wakes_during_a_run_are_one_more_run(start: Start) -> None:
    gate = asyncio.Event()
    link, other = Link(during=gate.wait), Link()
    async with start(acme=link, bolt=other) as dispatcher:
        await link.ran(1)
        for _ in range(50):
            dispatcher.wake("acme")
        # whatever was said of acme before has arrived by the time that bolt has run for it
        before = len(other.runs)
        dispatcher.wake("bolt")
        await other.ran(before + 1)
        gate.set()
        await link.ran(2)
        dispatcher.wake("bolt")
        await other.ran(before + 2)
    assert link.most_under_way == 1
    assert len(link.runs) <= 3, "one for all, or one more where a member heard of it late"


async def test_everybody_is_woken(start: Start) -> None:
    links = {f"link{n}": Link() for n in range(20)}
    async with start(**links) as dispatcher:
        for link in links.values():
            await link.ran(1)
        dispatcher.wake_all()
        for link in links.values():
            await link.ran(2)


async def test_what_falls_due_by_itself_is_run_then(start: Start) -> None:
    link = Link(due_in_s=0.2)
    async with start(acme=link):
        await link.ran(2)
    assert link.runs[:2] == [True, False]


async def test_a_failing_link_is_tried_again_and_keeps_nobody(start: Start) -> None:
    async def fail() -> None:
        if len(bad.runs) == 1:
            raise RetryLater("busy")

    bad, good = Link(during=fail), Link()
    async with start(bad=bad, good=good) as dispatcher:
        await bad.ran(1)
        await good.ran(1)
        dispatcher.wake("good")
        await good.ran(2)
        await bad.ran(2)
    assert bad.runs[:2] == [True, True], "what its schedule asked for is still to be done"


async def test_what_is_under_way_is_finished_at_the_end(start: Start) -> None:
    gate, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await gate.wait()
        ended.set()

    link = Link(during=work)
    async with start(acme=link):
        await link.ran(1)
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert ended.is_set()


# -- what only many can do ------------------------------------------------------------------------


async def test_a_lost_queue_row_is_repaired(postgres_url: str) -> None:
    link, stop = Link(), asyncio.Event()
    async with member(postgres_url, {"acme": link}) as dispatcher:
        task = asyncio.create_task(dispatcher.run(stop))
        await link.ran(1)
        with psycopg.connect(postgres_url, autocommit=True) as state:
            await until(lambda: state.execute("select wanted_since from turn").fetchone() == (None,))
            # wanted, as if the queue had lost what was put into it
            state.execute(
                "update turn set woken = woken + 1, wanted_since = "
                "(extract(epoch from clock_timestamp()) * 1000000)::bigint - 60000000"
            )
        await link.ran(2)
        stop.set()
        await asyncio.wait_for(task, 20)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop schema if exists syncd_queue_3 cascade")


async def test_what_ran_between_two_looks_of_the_sweep_was_not_forgotten(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SWEEP_S", 0.1)
    over, repaired = asyncio.Event(), []
    looks: list[Sequence[str]] = []

    class Belated(SqlTurns):
        """Its first look after the run shows what stood before it."""

        async def forgotten(self, after_s: float, limit: int) -> Sequence[str]:
            if over.is_set():
                looks.append(await super().forgotten(after_s, limit) if looks else ["acme"])
                return looks[-1]
            return ()

    async def tell(links: int) -> None:
        repaired.append(links)

    link, stop = Link(), asyncio.Event()
    told = Told(repaired=tell)
    async with member(postgres_url, {"acme": link}, turns_as=Belated, told=told) as dispatcher:
        task = asyncio.create_task(dispatcher.run(stop))
        await link.ran(1)
        with psycopg.connect(postgres_url, autocommit=True) as state:
            jobs = "select from syncd_queue_3.procrastinate_jobs"
            await until(lambda: not state.execute(jobs).rowcount)
        over.set()
        await until(lambda: len(looks) > 2)  # the third belongs to the next sweep
        stop.set()
        await asyncio.wait_for(task, 20)
    assert (len(link.runs), repaired) == (1, [])
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop schema if exists syncd_queue_3 cascade")


@pytest.mark.soak
async def test_four_processes_take_each_start_of_a_schedule_once(postgres_url: str) -> None:
    """Ten thousand starts of a thousand links, by a clock that a table moves."""
    names = [f"link{n:03}" for n in range(1_000)]
    database = open_database(open_engine(postgres_url))
    await SqlTurns(database, unheld).know(dict.fromkeys(names, after_a_minute))
    await database.close()
    command = [sys.executable, "-m", "tests.integration.dispatch.ticking", postgres_url]
    with psycopg.connect(postgres_url, autocommit=True) as state:
        state.execute("create table moment (at bigint, over boolean default false)")
        state.execute("create table taken (link text, at text, by integer)")
        state.execute("insert into moment select min(due_at) - 1 from turn")
        members = [await asyncio.create_subprocess_exec(*command) for _ in range(4)]
        for rounds in range(1, 11):
            state.execute("update moment set at = at + 60000000")
            count = "select count(*) >= %s from taken"
            await until(lambda: state.execute(count, [1_000 * rounds]).fetchone() == (True,))  # noqa: B023
        state.execute("update moment set over = true")
        assert [await one.wait() for one in members] == [0, 0, 0, 0]
        each = state.execute("select count(*), count(distinct (link, at)), count(distinct by) from taken")
        found = each.fetchone()
        state.execute("drop table moment, taken")
    assert found == (10_000, 10_000, 4), "starts, different ones, processes that took them"
