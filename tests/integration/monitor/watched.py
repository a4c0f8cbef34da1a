"""A world whose left platform can change its ways, with a watch over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import orjson

from monitor.contract import Contract
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.watch import Watch
from monitor.watched import Settings
from syncd.connectors.correcting import CorrectedConnector
from syncd.connectors.memory import Manner, MemoryConnector
from syncd.core.model import Side
from syncd.core.outcome import Outcome
from syncd.engine.cycle import LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.setup import End, link_setup
from syncd.ports import Capabilities, Finding, Page, Seen, WriteRequest
from syncd.store.drifts import DriftStore
from tests.integration.engine.world import OpenSeal, World

Change = Callable[[str, dict[str, Any]], dict[str, Any]]
"""(entity, record) -> the record as the platform shows it from now on."""


@dataclass
class Drifting:
    """Implements ``ports.Connector``: shows every record the way ``change`` says."""

    inner: MemoryConnector
    change: Change | None = None

    def _shown(self, entity: str, seen: Seen) -> Seen:
        if self.change is None or seen.deleted:
            return seen
        return seen._replace(raw=orjson.dumps(self.change(entity, orjson.loads(seen.raw))))

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        async for page in self.inner.pages(entity, since=since, resume=resume):
            yield replace(page, records=[self._shown(entity, seen) for seen in page.records])

    async def fetch(self, entity: str, key: str) -> Seen | None:
        seen = await self.inner.fetch(entity, key)
        return None if seen is None else self._shown(entity, seen)

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        return [self._shown(entity, seen) for seen in await self.inner.search(entity, number)]

    async def submit(self, request: WriteRequest) -> Outcome:
        return await self.inner.submit(request)

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        return await self.inner.evidence(request)

    async def probe(self) -> Sequence[Finding]:
        return await self.inner.probe()

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class WatchedWorld(World):
    """``change`` on the left connection makes it drift."""

    contracts: Mapping[str, Contract] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    random: Random = field(default_factory=lambda: Random(7))

    def start(self) -> None:
        usual = Manner(settle_s=30.0, settle_provenance="measured")
        self.drifting = Drifting(MemoryConnector(self.left, self.manners.get(Side.LEFT, usual)))
        self.ledger = MemoryConnector(self.right, self.manners.get(Side.RIGHT, usual))
        self.drifts = DriftStore(self.store.database, self.clock, OpenSeal())
        self.watch = Watch(
            self.store,
            self.drifts,
            self.clock,
            contracts=lambda _platform, operation: self.contracts.get(operation),
            secret=b"s",
            settings=self.settings,
        )
        flows = tuple(Flow("acme", entity, "Acme Heating") for entity in self.policies)
        for name, connector, side in (("field", self.drifting, "left"), ("ledger", self.ledger, "right")):
            lenses = {entity: spec.map for entity, spec in connector.capabilities.entities.items()}
            self.watch.add(Watched(name, "memory", flows, sides={"acme": side}), lenses)
        self.watch.releases.relens = self.relens
        self.gates = {"field": Gate(4), "ledger": Gate(4)}
        self.setup = self._setup(self.drifting)
        self.engine = LinkEngine(self.setup, self.store, self.clock, self.gates)
        self.watch.waiting.under_way = lambda _link: self.engine.under_way

    def _setup(self, left: Any) -> Any:
        ends = {
            Side.LEFT: End("field", left, self.watch, self.watch),
            Side.RIGHT: End("ledger", self.ledger, self.watch, self.watch),
        }
        return link_setup("acme", ends, self.policies, self.tables)

    async def relens(self, connection: str) -> None:
        assert connection == "field"
        corrected = CorrectedConnector(self.drifting, await self.watch.releases.corrections(connection))
        lenses = {entity: spec.map for entity, spec in corrected.capabilities.entities.items()}
        self.watch.use(connection, lenses)
        await self.engine.adopt(self._setup(corrected))

    async def run(self) -> None:
        """What the daemon does once a minute: announcements, a cycle, the watch's own look."""
        self.wait(60)
        await self.engine.take_hints()
        await self.cycle()
        await self.watch.tick()

    async def history(self, invoices: int = 80) -> None:
        """A past of settled invoices, read in several walks, so that a baseline is ready."""
        self.customers = [
            self.left.add("customer", {"name": f"Customer {n}", "status": "active"}) for n in range(12)
        ]
        self.jobs = [
            self.left.add("job", {"number": f"J-{n}", "name": f"Job {n}", "customer": {"id": customer}})
            for n, customer in enumerate(self.customers)
        ]
        for part in range(4):
            for n in range(invoices // 4):
                self.invoice(part * invoices + n, "paid")
            await self.run()

    def invoice(self, n: int, status: str = "pending_accounting") -> str:
        """One more invoice of an ordinary size for its customer. Returns its key."""
        who = n % len(self.customers)
        amount = round((40 + 30 * who) * self.random.uniform(0.6, 1.7), 2)
        tax = round(amount * 0.0575, 2)
        line = {"description": "Inspection", "quantity": 2, "price": round(amount / 2, 3), "total": amount}
        record = {
            "invoiceNumber": f"S-{10_000 + n}",
            "transactionDate": "2026-10-01",
            "status": status,
            "type": "invoice",
            "totalPrice": round(amount + tax, 2),
            "tax": tax,
            "items": [line],
            "customer": {"id": self.customers[who]},
            "job": {"id": self.jobs[who]},
        }
        return self.left.add("invoice", record)

    def posted(self) -> dict[str, float]:
        """Invoice number -> total, as the ledger has it."""
        return {doc["doc_no"]: doc["doc_total"] for doc in self.right.records("invoice").values()}

    def owed(self) -> dict[str, float]:
        """The same, as the field service's own people entered it."""
        return {
            doc["invoiceNumber"]: doc["totalPrice"]
            for doc in self.left.records("invoice").values()
            if doc["status"] == "pending_accounting"
        }
