"""``ports.Records`` over SQL: what people ask of the engine's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from syncd.core.brakes import Budget, Spent
from syncd.core.model import Side
from syncd.ports.asking import HeldRow
from syncd.ports.connector import Clock
from syncd.ports.records import (
    Compared,
    ConflictFilter,
    ConflictRow,
    FlowLine,
    NewReconciliation,
    PairLife,
    ReconciliationRow,
    RefusedPair,
    Said,
)
from syncd.ports.store import FlowRow, HoldRow
from syncd.store import comparing, conflicts, holds, overview, records, recovery, resolutions, spending
from syncd.store.database import Database
from syncd.store.sealing import Keeper, Seal


class SqlRecords:
    """``digest_key``: 32 secret bytes that key the digests of natural keys. ``budgets``: what each link may
    write within an hour."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        seal: Seal,
        digest_key: bytes,
        budgets: Mapping[str, Budget] = MappingProxyType({}),
    ) -> None:
        self.database = database
        self._clock = clock
        self._seal = seal
        self._digest_key = digest_key
        self._budgets = budgets
        self._links: dict[int, str] = {}

    def keeper(self) -> Keeper:
        """What scripts need, as of now."""
        return Keeper(self._seal, self._digest_key, self._clock.now(), self._links)

    async def flow_lines(self, link: str) -> Sequence[FlowLine]:
        return await self.database.scan(lambda c: records.flow_lines(c, link))

    async def stream_errors(self) -> Mapping[tuple[str, str], str]:
        return await self.database.scan(records.stream_errors)

    async def bindings(self, link: str, entity: str) -> Sequence[tuple[str, str]]:
        """(left key, right key) of every bound pair of a flow (for checks of the whole)."""
        return await self.database.scan(lambda c: records.bindings(c, link, entity))

    async def bodies(self, connection: str, entity: str) -> Sequence[bytes]:
        """The latest raw JSON of every living record of a stream (for checks; not for the hot path)."""
        k = self.keeper()
        return await self.database.scan(lambda c: records.bodies(c, k, connection, entity))

    async def link_holds(self, link: str, connections: Sequence[str]) -> Sequence[HoldRow]:
        return await self.database.scan(lambda c: holds.of_link(c, link, connections))

    async def spent(self, link: str) -> tuple[Spent, Budget] | None:
        budget, k = self._budgets.get(link), self.keeper()
        if budget is None:
            return None
        return await self.database.read(lambda c: spending.spent(c, k, link)), budget

    async def quarantined(self, link: str | None, limit: int) -> Sequence[RefusedPair]:
        k = self.keeper()
        return await self.database.scan(lambda c: records.quarantined(c, k, link, limit))

    async def conflicts(self, which: ConflictFilter, after: int, limit: int) -> Sequence[ConflictRow]:
        k = self.keeper()
        return await self.database.scan(lambda c: conflicts.page(c, k, which, after, limit))

    async def conflict_count(self, which: ConflictFilter) -> int:
        return await self.database.scan(lambda c: conflicts.count(c, which))

    async def conflicts_by_id(self, idents: Sequence[int]) -> Sequence[ConflictRow]:
        k = self.keeper()
        return await self.database.scan(lambda c: conflicts.by_id(c, k, idents))

    async def compared(self, flow: FlowRow, after: int, limit: int) -> Sequence[Compared]:
        k = self.keeper()
        return await self.database.scan(lambda c: comparing.compared(c, k, flow, after, limit))

    async def reconciled(self, flow: FlowRow, done: NewReconciliation) -> None:
        k = self.keeper()
        await self.database.write(lambda c: comparing.keep(c, k, flow, done))

    async def reconciliations(self, link: str) -> Sequence[ReconciliationRow]:
        return await self.database.scan(lambda c: comparing.latest(c, link))

    async def decide_conflicts(self, decided: Sequence[Said]) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: resolutions.decide(c, k, decided))

    async def refused_keys(self, which: Sequence[int]) -> Sequence[tuple[str, str, Side, str]]:
        return await self.database.scan(lambda c: overview.refused_keys(c, which))

    async def held_intents(self, link: str | None) -> Sequence[HeldRow]:
        k = self.keeper()
        return await self.database.scan(lambda c: recovery.held(c, k, link))

    async def held_intent(self, ident: int) -> HeldRow | None:
        k = self.keeper()
        found = await self.database.scan(lambda c: recovery.held(c, k, None, ident))
        return found[0] if found else None

    async def lives(self, entity: str, ident: str, link: str | None) -> Sequence[PairLife]:
        k = self.keeper()
        return await self.database.scan(lambda c: records.lives(c, k, entity, ident, link))

    async def life(self, pair: int) -> PairLife | None:
        k = self.keeper()
        return await self.database.scan(lambda c: records.life(c, k, pair))

    async def requeue(self, which: Sequence[int], actor: str) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: records.requeue(c, k, which, actor))

    async def skip(self, which: Sequence[int], reason: str, actor: str) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: records.skip(c, k, which, reason, actor))
