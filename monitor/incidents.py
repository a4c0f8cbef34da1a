"""The drifts that are live, and the holds they place: one incident a place, held before it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from monitor import gating
from monitor.watched import Holds
from syncd.core.errors import NothingMatched
from syncd.ports.drift import DriftRow, DriftState, Sighting
from syncd.store.drifts import DriftStore

log = structlog.get_logger(__name__)

_LOGGED: Final = ("connection", "operation", "path", "kind", "level")


class Incidents:
    """Of one site, as they are on disk."""

    def __init__(self, holds: Holds, drifts: DriftStore) -> None:
        self._holds = holds
        self._drifts = drifts
        self._live: dict[int, DriftRow] = {}

    async def load(self) -> None:
        """Those that the process before this one left open."""
        self._live = {event.id: event for event in await self._drifts.events()}

    def live(self) -> Sequence[DriftRow]:
        return list(self._live.values())

    def known(self, ident: int) -> DriftRow:
        """Raises ``NothingMatched`` for one that is not open."""
        if ident not in self._live:
            raise NothingMatched(f"no drift {ident} is open", remedy="`syncd drift list` shows the open ones")
        return self._live[ident]

    def refuse_second(self, seen: Sighting) -> None:
        """Raises ``NothingMatched`` where a live one has the cause of ``seen``."""
        if any(gating.same_cause(seen, other.seen) for other in self._live.values()):
            raise NothingMatched("another drift is open there", remedy="decide about that one")

    async def remember(self, seen: Sighting, scopes: Iterable[str]) -> None:
        """One live event a place: a later look that knows more takes the place of the earlier one."""
        older = [one for one in self._live.values() if gating.same_cause(seen, one.seen)]
        later = gating.beside(seen, older)
        if later is None:
            return
        event, new = await self._drifts.sighted(later)
        self._live[event.id] = event
        if new:
            log.warning("drift", id=event.id, **{name: getattr(seen, name) for name in _LOGGED})
        await self._hold(event, scopes)
        for one in older:  # only now: between the two holds no write may pass
            if one.id != event.id:
                await self.close(one, DriftState.REVERTED, "monitor", f"it is drift {event.id}")

    async def _hold(self, event: DriftRow, scopes: Iterable[str]) -> None:
        if await self._place(event, scopes) and event.held_at is None:
            await self._drifts.held(event.id)
            await self.refresh(event.id)
            log.error("writes held", id=event.id, connection=event.seen.connection, path=event.seen.path)

    async def _place(self, event: DriftRow, scopes: Iterable[str]) -> bool:
        placed = False
        for scope in scopes:
            await self._holds.hold(scope, gating.reason(event), gating.by(event.id))
            placed = True
        return placed

    async def reopen(self, event: DriftRow, scopes: Iterable[str], by: str, reason: str) -> None:
        """Open as if it had never been accepted or ignored; held first."""
        await self._place(event, scopes)
        await self._drifts.move(event.id, DriftState.OPEN, by=by, reason=reason)
        await self._drifts.withdraw(event.id)
        await self.refresh(event.id)
        log.warning("drift open again", id=event.id, connection=event.seen.connection, path=event.seen.path)

    async def refresh(self, ident: int) -> None:
        """As it is on disk now."""
        fresh = await self._drifts.event(ident)
        assert fresh is not None
        self._live[ident] = fresh

    async def close(self, event: DriftRow, state: DriftState, by: str, reason: str) -> None:
        """With its holds."""
        await self._drifts.move(event.id, state, by=by, reason=reason)
        self._live.pop(event.id, None)
        mine = [hold.id for hold in await self._holds.holds() if hold.by == gating.by(event.id)]
        if mine:
            await self._holds.release(mine, by)
