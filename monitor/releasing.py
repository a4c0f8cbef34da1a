"""How what a drift stops is let go (the platform went back, somebody said so), and how that is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog

from monitor import gating
from monitor.accepting import Acceptances, Text
from monitor.differences import Kind
from monitor.incidents import Incidents
from monitor.keeping import Keeping
from monitor.waiting import Waiting
from monitor.watched import Connections, Settings
from syncd.core.errors import NothingMatched
from syncd.mapping.correcting import Correction
from syncd.ports import Clock
from syncd.ports.drift import DriftRow, DriftState
from syncd.store.drifts import DriftStore

log = structlog.get_logger(__name__)


class Releases:
    """Of one site. Whoever calls what begins with ``let`` or ``settle`` holds the lock."""

    def __init__(
        self,
        connections: Connections,
        incidents: Incidents,
        waiting: Waiting,
        keeping: Keeping,
        drifts: DriftStore,
        clock: Clock,
        settings: Settings,
        lock: asyncio.Lock,
    ) -> None:
        """``lock``: held while drifts are weighed, so that nobody decides about one that is changing."""
        self._connections = connections
        self._incidents = incidents
        self._waiting = waiting
        self._keeping = keeping
        self._drifts = drifts
        self._settings = settings
        self._lock = lock
        self._accepted = Acceptances(drifts, clock)
        self.text: Text = lambda _platform, _operation: None
        """Contracts as their files say them."""
        self.relens: Callable[[str], Awaitable[None]] | None = None
        """Told when the corrections of a connection have changed."""

    async def let_go(self, event: DriftRow, state: DriftState, by: str, reason: str) -> None:
        """Close an event; what it stopped is read again and decided anew, parents first."""
        await self._incidents.close(event, state, by, reason)
        operation = self._connections.operation(event.seen.connection, event.seen.operation)
        if operation is not None:
            operation.forget(Kind(event.seen.kind), event.seen.path)
        await self.waive()
        # what was read while it lasted is still on disk: only reading it anew shows what it is now
        await self._again(event, read_first=state is DriftState.REVERTED)

    async def _again(self, event: DriftRow, *, read_first: bool = False) -> None:
        at = self._connections[event.seen.connection].at
        await self._waiting.again(at, event.seen.operation, read_first=read_first)

    async def corrections(self, connection: str) -> Mapping[str, Sequence[Correction]]:
        """Entity -> what was accepted about it and is not in the map itself yet."""
        return await self._accepted.corrections(connection)

    async def waive(self) -> None:
        """Every operation knows what was accepted or is ignored there."""
        waivers = await self._accepted.waivers()
        for connection, known in self._connections.items():
            for entity, operation in known.operations.items():
                operation.waive(waivers.get((connection, entity), ()))

    # -- what people order

    async def accept(self, ident: int, by: str, reason: str) -> DriftRow:
        """The new behaviour is right. The contract's edit is stored for an engineer, a release that ends
        by itself lets the records through meanwhile, corrected where that needs no engineer."""
        seen = self._incidents.known(ident).seen
        if seen.operation.startswith(gating.AROUND):
            return await self._accept_envelope(ident, by, reason)
        async with self._lock:
            event = self._incidents.known(ident)
            operation = self._connections.operation(seen.connection, seen.operation)
            await self._keeping.as_it_was(event, operation)
            await self._drifts.propose(event, by=by, reason=reason)
            await self._drifts.grant(event, by=by, reason=reason, lasts=self._settings.grant)
        if seen.correction is not None:
            # before anything is let through: cents read through the old lens would pass for dollars
            await self.look_anew(seen.connection)
        async with self._lock:
            operation = self._connections.operation(seen.connection, seen.operation)
            if operation is not None:
                moved = seen.renames[0][0] if seen.renames else ""
                operation.accept(Kind(seen.kind), seen.path, seen.after, moved)
                await self._keeping.keep(self._connections, force=True)
            await self._incidents.close(event, DriftState.ACCEPTED, by, reason)
            await self.waive()
        await self._again(event)
        return event

    async def _accept_envelope(self, ident: int, by: str, reason: str) -> DriftRow:
        async with self._lock:
            event = self._incidents.known(ident)
            self._connections[event.seen.connection].around.accept(event.seen.operation, event.seen.path)
            await self._keeping.keep(self._connections, force=True)
            await self.let_go(event, DriftState.ACCEPTED, by, reason)
        return event

    async def revert(self, ident: int, by: str, reason: str) -> DriftRow:
        """It was not right after all: it is open as if it had never been accepted or ignored."""
        async with self._lock:
            event = await self._drifts.event(ident)
            if event is None or event.state not in (DriftState.ACCEPTED, DriftState.IGNORED):
                raise NothingMatched(
                    f"drift {ident} is neither accepted nor ignored", remedy="`syncd drift list --all`"
                )
            self._incidents.refuse_second(event.seen)
            await self._reopen(event, by, reason)
        if event.seen.correction is not None:
            await self.look_anew(event.seen.connection)
        await self._again(event)
        return event

    async def ignore(self, ident: int, by: str, reason: str) -> DriftRow:
        """It stops nothing at this connection any more, and nobody is told again."""
        async with self._lock:
            event = self._incidents.known(ident)
            await self.let_go(event, DriftState.IGNORED, by, reason)
        return event

    async def ack(self, ident: int, by: str, reason: str, until: datetime | None) -> DriftRow:
        """Somebody knows: no reminders until then. Writes stay held."""
        event = self._incidents.known(ident)
        await self._drifts.move(ident, DriftState.ACKED, by=by, reason=reason, muted_until=until)
        await self._incidents.refresh(ident)
        return event

    async def _reopen(self, event: DriftRow, by: str, reason: str) -> None:
        """Held first, then the lens and what was learned as they were."""
        seen, known = event.seen, self._connections[event.seen.connection]
        operation = self._connections.operation(seen.connection, seen.operation)
        lens = operation.lens if operation is not None else None
        await self._incidents.reopen(event, gating.scopes_again(event, known.at, lens), by, reason)
        if operation is not None:
            await self._keeping.put_back(event, operation)
            operation.expect(Kind(seen.kind), seen.path)
        await self.waive()

    async def look_anew(self, connection: str) -> None:
        """Its lenses as the corrections say by now."""
        if self.relens is not None:
            await self.relens(connection)

    # -- what ends by itself

    async def settle(self) -> Sequence[str]:
        """Close what stands where it belongs, tell of what ends, open again what ended. Returns the
        connections of the last: they are to be looked at anew."""
        every = self._connections.items()
        lenses = {(name, e): lens for name, known in every for e, lens in known.lenses.items()}
        for one in await self._accepted.settle(self.text, lenses):
            await self._keeping.forget(one.drift)
            log.info("accepted drift written down", id=one.drift, connection=one.connection)
        ending = await self._accepted.ending()
        for days, event in ending.values():
            at = self._connections.get(event.seen.connection)
            if at is not None:
                await self._incidents.remember(gating.ending_sighting(event, days, at.at), ())
        for told in [e for e in self._incidents.live() if e.seen.operation == gating.ACCEPTANCE]:
            if told.seen.after["drift"] not in ending:
                await self._incidents.close(told, DriftState.REVERTED, "monitor", "it is settled")
        ended = [e for e in await self._accepted.ended() if e.seen.connection in self._connections]
        for event in ended:
            await self._reopen(event, "monitor", "what let it through has ended, and the map is not mended")
        await self.waive()
        return [event.seen.connection for event in ended]
