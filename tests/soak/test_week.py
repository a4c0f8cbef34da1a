"""A simulated week of the daemon, everything of it in this process: memory and open files have no slope.

Time is moved on as soon as nothing is under way. The platforms are in this process too; what they would
remember of the week is thrown away each day, so that only the daemon's memory is weighed.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from ctypes import CDLL
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import linear_regression
from tempfile import TemporaryDirectory

import pytest

from syncd.api import endpoints, requests
from syncd.api.client import ApiClient
from syncd.app import measures, watching
from syncd.app.beacon import find
from syncd.app.daemon import running
from syncd.app.installation import Installation, installation
from syncd.app.state import state_path
from syncd.config.load import load
from syncd.connectors.memory import MemoryConnector, MemoryPlatform
from syncd.dispatch import local
from syncd.service import board, subscriptions
from tests.integration.app.site import configuration, site

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1_800)]

DAYS = 7
LINKS = ("acme", "meadow", "orchard")
CUSTOMERS = 40
STEADY_FROM = 2
"""Days until caches and pools have their size."""
GROWTH_A_DAY = 250_000
"""Bytes; a leak of 600 bytes a cycle would be more."""
BLOCKS_A_DAY = 500
"""Python's own objects, exactly; more than one that every cycle leaves behind would show."""
FILES_A_DAY = 0.5
"""Open files and sockets; one that is left behind a day would show."""


_PATIENCE = 40
"""Looks at whether a link still runs, before it is taken for one that waits for time to pass."""


class WeekClock:
    """Sleepers wake in order when time is moved on."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._serial = count()

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        rung = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.at + timedelta(seconds=seconds), next(self._serial), rung))
        await rung

    async def move_to(self, end: datetime, quiet: Callable[[], Awaitable[None]]) -> None:
        while self._sleepers and self._sleepers[0][0] <= end:
            until = self._sleepers[0][0]
            self.at = max(self.at, until)
            while self._sleepers and self._sleepers[0][0] <= self.at:
                rung = heapq.heappop(self._sleepers)[2]
                if not rung.done():
                    rung.set_result(None)
            await quiet()
        self.at = end


def platform(opened: Installation, connection: str) -> MemoryPlatform:
    connector = opened.connectors[connection].connector
    assert isinstance(connector, MemoryConnector)
    return connector._platform


async def _quiet(opened: Installation) -> None:
    """Until no link runs, or those that do wait for time to pass; and nothing waits to be committed."""
    for _ in range(_PATIENCE):
        await asyncio.sleep(0)
        if not any(engine.turn.locked() for engine in opened.links.values()):
            break
        await asyncio.sleep(0.0005)
    await opened.store.database.write(lambda _connection: None)


async def _edit(opened: Installation, serial: int) -> None:
    """One customer changes on one side, and its platform says so."""
    link = LINKS[serial % len(LINKS)]
    field = platform(opened, f"{link}-field")
    keys = sorted(field.records("customer"))
    if len(keys) < CUSTOMERS:
        key = field.add("customer", {"name": f"Customer {serial}", "status": "active"})
    else:
        key = keys[serial % len(keys)]
        field.edit("customer", key, {"phoneNumber": f"555-{serial % 10_000:04}"})
    await opened.store.add_hints(f"{link}-field", [("customer", key)], f"delivery-{serial}")


async def _look(client: ApiClient) -> None:
    """What a screen that is left open asks for."""
    await client.call(endpoints.FLEET, requests.Fleet())
    await client.call(endpoints.LINK, requests.OneLink(link="acme"))
    await client.call(endpoints.JOURNAL, requests.Journal())
    stream = client.events(last_event_id="of another life")  # the answer to that comes at once
    await anext(stream)
    await stream.aclose()


def _forget(opened: Installation) -> None:
    for connection in opened.connectors:
        held = platform(opened, connection)
        held.log.clear()
        held._created.clear()
        for rows in held._rows.values():
            for states in rows.values():
                del states[:-1]


async def _keep_cache_small(opened: Installation) -> None:
    """What SQLite keeps of the file follows it up to a bound; a week is too short to reach the usual one."""
    database = opened.store.database
    for connection in (database.write, database.read, database.scan):
        await connection(lambda c: c.exec_driver_sql("PRAGMA cache_size=-256").close())


async def _weighed(opened: Installation) -> tuple[int, int]:
    """(bytes that are this process's, blocks that Python's objects have)."""
    database = opened.store.database
    for connection in (database.write, database.read, database.scan):
        await connection(lambda c: c.exec_driver_sql("PRAGMA shrink_memory").close())
    gc.collect()
    trim = getattr(CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)  # what was freed goes back to the system now: else the day's peak is weighed
    return _pages() * os.sysconf("SC_PAGE_SIZE"), sys.getallocatedblocks()


def _pages() -> int:
    """Of memory that are this process's now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1])


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _slope(days: Sequence[int]) -> float:
    """Growth a day, once caches and pools have their size: of the straight line that fits best."""
    steady = days[STEADY_FROM:]
    return linear_regression(range(len(steady)), steady).slope


@asynccontextmanager
async def _daemon(folder: Path, clock: WeekClock) -> AsyncIterator[tuple[Installation, ApiClient]]:
    here = site(folder, configuration(*LINKS, every="15m"))
    async with (
        installation(load(here.folder / "syncd.yaml"), clock) as opened,
        running(opened, asyncio.Event()),
    ):
        found = find(state_path(opened.site))
        assert found is not None
        async with ApiClient(found.url, found.token) as client:
            yield opened, client


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where a flush to disk costs nothing, if there is such a place: it is memory that is weighed here."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=shared) as name:
        yield Path(name)


async def test_a_week_leaves_neither_memory_nor_files_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what looks around every few seconds need not do so a million times to show whether it leaks
    monkeypatch.setattr(board, "_EVERY_S", 600.0)
    monkeypatch.setattr(subscriptions, "_LOOK_EVERY_S", 600.0)
    monkeypatch.setattr(measures, "EVERY_S", 600.0)
    monkeypatch.setattr(watching, "LOOK_S", 600.0)
    monkeypatch.setattr(local, "BEAT_S", 600.0)
    clock, serial = WeekClock(), count()
    sizes: list[int] = []
    blocks: list[int] = []
    files: list[int] = []
    async with _daemon(folder, clock) as (opened, client):
        await _keep_cache_small(opened)
        for day in range(DAYS):
            for hour in range(24):
                for _ in range(6):
                    await _edit(opened, next(serial))
                    await clock.move_to(clock.at + timedelta(minutes=10), lambda: _quiet(opened))
                if hour % 6 == 0:
                    await _look(client)
            _forget(opened)
            size, held = await _weighed(opened)
            sizes.append(size)
            blocks.append(held)
            files.append(_open_files())
            print(f"day {day + 1}: {size / 1e6:.2f} MB, {held:,} blocks, {files[-1]} files open")
        cycles = (await client.call(endpoints.CYCLES, requests.Cycles(limit=1))).lines[0].id
        assert cycles > DAYS * 24 * 6 * 0.9, "each edit was a run that did something"
        assert all(len(platform(opened, f"{link}-books").records("customer")) == CUSTOMERS for link in LINKS)
    assert _slope(sizes) < GROWTH_A_DAY, [round(size / 1e6, 2) for size in sizes]
    assert _slope(blocks) < BLOCKS_A_DAY, blocks
    assert _slope(files) < FILES_A_DAY, files
