"""SCALE: what one PostgreSQL carries: ten thousand links that are woken, and a state with many pairs.

The links do nothing when they run, so that what is measured is what it costs to have them run: tick, queue,
lease, turn. ``python -m benchmarks.scale`` is one worker.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
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
_QUERIES = {
    "what is due of a link": (
        "select p.id from pair p where p.flow_id = %(flow)s and p.due_at is not null order by p.id limit 200"
    ),
    "when the next falls due": "select min(due_at) from pair where flow_id = %(flow)s and due_at > 0",
    "a page's records by key": (
        "select id from remote where stream_id = %(flow)s and key = any(array(select 'k' || g "
        "from generate_series(1, 100) g))"
    ),
    "news since an offset": "select max(seq) from remote where stream_id = %(flow)s and seq > 90",
    "turns that are due": "select link from turn where due_at <= 1 order by due_at limit 500",
    "links forgotten by the queue": "select link from turn where wanted_since <= 1 limit 500",
    "whose a link is": "select epoch from lease where link = 'link77'",
}


async def scale(links: int, pairs: int) -> list[Line]:
    """Wake-ups of ``links`` links by one worker and by two; a state of ``pairs`` pairs."""
    with Postgres.begin(durable=True) as server:
        url = server.set_up()
        found = [await _woken(url, links, workers) for workers in (1, 2)]
        found += _state(url, links, pairs)
    return found


async def _woken(url: str, links: int, workers: int) -> Line:
    command = [sys.executable, "-m", "benchmarks.scale", url, str(links)]
    processes = [await asyncio.create_subprocess_exec(*command) for _ in range(workers)]
    with psycopg.connect(url, autocommit=True) as state:
        await _until(state, "select count(*) from turn where served > 0", links)
        # everybody's time comes at once: the worst that a schedule can do
        state.execute("drop table if exists ran; create table ran (link text, waited float)")
        state.execute("update turn set next_start = 1, due_at = 1")
        began = perf_counter()
        await _until(state, "select count(*) from turn where served >= 2", links)
        rate = links / (perf_counter() - began)
    for process in processes:
        process.terminate()
    await asyncio.gather(*(process.wait() for process in processes))
    with psycopg.connect(url, autocommit=True) as state:
        state.execute("delete from turn; delete from lease")
        waited = [seconds for (seconds,) in state.execute("select waited from ran")]
    half, most = percentile(waited, 50), percentile(waited, 99)
    what = f"{links:,} links due at once, {workers} worker{'s' if workers > 1 else ''} of {_SLOTS} slots"
    return Line(
        "SCALE", what, f"{rate:,.0f} wake-ups/s", f"p50 {half:.1f} s, p99 {most:.1f} s", "", "", "", None
    )


async def _until(state: psycopg.Connection[tuple[Any, ...]], asked: str, count: int) -> None:
    async with asyncio.timeout(1_800):
        while state.execute(asked.encode()).fetchall() != [(count,)]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def _state(url: str, links: int, pairs: int) -> list[Line]:
    each = pairs // links
    with psycopg.connect(url, autocommit=True) as state:
        for statement in _FILL:
            state.execute((statement % {"links": links, "each": each}).encode())
        state.execute("vacuum analyze")
        ((size,),) = state.execute("select pg_database_size(current_database())").fetchall()
        lines = [_sized(links, pairs, size)]
        for what, query in _QUERIES.items():
            times = []
            for number in range(200):
                began = perf_counter()
                state.execute(query.encode(), {"flow": 1 + number * 37 % links}).fetchall()
                times.append((perf_counter() - began) * 1_000)
            took = f"p50 {percentile(times, 50):.2f} ms, p99 {percentile(times, 99):.2f} ms"
            lines.append(Line("SCALE", what, took, "", "", "", "", None))
    return lines


def _sized(links: int, pairs: int, size: int) -> Line:
    what = f"a state of {links:,} links, {pairs:,} pairs in step, bodies of 600 B"
    return Line("SCALE", what, f"{size / 2**30:.2f} GiB", f"{size / pairs:,.0f} B/pair", "", "", "", None)


_RANDOM = "(select string_agg(uuid_send(gen_random_uuid()), '') from generate_series(1, {}) where {} > 0)"
_HASH = "uuid_send(gen_random_uuid())"
_LINKS = "from generate_series(1, %(links)d) g"
_FILL = (
    f"insert into turn (link, next_start, due_at) select 'link' || g, 9e15, 9e15 {_LINKS}",
    f"insert into lease (link, owner, epoch) select 'link' || g, '', 1 {_LINKS}",
    f"insert into stream (connection, entity) select 'c' || g, 'invoice' {_LINKS.replace('1, ', '1, 2 * ')}",
    f"insert into flow (link, entity, first_sync_done) select 'link' || g, 'invoice', true {_LINKS}",
    "insert into remote (stream_id, key, raw_hash, content_hash, seq, seen_at) "
    f"select s, 'k' || g, {_HASH}, {_HASH}, g, 1 "
    "from generate_series(1, 2 * %(links)d) s, generate_series(1, %(each)d) g",
    f"insert into remote_body (remote_id, body) select id, {_RANDOM.format(37, 'remote.id')} from remote",
    "insert into pair (flow_id, left_id, right_id, left_hash, right_hash, state, since) "
    "select f, (f - 1) * %(each)d + g, (%(links)d + f - 1) * %(each)d + g, "
    f"{_HASH}, {_HASH}, 'in_step', 1 from generate_series(1, %(links)d) f, generate_series(1, %(each)d) g",
    f"insert into pair_base (pair_id, side, base) select id, side, {_RANDOM.format(20, 'pair.id')} "
    "from pair, (values ('left'), ('right')) as s(side)",
)
"""A state as the engine leaves it: sealed rows are as good as random, so they do not compress."""


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
        cursor.executemany("insert into ran values (%s, %s)", waited[len(waited) // 2 :])


async def _nothing(_scheduled: bool) -> None:
    return None


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], int(sys.argv[2])))
