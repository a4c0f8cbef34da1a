"""S2: two hundred customers in one process, one of them with a backlog of 100,000: what the others feel.

The platforms answer after ``REMOTE_S``, in this process, so that what is measured is how the links share
it. A platform that answers sooner than any real one makes it harder, not easier.
"""

# ruff: noqa: ARG002 (a platform made up here needs little of what it is asked)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter

import orjson

from benchmarks.platform import ENTITY, LEFT_MAP, RIGHT_MAP
from benchmarks.report import Line, bound, percentile
from benchmarks.state import link_over, store_in
from benchmarks.wire import FIRST_ID, PAGE, body
from syncd.clock import SystemClock
from syncd.core.model import Side
from syncd.core.outcome import Confirmed, Outcome
from syncd.dispatch.dispatcher import Runnable
from syncd.dispatch.local import LocalDispatcher
from syncd.engine.cycle import LinkEngine
from syncd.ports import Capabilities, EntitySpec, Finding, OperationSpec, Page, Proof, Seen, WriteRequest

REMOTE_S = 0.05
"""A request and its answer: a fast API over the Internet."""
PER_S = 10
"""Webhooks a second, over all other customers together."""
CONCURRENCY = 4
_OPERATIONS = {name: OperationSpec(Proof.LOOKUP) for name in ("create", "update")}


class _Platform:
    """Answers everything after a while. ``listed``: how many records there were before we came."""

    def __init__(self, side: Side, listed: int = 0) -> None:
        spec = EntitySpec(
            ENTITY,
            LEFT_MAP if side is Side.LEFT else RIGHT_MAP,
            {} if side is Side.LEFT else _OPERATIONS,
            read_back=False,
        )
        self._listed = listed
        self._serial = 0
        self.capabilities = Capabilities(
            "bench", {ENTITY: spec}, concurrency=CONCURRENCY, settle_s=30.0, settle_provenance="measured"
        )
        self.posted: dict[str, float] = {}
        """Our own reference's record -> when."""

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        at = int(resume or 0)
        while True:
            await asyncio.sleep(REMOTE_S)
            until = min(at + PAGE, self._listed) if since is None else at
            records = [Seen(str(FIRST_ID + n), body(n)) for n in range(at, until)]
            at = until
            last = since is not None or at >= self._listed
            yield Page(records, resume=None if last else str(at), watermark="1" if last else None)
            if last:
                return

    async def fetch(self, entity: str, key: str) -> Seen | None:
        await asyncio.sleep(REMOTE_S)
        return Seen(key, body(int(key) - FIRST_ID))

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        return ()

    async def submit(self, request: WriteRequest) -> Outcome:
        await asyncio.sleep(REMOTE_S)
        self.posted[request.source_key] = perf_counter()
        self._serial += 1
        return Confirmed(str(self._serial), orjson.dumps({**request.body, "id": self._serial}))

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        return ()

    async def probe(self) -> Sequence[Finding]:
        return ()

    async def close(self) -> None:
        return None


def _in_an_hour(after: datetime) -> datetime:
    return after + timedelta(hours=1)


class _House:
    """All customers' links over one store and one dispatcher; link 0 is the one with the backlog."""

    def __init__(self, path: Path, links: int, backlog: int) -> None:
        self.store = store_in(path)
        clock = SystemClock()
        self.left: list[_Platform] = []
        self.right: list[_Platform] = []
        self.engines: list[LinkEngine] = []
        for number in range(links):
            ends = {
                side: _Platform(side, backlog if number == 0 and side is Side.LEFT else 0) for side in Side
            }
            self.left.append(ends[Side.LEFT])
            self.right.append(ends[Side.RIGHT])
            self.engines.append(link_over(f"link-{number}", ends, self.store, clock, CONCURRENCY))
        runnables = {engine.setup.name: self._runnable(engine) for engine in self.engines}
        self.dispatcher = LocalDispatcher(clock, runnables)

    def _runnable(self, engine: LinkEngine) -> Runnable:
        async def drain(scheduled: bool) -> object:
            return await engine.drain(scheduled=scheduled)

        async def next_due() -> datetime | None:
            return await self.store.next_due_at(engine.setup.name)

        return Runnable(drain, _in_an_hour, next_due)


async def _webhooks(house: _House, events: int, seed: int) -> list[float]:
    """Milliseconds from each webhook to its posting, at customers chosen by chance (never the first)."""
    chance, started = Random(seed), {}
    for number in range(events):
        at = chance.randrange(1, len(house.engines))
        key = str(FIRST_ID + 1_000_000 * (seed + 1) + number)
        connection = house.engines[at].setup.ends[Side.LEFT].connection
        await house.store.add_hints(connection, [(ENTITY, key)], f"{seed}-{number}")
        started[key] = (perf_counter(), house.right[at])
        house.dispatcher.wake(house.engines[at].setup.name)
        await asyncio.sleep(1 / PER_S)
    async with asyncio.timeout(120):
        while not all(key in right.posted for key, (_, right) in started.items()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return [1000 * (right.posted[key] - at) for key, (at, right) in started.items()]


async def fairness(folder: Path, links: int, backlog: int, events: int) -> list[Line]:
    """The same webhooks twice: with nobody else at work, and beside one customer's first load."""
    quiet = await _measured(folder / "quiet.db", links, 0, events)
    loaded = await _measured(folder / "loaded.db", links, backlog, events)
    alone, beside = percentile(quiet[0], 99), percentile(loaded[0], 99)
    what = f"{links} customers, one with a backlog of {backlog:,}: the others' webhook to posted, p99"
    shown = f"alone {alone:,.0f} ms; the backlog went on at {loaded[1]:,.0f} records/s"
    return [
        bound("S2", what, "times", (beside / alone, shown), (2, 1.5)),
        bound(
            "S2",
            "the same, p50",
            "times",
            (percentile(loaded[0], 50) / percentile(quiet[0], 50), ""),
            (2, 1.2),
        ),
    ]


async def _measured(path: Path, links: int, backlog: int, events: int) -> tuple[list[float], float]:
    """(milliseconds from webhook to posting, records of the backlog posted a second meanwhile)."""
    house, stop = _House(path, links, backlog), asyncio.Event()
    running = asyncio.create_task(house.dispatcher.run(stop))
    try:
        await asyncio.sleep(links / 50)  # every link has had its first run
        if backlog:
            async with asyncio.timeout(300):
                while not house.right[0].posted:  # noqa: ASYNC110 - it begins in the link's own task
                    await asyncio.sleep(0.1)
        await _webhooks(house, events // 10, 0)
        began, before = perf_counter(), len(house.right[0].posted)
        waits = await _webhooks(house, events, 1)
        rate = (len(house.right[0].posted) - before) / (perf_counter() - began)
        return waits, rate
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await house.store.close()
