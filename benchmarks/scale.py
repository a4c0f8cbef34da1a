"""SCALE: many links that are woken, by one worker and by two, and what they cost while they are idle.

The links do nothing when they run, so that what is measured is what it costs to have them run: tick, queue,
lease, turn. ``python -m benchmarks.scale`` is one worker. ``carried``: a state of many pairs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from typing import Any

import psycopg

from benchmarks.crew import hourly, member, nothing_due
from benchmarks.report import Line, percentile
from syncd.dispatch.cluster import ClusterDispatcher, Told
from syncd.dispatch.dispatcher import Runnable
from syncd.dispatch.queue import ANYWHERE
from tests.postgres import Postgres

_SLOTS = 16
_IDLE_S = 10.0
_LONG = 1_200

State = psycopg.Connection[tuple[Any, ...]]


async def wakes(links: int) -> list[Line]:
    """What ``links`` idle links cost, and a tenth of them; then their wake-ups by one worker and by two."""
    with Postgres.begin(durable=True) as server:
        found = [await _idle(server.set_up(), count) for count in (links // 10, links)]
        return found + [await _woken(server.set_up(), links, workers) for workers in (1, 2)]


@asynccontextmanager
async def _working(url: str, links: int, workers: int) -> AsyncIterator[State]:
    """So many workers beside the links, whose time is yet to come."""
    with psycopg.connect(url, autocommit=True) as state:
        state.execute("create table ran (link text, waited float)")
        state.execute(_LATER, [links])
        command = [sys.executable, "-m", "benchmarks.scale", url, str(links)]
        processes = [await asyncio.create_subprocess_exec(*command) for _ in range(workers)]
        try:
            await _until(state, "select count(*) from worker", workers)
            await asyncio.sleep(2.0)  # their loops have begun
            yield state
        finally:
            for process in processes:
                process.terminate()
            await asyncio.gather(*(process.wait() for process in processes))


async def _idle(url: str, links: int) -> Line:
    """One worker while no link's time comes: what it asks of the database."""
    async with _working(url, links, 1) as state:
        before, began = _asked(state), perf_counter()
        await asyncio.sleep(_IDLE_S)
        seconds = perf_counter() - began
        asked, read = ((now - then) / seconds for now, then in zip(_asked(state), before, strict=True))
    what = f"{links:,} idle links, one worker, each second"
    return Line("SCALE", what, f"{asked:,.0f} transactions", f"{read:,.0f} rows read", "", "", "", None)


def _asked(state: State) -> tuple[int, int]:
    """(transactions, rows read in tables of ours, by an index or from end to end) since the server counts."""
    rows = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables"
    asked = f"select xact_commit, ({rows}) from pg_stat_database where datname = current_database()"
    ((transactions, read),) = state.execute(asked.encode()).fetchall()
    return transactions, read


async def _woken(url: str, links: int, workers: int) -> Line:
    """Everybody's time comes at once: the worst that a schedule can do."""
    async with _working(url, links, workers) as state:
        (before, _), began = _asked(state), perf_counter()
        state.execute("update turn set next_start = 1, due_at = 1")
        await _until(state, "select count(*) from turn where served > 0", links)
        rate = links / (perf_counter() - began)
        each = f"{(_asked(state)[0] - before) / links:.1f} transactions each"
    with psycopg.connect(url) as done:
        waited = [seconds for (seconds,) in done.execute("select waited from ran")]
    half, most = percentile(waited, 50), percentile(waited, 99)
    what = f"{links:,} links due at once, {workers} worker{'s' if workers > 1 else ''} of {_SLOTS} slots"
    delay = f"p50 {half:.1f} s, p99 {most:.1f} s"
    return Line("SCALE", what, f"{rate:,.0f} wake-ups/s", delay, each, "", "", None)


async def _until(state: State, asked: str, count: int) -> None:
    async with asyncio.timeout(_LONG):
        while state.execute(asked.encode()).fetchall() != [(count,)]:  # noqa: ASYNC110
            await asyncio.sleep(0.25)


_LATER = b"""
    insert into turn (link, next_start, due_at)
    select 'link' || g, later, later from generate_series(0, %s - 1) g,
        (select (extract(epoch from clock_timestamp()) * 1000000)::bigint + 1800000000) as t(later)
"""
"""In half an hour: no link's schedule has anything sooner."""


# -- one worker ------------------------------------------------------------------------------------


async def _work(url: str, links: int) -> None:
    waited: list[tuple[str, float]] = []
    async with AsyncExitStack() as stack:
        mine, queue = await stack.enter_async_context(member(url))
        runnable = Runnable(_nothing, hourly, nothing_due)
        dispatcher = ClusterDispatcher(
            {f"link{number}": runnable for number in range(links)},
            mine.turns,
            queue,
            mine.tenures,
            queues=[ANYWHERE],
            slots=_SLOTS,
            told=Told(delayed=lambda link, seconds: waited.append((link, seconds))),
        )
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(15, stop.set)
        await dispatcher.run(stop)
    with psycopg.connect(url, autocommit=True) as state, state.cursor() as cursor:
        cursor.executemany("insert into ran values (%s, %s)", waited)


async def _nothing(_scheduled: bool) -> None:
    return None


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], int(sys.argv[2])))
