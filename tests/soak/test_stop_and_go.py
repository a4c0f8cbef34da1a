"""What befalls a daemon besides SIGKILL: it is stopped and goes on later, it is asked to end in the middle
of its writes, its disk is full, somebody else has its database. Each time the ledgers are counted."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from syncd.sandbox.faults import Fault, FaultKind
from tests.soak.counting import Ledgers, hold, verdict
from tests.soak.house import House, eventually, house
from tests.soak.load import Office

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

TIMEOUT_S = 3.0
"""How long the daemon waits for an answer here."""
SLOWLY = Fault(kind=FaultKind.DELAY, path="/object/submitXML", times=None, seconds=0.15)
"""So that there is always a write under way."""
A_LITTLE = 256 * 1024
"""Bytes that a file may have on the full disk: the log goes on, the database's journal does not."""


@dataclass
class Load:
    """A house after its first sync, and what its office is about to approve."""

    home: House
    office: Office
    waiting: Sequence[int]
    before: Ledgers

    async def approve(self) -> None:
        for invoice in self.waiting:
            await self.office.approve(invoice)

    async def ends_well(self) -> None:
        """Nobody helps any more; then the ledgers are counted."""
        await self.home.ledger.clear_faults()
        await self.home.settled(set(self.waiting), 120.0)
        await self.home.quiet()
        hold(verdict(set(self.waiting), self.before, await self.home.ledgers()))

    async def in_the_middle(self) -> None:
        """Return when it has written some, and has others before it."""
        posted = self.home.journal()["posted"]

        async def writes() -> bool:
            return self.home.journal()["posted"] > posted and self.home.under_way() > 0

        await eventually(writes, "it writes", 30.0, every_s=0.05)


@asynccontextmanager
async def _load(folder: Path, invoices: int) -> AsyncIterator[Load]:
    async with (
        house(folder, seed=5, size=20, timeout_s=TIMEOUT_S) as home,
        Office(home.field_ready, home.field_service) as office,
    ):
        waiting = await office.prepare(invoices, Random(5))
        await home.start_daemon()

        async def synced() -> bool:
            return home.first_sync_done() and home.under_way() == 0

        await eventually(synced, "the first sync is done", 60.0)
        yield Load(home, office, waiting, await home.ledgers())


async def test_stopped_for_longer_than_it_waits_for_answers(tmp_path: Path) -> None:
    async with _load(tmp_path, 60) as load:
        home = load.home
        await home.ledger.order(SLOWLY)
        await load.approve()
        for _ in range(3):
            await load.in_the_middle()
            home.daemon.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(3 * TIMEOUT_S)
            home.daemon.process.send_signal(signal.SIGCONT)
        await load.ends_well()
        assert home.crashes() == []


async def test_asked_to_end_in_the_middle_of_its_writes(tmp_path: Path) -> None:
    async with _load(tmp_path, 60) as load:
        home = load.home
        await home.ledger.order(SLOWLY)
        await load.approve()
        await load.in_the_middle()
        assert await home.daemon.stop() == 0, home.daemon.tail()
        # what was under way was finished: nothing is in doubt
        left = home.intents()
        assert left["sent"] == left["uncertain"] == 0, home.stand()
        assert home.crashes() == []
        await home.start_daemon()
        await load.ends_well()


async def test_a_full_disk(tmp_path: Path) -> None:
    async with _load(tmp_path, 60) as load:
        home = load.home
        await home.ledger.order(SLOWLY)
        await load.approve()
        await load.in_the_middle()
        pid, unlimited = home.daemon.process.pid, resource.RLIM_INFINITY
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (A_LITTLE, unlimited))
        await asyncio.sleep(2 * TIMEOUT_S)
        writes = await home.writes()
        await asyncio.sleep(2 * TIMEOUT_S)
        # nothing is sent that could not be written down first
        assert await home.writes() == writes
        assert home.daemon.running, home.daemon.tail()
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        await load.ends_well()
        assert home.daemon.starts == 1
        assert "the state cannot be used: disk I/O error" in home.daemon.log.read_text()
        assert home.crashes() == []


@pytest.mark.parametrize("seconds", [5.0, 45.0])
async def test_somebody_else_has_the_database(tmp_path: Path, seconds: float) -> None:
    async with _load(tmp_path, 60) as load:
        home = load.home
        await load.approve()
        with closing(sqlite3.connect(home.site.folder / "state.db", isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 30000")
            other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
            other.execute("ROLLBACK")
        await load.ends_well()
        assert home.daemon.starts == 1
        assert home.crashes() == []
