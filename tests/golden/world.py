"""Where a story is played: two memory platforms, the real engine and store, one process that may die."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from syncd.connectors.memory import (
    Behaviour,
    Manner,
    MemoryConnector,
    MemoryPlatform,
    OrderedFaults,
    trimmed,
)
from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.core.policy import FlowPolicy
from syncd.engine.conflicts import ConflictDesk
from syncd.engine.cycle import LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.operate import LocalOperator
from syncd.engine.setup import End, link_setup
from syncd.store.sql import SqlStore
from tests.golden.shapes import FIELD, LEDGER
from tests.sim.database import Memory, SimDatabase
from tests.sim.loop import SimClock, SimLoop
from tests.sim.machine import Seal

LINK = "acme"
CONNECTIONS = {Side.LEFT: "field", Side.RIGHT: "ledger"}
SIDES = {"field": Side.LEFT, "ledger": Side.RIGHT}
SETTLE_S = 30.0


class Died(Exception):
    """The process was killed while it did what it was asked for."""


@dataclass
class StoryWorld:
    """Everything of one story. ``act`` runs something in the process."""

    memory: Memory
    policies: dict[str, FlowPolicy] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=lambda: {"gl_account": Table.of((), None, "4000")})

    def __post_init__(self) -> None:
        self.memory.reset()
        self.loop = SimLoop(Random(7), shuffle=False)
        self.clock = SimClock(self.loop, Random(7), 0.0)
        self.behaviours = {side: Behaviour() for side in Side}
        self.platforms = {
            side: MemoryPlatform(shape, self.clock, normalise=trimmed(shape))
            for side, shape in ((Side.LEFT, FIELD), (Side.RIGHT, LEDGER))
        }
        self.faults = {side: OrderedFaults() for side in Side}
        for side, platform in self.platforms.items():
            platform.faults = self.faults[side]
        self.commits = 0
        self.number = 0
        self.settle_s: float | None = SETTLE_S
        self.killed: asyncio.Future[None] | None = None

    def start(self) -> None:
        """A process begins; what it knows is what is on disk."""
        self.number += 1
        self.killed = self.loop.create_future()
        for side, behaviour in self.behaviours.items():
            self.platforms[side].behaviour = behaviour
        database = SimDatabase(
            self.memory, self.loop, reads_wait=True, struck=lambda: False, noted=self._committed
        )
        self.store = SqlStore(database, self.clock, Seal(), b"k" * 32)
        manner = Manner(settle_s=self.settle_s, settle_provenance="measured", concurrency=2)
        ends = {
            side: End(CONNECTIONS[side], MemoryConnector(platform, manner))
            for side, platform in self.platforms.items()
        }
        self.setup = link_setup(LINK, ends, self.policies, self.tables)
        gates = {name: Gate(2) for name in CONNECTIONS.values()}
        self.engine = LinkEngine(self.setup, self.store, self.clock, gates)
        self.operator = LocalOperator(
            {LINK: self.engine},
            self.store,
            self.clock,
            dict.fromkeys(CONNECTIONS.values(), ("memory", None)),
            version="story",
            daemon=True,
            intervals={LINK: 60.0},
            ready=_ready,
        )
        self.desk = ConflictDesk({LINK: self.engine}, self.store, lambda: None)

    def _committed(self, _script: Any) -> None:
        self.commits += 1

    def kill(self) -> None:
        """The process is gone, between two steps of it."""
        self.loop.kill(self.number)
        assert self.killed is not None
        if not self.killed.done():
            self.killed.set_result(None)

    async def act(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Have the process do something. Raises ``Died`` if it is killed over it."""
        assert self.killed is not None
        task = self.loop.spawn(self.number, work)
        await asyncio.wait({task, self.killed}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Died
        return task.result()

    @property
    def mark(self) -> tuple[int, int]:
        """Changes with everything that outlives the process: commits, and what stands on the platforms."""
        return self.commits, sum(len(platform.log) for platform in self.platforms.values())

    def books(self) -> Mapping[str, list[str]]:
        """What stands on both sides, without what counts requests (versions, times, our references)."""
        return {
            f"{CONNECTIONS[side]} {entity}": sorted(
                repr(sorted(_lasting(wire).items())) for wire in platform.records(entity).values()
            )
            for side, platform in self.platforms.items()
            for entity in self.policies
        }

    def writes(self, side: Side | None = None) -> int:
        """Requests that were carried out and came from us."""
        wanted = [self.platforms[side]] if side else list(self.platforms.values())
        return sum(1 for platform in wanted for entry in platform.log if entry.reference)


_PASSING = {"version", "updated", "changed", "extRef", "activity", "updatedBy", "changed_by"}


def _lasting(wire: Any) -> dict[str, Any]:
    kept = {name: value for name, value in wire.items() if name not in _PASSING}
    kept["told"] = [(done["action"], done["argument"]) for done in wire.get("activity", ())]
    return kept


async def _ready(_link: str) -> None:
    """No bridge to wait for."""
