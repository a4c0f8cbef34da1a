"""N7: what the monitor costs. The same link, watched and unwatched, in turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import process_time

from benchmarks.platform import CONCURRENCY, ENTITY, BenchConnector
from benchmarks.report import Line, bound
from benchmarks.state import LINK, TABLES, Link, opened, policy, store_in
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.watch import Watch
from syncd.clock import SystemClock
from syncd.core.model import Side
from syncd.core.policy import Mode
from syncd.engine.cycle import LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.setup import End, link_setup
from syncd.secrets.sealed import Sealer
from syncd.store.drifts import DriftStore

_SECRET = bytes(range(32))
_LEFT = frozenset({Side.LEFT})

Work = Callable[[Link], Awaitable[None]]


async def no_change_pass(folder: Path, base_url: str, records: int, rounds: int) -> Line:
    """Every record recognised as unchanged: what the tap adds to that."""

    async def work(link: Link) -> None:
        outcome = (await link.engine.cycle(poll=_LEFT)).flows[ENTITY]
        assert (outcome.read, outcome.changed, outcome.error) == (records, 0, "")

    plain_file, watched_file = folder / "unwatched.db", folder / "watched.db"
    async with (
        opened(plain_file, base_url, mode=Mode.OBSERVE, incremental=False) as plain,
        _watched(watched_file, base_url, mode=Mode.OBSERVE, incremental=False) as watched,
    ):
        for link in (plain, watched):
            await link.engine.cycle()
        lost = [await _lost(work, plain, watched) for _ in range(rounds)]
    return _line("a pass in which nothing changed", lost, (1, 1))


async def first_load(folder: Path, base_url: str, records: int, rounds: int) -> Line:
    """Every record new, decided and written: tapped, learned from in part, each one guarded."""

    async def work(link: Link) -> None:
        written = 0
        while written < records:
            done = (await link.engine.cycle()).writes
            assert done, "the load came to a stop"
            written += done

    lost = []
    for number in range(rounds + 1):
        async with opened(folder / f"plain-load-{number}.db", base_url) as plain:
            unwatched = await _took(work, plain)
        async with _watched(folder / f"watched-load-{number}.db", base_url) as watched:
            lost.append(1 - unwatched / await _took(work, watched))
    del lost[0]  # whoever comes first pays for imports and prepared statements
    return _line(f"first load of {records:,}, each record guarded", lost, (5, 2))


async def _lost(work: Work, plain: Link, watched: Link) -> float:
    unwatched = await _took(work, plain)
    return 1 - unwatched / await _took(work, watched)


async def _took(work: Work, link: Link) -> float:
    """CPU seconds of this process: other work on the machine disturbs them less than the clock."""
    started = process_time()
    await work(link)
    return process_time() - started


def _line(what: str, lost: list[float], goals: tuple[float, float]) -> Line:
    percent = max(0.0, 100 * median(lost))
    return bound("N7", f"throughput lost to the monitor: {what}", "%", (percent, "unwatched, by CPU"), goals)


@asynccontextmanager
async def _watched(
    path: Path, base_url: str, *, mode: Mode = Mode.LEFT_TO_RIGHT, incremental: bool = True
) -> AsyncIterator[Link]:
    """``state.opened``, with the monitor as tap and guard of both ends."""
    clock, store = SystemClock(), store_in(path)
    watch = Watch(store, DriftStore(store.database, clock, Sealer(_SECRET)), clock, secret=_SECRET)
    ends = {}
    connectors = [BenchConnector(base_url, side, clock, incremental=incremental) for side in Side]
    for side, connector in zip(Side, connectors, strict=True):
        lenses = {entity: spec.map for entity, spec in connector.capabilities.entities.items()}
        watched = Watched(side.value, "bench", (Flow(LINK, ENTITY),), sides={LINK: side.value})
        watch.add(watched, lenses)
        ends[side] = End(side.value, connector, watch, watch)
    setup = link_setup(LINK, ends, {ENTITY: policy(mode)}, TABLES)
    gates = {end.connection: Gate(CONCURRENCY) for end in ends.values()}
    try:
        yield Link(LinkEngine(setup, store, clock, gates), store)
    finally:
        for connector in connectors:
            await connector.close()
        await store.close()
