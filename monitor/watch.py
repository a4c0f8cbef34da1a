"""The watch over a site's connections: taps what the engine reads, guards what it decides, holds
before harm, lets go again.

Decisions are made in ``operation``, ``credentials`` and ``gating``; here they are carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from monitor import credentials, gating, sampling
from monitor.accepting import Acceptances, Text
from monitor.credentials import LoginDrift
from monitor.differences import Kind
from monitor.findings import Finding
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.keeping import Keeping
from monitor.operation import Operation
from monitor.repair import suggest_repair
from monitor.severity import Action
from monitor.waiting import Waiting
from monitor.watched import Contracts, Holds, Known, Settings
from syncd.core.errors import NothingMatched, RefuseRecord
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Clock, Exchange, Grant, HoldRow, Observation, Written
from syncd.ports.drift import DriftRow, DriftState, Fact, Sighting
from syncd.store.drifts import DriftStore

log = structlog.get_logger(__name__)

_LOGGED: Final = ("connection", "operation", "path", "kind", "level")
_PAGE_TWICE: Final = 3
"""Web pages in a row, where JSON was promised, before they are more than a proxy's hiccup."""


class Watch:
    """Implements ``ports.Tap`` and ``ports.Guard`` over every connection of a site."""

    def __init__(
        self,
        holds: Holds,
        drifts: DriftStore,
        clock: Clock,
        *,
        contracts: Contracts | None = None,
        secret: bytes = b"",
        settings: Settings | None = None,
    ) -> None:
        self._holds = holds
        self.drifts = drifts
        self._clock = clock
        self._contracts = contracts or _none
        self._secret = secret
        self.settings = settings or Settings()
        self._connections: dict[str, Known] = {}
        self._live: dict[int, DriftRow] = {}
        self._lock = asyncio.Lock()
        self._read_again_at: datetime | None = None
        self.text: Text = _none
        """Contracts as their files say them."""
        self.relens: Callable[[str], Awaitable[None]] | None = None
        """Told when the corrections of a connection have changed."""
        self.waiting = Waiting(holds, drifts, clock, self.flows)
        self.accepted = Acceptances(drifts, clock)
        self.keeping = Keeping(drifts, clock)

    # -- what is watched

    def add(self, at: Watched, lenses: Mapping[str, EntityMap]) -> None:
        """Watch one connection; ``lenses``: by entity, as its platform declares them."""
        operations = {
            entity: Operation(
                at.platform,
                entity,
                lens,
                filed=self._contracts(at.platform, entity),
                secret=self._secret,
                trust_sandbox=self.settings.trust_sandbox,
                source=at.sources is None or entity in at.sources,
            )
            for entity, lens in lenses.items()
        }
        self._connections[at.connection] = Known(at, operations, dict(lenses))

    def use(self, connection: str, lenses: Mapping[str, EntityMap]) -> None:
        """The lenses in force now, corrections laid over."""
        for entity, lens in lenses.items():
            operation = self._connections[connection].operations[entity]
            if operation.lens != lens:
                operation.use(lens)

    def reload(self) -> None:
        """Contract files have changed: measure against what they say now."""
        for one in self._connections.values():
            for entity, operation in one.operations.items():
                operation.file(self._contracts(one.at.platform, entity))

    async def load(self) -> None:
        """What was known when the process before this one ended."""
        await self.keeping.restore(self._connections)
        for fact in await self.drifts.facts():
            if fact.connection in self._connections:
                self._connections[fact.connection].facts[fact.name] = fact
        self._live = {event.id: event for event in await self.drifts.events()}
        for event in self._live.values():
            operation = self.operation(event.seen.connection, event.seen.operation)
            if operation is not None:
                operation.expect(Kind(event.seen.kind), event.seen.path)
            elif event.seen.connection in self._connections:
                self._connections[event.seen.connection].around.expect(event.seen.operation)
        await self._waive()
        open_at = {(event.seen.connection, event.seen.operation) for event in self._live.values()}
        every = {(name, entity) for name, one in self._connections.items() for entity in one.operations}
        # whatever still waits where nothing is open any more: the process before this one let go of it
        self.waiting.expect(every - open_at)

    def operation(self, connection: str, entity: str) -> Operation | None:
        known = self._connections.get(connection)
        return None if known is None else known.operations.get(entity)

    def facts(self, connection: str) -> Mapping[str, Any]:
        """What a connection's logins and headers say, as far as it is known."""
        return {name: fact.value for name, fact in self._connections[connection].facts.items()}

    def connections(self) -> Sequence[Watched]:
        return [one.at for one in self._connections.values()]

    def flows(self, connection: str, operation: str) -> Sequence[Flow]:
        """Those that read or write an operation; of a login or an envelope, all of the connection's."""
        known = self._connections.get(connection)
        if known is None:
            return ()
        return [f for f in known.at.flows if operation == f.entity or gating.is_wide(operation)]

    async def open_holds(self) -> Sequence[HoldRow]:
        return await self._holds.holds()

    def states(self, connection: str) -> Mapping[str, str]:
        """Entity -> checked | learning | unchecked."""
        return {
            entity: "checked" if one.ready else "learning" if one.baseline.records else "unchecked"
            for entity, one in self._connections[connection].operations.items()
        }

    # -- the tap

    def exchange(self, connection: str, seen: Exchange) -> None:
        known = self._connections.get(connection)
        if known is None or seen.lost:
            return
        facts = credentials.of_exchange(seen)
        if facts.get("login_page") is True:
            known.pages += 1
            if known.pages < _PAGE_TWICE:
                return
        elif "login_page" in facts:
            known.pages = 0
        known.seen |= facts
        known.around.saw(seen)

    def granted(self, connection: str, grant: Grant) -> None:
        known = self._connections.get(connection)
        if known is not None:
            known.seen |= credentials.of_grant(grant)

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:
        operation = self.operation(connection, entity)
        if operation is None:
            return
        operation.poll()
        for key, record in sampling.records(shown, ready=operation.ready, walk=operation.baseline.polls):
            operation.sample(key, record)
        self._connections[connection].news = True

    def walked(self, connection: str, entity: str, problem: str) -> None:
        operation = self.operation(connection, entity)
        if operation is not None and not self._connections[connection].pages:
            operation.dealings.walked(readable=not problem)

    def wrote(self, connection: str, entity: str, seen: Written) -> None:
        operation = self.operation(connection, entity)
        if operation is not None:
            operation.dealings.wrote(seen)
            self._connections[connection].news = True

    # -- the guard

    def objection(
        self, connection: str, entity: str, key: str, wire: Mapping[str, Any]
    ) -> RefuseRecord | None:
        operation = self.operation(connection, entity)
        if operation is None:
            return None
        found = operation.objection(key, wire)
        if found is None:
            return None
        self._connections[connection].news = True
        return RefuseRecord(
            f"{entity} {key} is not as {connection} used to answer: {found.words}",
            code="guard",
            field=found.field or None,
            remedy="`syncd drift list` shows what changed and how to accept it; nothing was written",
        )

    async def caught_up(self, connection: str) -> None:
        known = self._connections.get(connection)
        if known is None or not (known.news or known.seen):
            return
        async with self._lock:
            await self._weigh(known)

    async def _weigh(self, known: Known) -> None:
        known.news = False
        for entity, operation in known.operations.items():
            for finding in operation.weigh(self.flows(known.at.connection, entity)):
                gated = gating.gated(finding, may_hold=operation.may_hold)
                await self._found(known.at, entity, gated)
        for listing, difference in known.around.differences():
            finding = gating.of_envelope(difference, self.flows(known.at.connection, listing))
            await self._found(known.at, listing, finding)
        await self._said(known)

    async def found(self, at: Watched, entity: str, finding: Finding) -> None:
        """Something that was found elsewhere than in what is tapped."""
        async with self._lock:
            await self._found(at, entity, finding)

    async def _found(self, at: Watched, entity: str, finding: Finding) -> None:
        repair = suggest_repair(finding.difference, at.platform, entity, finding.impact)
        seen = gating.sighting(finding, at, entity, repair)
        await self._remember(seen, gating.scopes(finding, at, entity))

    async def _remember(self, seen: Sighting, scopes: Sequence[str]) -> None:
        """One live event a place: a later look that knows more takes the place of the earlier one."""
        older = [one for one in self._live.values() if gating.same_cause(seen, one.seen)]
        later = gating.beside(seen, older)
        if later is None:
            return
        event, new = await self.drifts.sighted(later)
        self._live[event.id] = event
        if new:
            log.warning("drift", id=event.id, **{name: getattr(seen, name) for name in _LOGGED})
        await self._hold(event, scopes)
        for one in older:  # only now: between the two holds no write may pass
            if one.id != event.id:
                await self._close(one, DriftState.REVERTED, "monitor", f"it is drift {event.id}")

    async def _hold(self, event: DriftRow, scopes: Iterable[str]) -> None:
        placed = False
        for scope in scopes:
            await self._holds.hold(scope, gating.reason(event), gating.by(event.id))
            placed = True
        if placed and event.held_at is None:
            await self.drifts.held(event.id)
            await self._refresh(event.id)
            log.error("writes held", id=event.id, connection=event.seen.connection, path=event.seen.path)

    async def _refresh(self, ident: int) -> None:
        fresh = await self.drifts.event(ident)
        assert fresh is not None
        self._live[ident] = fresh

    # -- logins

    async def _said(self, known: Known) -> None:
        """Compare what was said since the last look with what was said before, and remember it."""
        said, known.seen = known.seen, {}
        now = self._clock.now()
        before = {name: fact.value for name, fact in known.facts.items()}
        for drift in credentials.changes(before, said):
            await self._login_drift(known, drift)
        for name, value in said.items():
            await self._back_to(known, name, value)
        fresh = [
            Fact(known.at.connection, name, value, now, now)
            for name, value in said.items()
            if name not in known.facts or known.facts[name].value != value
        ]
        await self.remember(fresh)

    async def remember(self, facts: Sequence[Fact]) -> None:
        """Keep what connections say of themselves."""
        for fact in facts:
            self._connections[fact.connection].facts[fact.name] = fact
        await self.drifts.keep_facts(facts)

    async def _login_drift(self, known: Known, drift: LoginDrift) -> None:
        held = drift.severity.action is Action.HOLD_CONNECTION
        scopes = (f"connection:{known.at.connection}",) if held else ()
        await self._remember(gating.login_sighting(drift, known.at), scopes)

    async def _back_to(self, known: Known, name: str, value: Any) -> None:
        """A fact is again what it was before a drift that is still open."""
        for event in list(self._live.values()):
            mine = event.seen.connection == known.at.connection and event.seen.operation == credentials.LOGIN
            if mine and event.seen.path == name and event.seen.before.get("value") == value:
                await self._let_go(event, DriftState.REVERTED, "monitor", "it is as it was before")

    def said(self, connection: str, facts: Mapping[str, Any]) -> None:
        """Facts from elsewhere than an exchange: certificates, metadata, dates from the configuration."""
        known = self._connections.get(connection)
        if known is not None:
            known.seen |= {
                n: v for n, v in facts.items() if n not in known.facts or known.facts[n].value != v
            }

    # -- letting go

    async def _close(self, event: DriftRow, state: DriftState, by: str, reason: str) -> Sequence[int]:
        """Close an event and its holds. Returns the holds."""
        await self.drifts.move(event.id, state, by=by, reason=reason)
        self._live.pop(event.id, None)
        mine = [hold.id for hold in await self._holds.holds() if hold.by == gating.by(event.id)]
        if mine:
            await self._holds.release(mine, by)
        return mine

    async def _let_go(self, event: DriftRow, state: DriftState, by: str, reason: str) -> None:
        """Close an event; what it stopped is read again and decided anew, parents first."""
        await self._close(event, state, by, reason)
        operation = self.operation(event.seen.connection, event.seen.operation)
        if operation is not None:
            operation.forget(Kind(event.seen.kind), event.seen.path)
        await self._waive()
        # what was read while it lasted is still on disk: only reading it anew shows what it is now
        await self._again(event, read_first=state is DriftState.REVERTED)

    async def _again(self, event: DriftRow, *, read_first: bool = False) -> None:
        at = self._connections[event.seen.connection].at
        await self.waiting.again(at, event.seen.operation, read_first=read_first)

    # -- what people order

    async def accept(self, ident: int, by: str, reason: str) -> DriftRow:
        """The new behaviour is right. The contract's edit is stored for an engineer, a release that ends
        by itself lets the records through meanwhile, corrected where that needs no engineer."""
        seen = self._known(ident).seen
        if seen.operation.startswith(gating.AROUND):
            return await self._accept_envelope(ident, by, reason)
        async with self._lock:
            event = self._known(ident)
            await self.keeping.as_it_was(event, self.operation(event.seen.connection, event.seen.operation))
            await self.drifts.propose(event, by=by, reason=reason)
            await self.drifts.grant(event, by=by, reason=reason, lasts=self.settings.grant)
        if seen.correction is not None and self.relens is not None:
            # before anything is let through: cents read through the old lens would pass for dollars
            await self.relens(seen.connection)
        async with self._lock:
            operation = self.operation(seen.connection, seen.operation)
            if operation is not None:
                moved = seen.renames[0][0] if seen.renames else ""
                operation.accept(Kind(seen.kind), seen.path, seen.after, moved)
                await self.keeping.keep(self._connections, force=True)
            await self._close(event, DriftState.ACCEPTED, by, reason)
            await self._waive()
        await self._again(event)
        return event

    async def _accept_envelope(self, ident: int, by: str, reason: str) -> DriftRow:
        async with self._lock:
            event = self._known(ident)
            self._connections[event.seen.connection].around.accept(event.seen.operation, event.seen.path)
            await self.keeping.keep(self._connections, force=True)
            await self._let_go(event, DriftState.ACCEPTED, by, reason)
        return event

    async def revert(self, ident: int, by: str, reason: str) -> DriftRow:
        """It was not right after all: it is open as if it had never been accepted or ignored."""
        async with self._lock:
            event = await self.drifts.event(ident)
            if event is None or event.state not in (DriftState.ACCEPTED, DriftState.IGNORED):
                raise NothingMatched(
                    f"drift {ident} is neither accepted nor ignored", remedy="`syncd drift list --all`"
                )
            mine = event.seen
            if any(gating.same_cause(mine, other.seen) for other in self._live.values()):
                raise NothingMatched("another drift is open there", remedy="decide about that one")
            await self._reopen(event, by, reason)
        if mine.correction is not None and self.relens is not None:
            await self.relens(mine.connection)
        await self._again(event)
        return event

    async def _reopen(self, event: DriftRow, by: str, reason: str) -> None:
        """Held first, then the lens and what was learned as they were."""
        seen, known = event.seen, self._connections[event.seen.connection]
        operation = self.operation(seen.connection, seen.operation)
        lens = operation.lens if operation is not None else None
        for scope in gating.scopes_again(event, known.at, lens):
            await self._holds.hold(scope, gating.reason(event), gating.by(event.id))
        await self.drifts.move(event.id, DriftState.OPEN, by=by, reason=reason)
        await self.drifts.withdraw(event.id)
        await self._refresh(event.id)
        if operation is not None:
            await self.keeping.put_back(event, operation)
            operation.expect(Kind(seen.kind), seen.path)
        await self._waive()
        log.warning("drift open again", id=event.id, connection=seen.connection, path=seen.path)

    async def ignore(self, ident: int, by: str, reason: str) -> DriftRow:
        """It stops nothing at this connection any more, and nobody is told again."""
        async with self._lock:
            event = self._known(ident)
            await self._let_go(event, DriftState.IGNORED, by, reason)
        return event

    async def ack(self, ident: int, by: str, reason: str, until: datetime | None) -> DriftRow:
        """Somebody knows: no reminders until then. Writes stay held."""
        event = self._known(ident)
        await self.drifts.move(ident, DriftState.ACKED, by=by, reason=reason, muted_until=until)
        await self._refresh(ident)
        return event

    def _known(self, ident: int) -> DriftRow:
        if ident not in self._live:
            raise NothingMatched(f"no drift {ident} is open", remedy="`syncd drift list` shows the open ones")
        return self._live[ident]

    async def _waive(self) -> None:
        waivers = await self.accepted.waivers()
        for connection, known in self._connections.items():
            for entity, operation in known.operations.items():
                operation.waive(waivers.get((connection, entity), ()))

    async def _settle_accepted(self) -> Sequence[DriftRow]:
        """Close what stands where it belongs, tell of what ends, open again what ended. Returns the last."""
        every = self._connections.items()
        lenses = {(name, e): lens for name, known in every for e, lens in known.lenses.items()}
        for one in await self.accepted.settle(self.text, lenses):
            await self.keeping.forget(one.drift)
            log.info("accepted drift written down", id=one.drift, connection=one.connection)
        ending = await self.accepted.ending()
        for days, event in ending.values():
            at = self._connections.get(event.seen.connection)
            if at is not None:
                await self._remember(gating.ending_sighting(event, days, at.at), ())
        for told in [e for e in self._live.values() if e.seen.operation == gating.ACCEPTANCE]:
            if told.seen.after["drift"] not in ending:
                await self._close(told, DriftState.REVERTED, "monitor", "it is settled")
        ended = [e for e in await self.accepted.ended() if e.seen.connection in self._connections]
        for event in ended:
            await self._reopen(event, "monitor", "what let it through has ended, and the map is not mended")
        return ended

    # -- now and then

    async def tick(self) -> None:
        """Weigh what came in, let go of what went back, read again what waits, keep what was learned."""
        async with self._lock:
            now = self._clock.now()
            for known in self._connections.values():
                for drift in credentials.countdown(self.facts(known.at.connection), now):
                    await self._login_drift(known, drift)
                await self._weigh(known)
            for event in list(self._live.values()):
                if self._is_over(event):
                    await self._let_go(event, DriftState.REVERTED, "monitor", "it is as it was before")
            await self.waiting.reconsider()
            await self.keeping.keep(self._connections)
            ended: Sequence[DriftRow] = ()
            if self._read_again_at is None or now >= self._read_again_at:
                self._read_again_at = now + self.settings.read_again
                ended = await self._settle_accepted()
                await self._waive()
                await self._look_again()
        for event in ended:
            if self.relens is not None:
                await self.relens(event.seen.connection)

    def _is_over(self, event: DriftRow) -> bool:
        """Whether the platform went back to what it did before a drift."""
        seen, operation = event.seen, self.operation(event.seen.connection, event.seen.operation)
        if seen.after.get(gating.PUBLISHED):
            return False  # answers are as they were all the time
        if operation is not None:
            return operation.reverted(Kind(seen.kind), seen.path, held=event.held_at is not None)
        known = self._connections.get(seen.connection)
        around = seen.operation.startswith(gating.AROUND)
        return around and known is not None and known.around.over(seen.operation)

    async def _look_again(self) -> None:
        for event in self._live.values():
            known = self._connections.get(event.seen.connection)
            if known is not None:
                await self.waiting.look(known.at, event.seen.operation)

    async def close(self) -> None:
        """Put everything learned on disk."""
        async with self._lock:
            await self.keeping.keep(self._connections, force=True)


def _none(_platform: str, _operation: str) -> None:
    """No file says anything."""
