"""S1: a storm of webhooks: how long a sender waits, whether anything accepted is lost, how wakes queue."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import orjson
from sqlalchemy import text

from benchmarks.report import Line, bound, percentile
from benchmarks.senders import HEADER, KEY
from benchmarks.state import store_in
from syncd.clock import SystemClock
from syncd.dispatch.dispatcher import Runnable
from syncd.dispatch.local import LocalDispatcher
from syncd.http.signatures import HeaderSignature
from syncd.ports.desk import Action
from syncd.secrets.bearer import digest
from syncd.secrets.reference import Secret
from syncd.service.application import Parts, build
from syncd.service.listen import serve
from syncd.service.webhooks import Hook
from syncd.store.sql import SqlStore

CONNECTIONS = 50
_READ_AT_ONCE = 500
_DRAIN_S = 0.05
"""A run of a link takes about so long: reading what was announced and posting it."""


class _Receiver:
    """Reads the senders' deliveries."""

    async def subscribe(self, url: str) -> None: ...

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        return [(one["entity"]["type"], str(one["entity"]["id"])) for one in orjson.loads(body)["data"]]


class _Links:
    """One link a connection; a run takes what was announced, as the engine does."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.read: list[str] = []
        self.runs: Counter[str] = Counter()
        self.wakes: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self.most_under_way = 0

    def runnable(self, name: str) -> Runnable:
        async def drain(_scheduled: bool) -> None:
            self.runs[name] += 1
            self.under_way[name] += 1
            self.most_under_way = max(self.most_under_way, self.under_way[name])
            hints = await self._store.hints(name, _READ_AT_ONCE)
            await asyncio.sleep(_DRAIN_S)
            await self._store.hints_done([ident for ident, _, _ in hints])
            self.read.extend(key for _, _, key in hints)
            self.under_way[name] -= 1

        return Runnable(drain, _in_an_hour, _never)


def _in_an_hour(after: datetime) -> datetime:
    return after + timedelta(hours=1)


async def _never() -> datetime | None:
    return None


async def _nothing() -> Sequence[str]:
    return []


async def _unheard(_action: Action) -> None:
    """Nobody acts in a storm."""


async def storm(folder: Path, per_s: int, seconds: int) -> list[Line]:
    """The real routes, verification and store on disk; the senders are another process."""
    names = [f"connection-{number}" for number in range(CONNECTIONS)]
    store = store_in(folder / "storm.db")
    links, stop = _Links(store), asyncio.Event()
    dispatcher = LocalDispatcher(SystemClock(), {name: links.runnable(name) for name in names})

    def wake(connection: str) -> None:
        links.wakes[connection] += 1
        dispatcher.wake(connection)

    hook = Hook(_Receiver(), digest("path"), HeaderSignature(HEADER, (Secret(KEY),)))
    parts = Parts(
        answering=[],
        audit=_unheard,
        tokens=[],
        store_hints=store.add_hints,
        wake=wake,
        waiting=_nothing,
        hooks=dict.fromkeys(names, hook),
    )
    running = asyncio.create_task(dispatcher.run(stop))
    async with serve(build(parts)) as url:
        asked = {
            "urls": [f"{url}/webhooks/{name}/path" for name in names],
            "per_s": per_s,
            "seconds": seconds,
        }
        sent = await _sent(asked)
    await _drained(store, names, dispatcher)
    stop.set()
    await running
    deliveries = await store.database.read(
        lambda c: c.execute(text("select count(*) from delivery")).scalar_one()
    )
    await store.close()
    lost = len({str(number) for number in sent["accepted"]} - set(links.read))
    runs, woken = sum(links.runs.values()) - CONNECTIONS, sum(links.wakes.values())
    took = f"{len(sent['accepted']):,} accepted, {sent['refused']:,} refused, {deliveries:,} on disk"
    waits = sent["milliseconds"]
    what = f"{per_s} webhooks/s for {seconds} s, acknowledged"
    coalesced = f"{woken:,} wakes, {runs:,} runs"
    return [
        bound("S1", f"{what}: p99", "ms", (percentile(waits, 99), took), (200, 50)),
        bound("S1", "the same, p50", "ms", (percentile(waits, 50), ""), (200, 10)),
        bound("S1", "accepted and lost", "deliveries", (lost, ""), (0, 0)),
        bound("S1", "runs of one link at once", "runs", (links.most_under_way, coalesced), (1, 1)),
    ]


async def _sent(asked: Mapping[str, object]) -> dict[str, list[float]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.senders",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate(orjson.dumps(asked))
    assert process.returncode == 0
    sent: dict[str, list[float]] = orjson.loads(out)
    return sent


async def _drained(store: SqlStore, names: Sequence[str], dispatcher: LocalDispatcher) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while any([await store.hints(name, 1) for name in names]):
                dispatcher.wake_all()
                await asyncio.sleep(0.2)
