"""Two memory platforms of different shapes, a real store in SQLite, and one link between them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from syncd.connectors.memory import FIELD, LEDGER, Manner, MemoryConnector, MemoryPlatform, trimmed
from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.core.policy import FlowPolicy, Mode
from syncd.engine.cycle import CycleOutcome, LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.setup import End, LinkSetup, link_setup
from syncd.entities import ENTITIES
from syncd.store.database import Database, InlineDatabase, sqlite_engine
from syncd.store.schema import metadata
from syncd.store.sql import SqlStore


class VirtualClock:
    """Time that passes only when it is told to, or slept away."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class OpenSeal:
    """Seals nothing: what the engine does must not depend on it."""

    def seal(self, connection: str, field: str, data: bytes) -> bytes:
        return data

    def open(self, connection: str, field: str, sealed: bytes) -> bytes:
        return sealed


def policy(entity: str, mode: Mode, **more: Any) -> FlowPolicy:
    """The entity's defaults in one mode."""
    kind = ENTITIES[entity]
    create = frozenset(side for side in Side if mode.writes(side))
    return FlowPolicy(
        **{"entity": entity, "mode": mode, "fields": kind.policies(), "match": kind.match, "create": create}
        | more
    )


def usual_policies() -> dict[str, FlowPolicy]:
    """Customers both ways, jobs and invoices to the ledger once they are pending."""
    return {
        "customer": policy("customer", Mode.BOTH),
        "job": policy("job", Mode.LEFT_TO_RIGHT),
        "invoice": policy(
            "invoice",
            Mode.LEFT_TO_RIGHT,
            create_only=True,
            select={"status": frozenset({"pending_accounting"})},
        ),
    }


@dataclass
class World:
    """Everything one test needs; ``cycle`` runs the link once."""

    policies: dict[str, FlowPolicy] = field(default_factory=usual_policies)
    tables: dict[str, Table] = field(default_factory=lambda: {"gl_account": Table.of((), None, "4000")})
    database: Database | None = None
    manners: dict[Side, Manner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.left = MemoryPlatform(FIELD, self.clock, normalise=trimmed(FIELD))
        self.right = MemoryPlatform(LEDGER, self.clock, normalise=trimmed(LEDGER))
        if self.database is None:
            engine = sqlite_engine("sqlite://")
            with engine.begin() as connection:
                metadata.create_all(connection)
            self.database = InlineDatabase(engine)
        self.store = SqlStore(self.database, self.clock, OpenSeal(), b"k" * 32)
        self.start()

    def start(self) -> None:
        """A process begins: connections are opened anew, the state is what is on disk."""
        usual = Manner(settle_s=30.0, settle_provenance="measured")
        self.setup: LinkSetup = link_setup(
            "acme",
            {
                Side.LEFT: End("field", MemoryConnector(self.left, self.manners.get(Side.LEFT, usual))),
                Side.RIGHT: End("ledger", MemoryConnector(self.right, self.manners.get(Side.RIGHT, usual))),
            },
            self.policies,
            self.tables,
        )
        gates = {"field": Gate(4), "ledger": Gate(4)}
        self.engine = LinkEngine(self.setup, self.store, self.clock, gates)

    async def cycle(self, **more: Any) -> CycleOutcome:
        return await self.engine.cycle(**more)

    def wait(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)

    def writes(self) -> int:
        """Requests that changed either platform and came from us."""
        return sum(1 for side in (self.left, self.right) for entry in side.log if entry.reference)
