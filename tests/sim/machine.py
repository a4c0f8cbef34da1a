"""The simulated machine: its disk, and the processes of syncd that live and die on it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from syncd.connectors.memory import MemoryConnector
from syncd.core.brakes import Budget
from syncd.core.model import Side
from syncd.dispatch.dispatcher import Runnable
from syncd.dispatch.local import LocalDispatcher
from syncd.engine.cycle import LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.operate import LocalOperator
from syncd.engine.setup import End, link_setup
from syncd.store.sql import SqlStore
from tests.sim.database import Memory, SimDatabase
from tests.sim.loop import SimClock, SimLoop
from tests.sim.platform import AdversarialPlatform
from tests.sim.settings import TABLES, Settings
from tests.sim.truth import LEFT, RIGHT

LINK = "acme"
CONNECTIONS = {LEFT: "field", RIGHT: "ledger"}
_OWNED = bytes(255 - n for n in range(256))


class Seal:
    """Cheap, and yet nothing of what it seals can be read, nor opened as something else."""

    def seal(self, connection: str, field: str, data: bytes) -> bytes:
        return f"{connection}/{field}\0".encode() + data.translate(_OWNED)

    def open(self, connection: str, field: str, sealed: bytes) -> bytes:
        owner, _, data = sealed.partition(b"\0")
        if owner.decode() != f"{connection}/{field}":
            raise AssertionError(f"sealed for {owner.decode()}, opened for {connection}/{field}")
        return data.translate(_OWNED)


class Process:
    """One life of the daemon: everything in it is gone when it dies."""

    def __init__(
        self,
        number: int,
        loop: SimLoop,
        clock: SimClock,
        memory: Memory,
        platforms: Mapping[str, AdversarialPlatform],
        settings: Settings,
        budget: Budget,
        interval_s: Callable[[], float],
        struck: Callable[[], bool],
        noted: Callable[[Any], None],
    ) -> None:
        self.number = number
        self._loop = loop
        self._interval_s = interval_s
        database = SimDatabase(memory, loop, reads_wait=settings.reads_wait, struck=struck, noted=noted)
        self.store = SqlStore(
            database, clock, Seal(), b"k" * 32, {} if budget == Budget() else {LINK: budget}
        )
        ends = {
            Side(side): End(CONNECTIONS[side], MemoryConnector(platform, settings.manners[side]))
            for side, platform in platforms.items()
        }
        self.setup = link_setup(LINK, ends, settings.policies, TABLES)
        gates = {end.connection: Gate(end.connector.capabilities.concurrency) for end in ends.values()}
        self.engine = LinkEngine(self.setup, self.store, clock, gates)
        self.cycles = 0
        self._stop = asyncio.Event()
        self._dispatcher = LocalDispatcher(
            clock, {LINK: Runnable(self._drain, self._next_start, lambda: self.store.next_due_at(LINK))}
        )
        self.operator = LocalOperator(
            {LINK: self.engine},
            self.store,
            clock,
            dict.fromkeys(CONNECTIONS.values(), ("memory", None)),
            version="sim",
            daemon=True,
            intervals={LINK: 60.0},
            ready=_ready,
            wake=self._dispatcher.wake_all,
        )
        self.errors: list[str] = []
        self.running = loop.spawn(number, self._dispatcher.run(self._stop))

    async def _drain(self, scheduled: bool) -> object:
        outcome = await self.engine.drain(scheduled=scheduled)
        self.cycles += scheduled
        for flow in outcome.flows.values():
            self.errors += [flow.error, *flow.tally.errors]
        return outcome

    def _next_start(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._interval_s())

    def wake(self) -> None:
        self._dispatcher.wake(LINK)

    def do(self, action: Any) -> asyncio.Task[Any]:
        """An operator's command, served by this process: it dies with it."""
        return self._loop.spawn(self.number, action)


async def _ready(_link: str) -> None:
    """No bridge to wait for."""


class Machine:
    """Starts processes, and kills them."""

    def __init__(
        self,
        loop: SimLoop,
        clock: SimClock,
        memory: Memory,
        platforms: Mapping[str, AdversarialPlatform],
        settings: Settings,
        random: Random,
        noted: Callable[[Any], None],
        fired: Counter[str],
    ) -> None:
        self._loop = loop
        self._parts = (loop, clock, memory, platforms)
        self._random = random
        self._noted = noted
        self._fired = fired
        self._number = 0
        self.settings = settings
        """What the next process is started with: operators may change it."""
        self.budget: int | None = settings.budget
        self.interval_s = 45.0
        self.disk_rate = settings.disk_rate
        self.process: Process | None = None
        self.errors: list[str] = []

    def wake(self) -> None:
        """Wake the link, if a process runs it."""
        if self.process is not None:
            self.process.wake()

    def start(self) -> Process:
        self._number += 1
        self.process = Process(
            self._number,
            *self._parts,
            self.settings,
            Budget(self.budget),
            lambda: self.interval_s,
            self._struck,
            self._noted,
        )
        return self.process

    def kill(self) -> None:
        if self.process is not None:
            self._loop.kill(self.process.number)
            self.errors += self.process.errors
            self.process = None

    def _struck(self) -> bool:
        if self.disk_rate and self._random.random() < self.disk_rate:
            self._fired["disk_refuses"] += 1
            return True
        return False
