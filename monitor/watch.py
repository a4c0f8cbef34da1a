"""The watch over a site's connections: taps what the engine reads, guards what it decides, holds
before harm, lets go again.

Decisions are made in ``operation``, ``credentials`` and ``gating``; they are carried out here, in
``incidents`` (what is held) and in ``releasing`` (what is let go).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from monitor import credentials, gating, sampling
from monitor.credentials import LoginDrift
from monitor.differences import Kind
from monitor.findings import Finding
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.incidents import Incidents
from monitor.keeping import Keeping
from monitor.operation import Operation
from monitor.releasing import Releases
from monitor.repair import suggest_repair
from monitor.severity import Action
from monitor.waiting import Waiting
from monitor.watched import Connections, Contracts, Holds, Known, Settings
from syncd.core.errors import RefuseRecord
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Clock, Exchange, Grant, HoldRow, Observation, Written
from syncd.ports.drift import DriftRow, DriftState, Fact
from syncd.store.drifts import DriftStore

_AS_BEFORE: Final = "it is as it was before"
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
        self._connections = Connections()
        self._lock = asyncio.Lock()
        self._read_again_at: datetime | None = None
        self._keeping = Keeping(drifts, clock)
        self._incidents = Incidents(holds, drifts)
        self.waiting = Waiting(holds, drifts, clock, self.flows)
        self.releases = Releases(
            self._connections,
            self._incidents,
            self.waiting,
            self._keeping,
            drifts,
            clock,
            self.settings,
            self._lock,
        )

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
        await self._keeping.restore(self._connections)
        for fact in await self.drifts.facts():
            if fact.connection in self._connections:
                self._connections[fact.connection].facts[fact.name] = fact
        for known in self._connections.values():
            self._as_filed(known)
        await self._incidents.load()
        live = self._incidents.live()
        for event in live:
            operation = self.operation(event.seen.connection, event.seen.operation)
            if operation is not None:
                operation.expect(Kind(event.seen.kind), event.seen.path)
            elif event.seen.connection in self._connections:
                self._connections[event.seen.connection].around.expect(event.seen.operation)
        await self.releases.waive()
        open_at = {(event.seen.connection, event.seen.operation) for event in live}
        every = {(name, entity) for name, one in self._connections.items() for entity in one.operations}
        # whatever still waits where nothing is open any more: the process before this one let go of it
        self.waiting.expect(every - open_at)

    def _as_filed(self, known: Known) -> None:
        """Until a connection has said which version it serves, it is the one that its contracts were learned
        from: another one is news at the first answer."""
        filed = (self._contracts(known.at.platform, entity) for entity in known.operations)
        served = next((one.served_version for one in filed if one is not None and one.served_version), "")
        if served and credentials.SERVED not in known.facts:
            now = self._clock.now()
            fact = Fact(known.at.connection, credentials.SERVED, served, now, now)
            known.facts[credentials.SERVED] = fact

    def operation(self, connection: str, entity: str) -> Operation | None:
        return self._connections.operation(connection, entity)

    def facts(self, connection: str) -> Mapping[str, Any]:
        """What a connection's logins and headers say, as far as it is known."""
        return {name: fact.value for name, fact in self._connections[connection].facts.items()}

    def connections(self) -> Sequence[Watched]:
        return [one.at for one in self._connections.values()]

    def flows(self, connection: str, operation: str) -> Sequence[Flow]:
        """Those that read or write an operation; of a login or an envelope, all of the connection's."""
        return self._connections.flows(connection, operation)

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
        await self._said(known)  # first: what differs is told with the version that it came with
        for entity, operation in known.operations.items():
            for finding in operation.weigh(self.flows(known.at.connection, entity)):
                gated = gating.gated(finding, may_hold=operation.may_hold)
                await self._found(known.at, entity, gated)
        for listing, difference in known.around.differences():
            finding = gating.of_envelope(difference, self.flows(known.at.connection, listing))
            await self._found(known.at, listing, finding)

    async def found(self, at: Watched, entity: str, finding: Finding) -> None:
        """Something that was found elsewhere than in what is tapped."""
        async with self._lock:
            await self._found(at, entity, finding)

    async def _found(self, at: Watched, entity: str, finding: Finding) -> None:
        repair = suggest_repair(finding.difference, at.platform, entity, finding.impact)
        seen = gating.sighting(finding, at, entity, repair, gating.version_since(self._incidents.live(), at))
        await self._incidents.remember(seen, gating.scopes(finding, at, entity))

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
        await self._incidents.remember(gating.login_sighting(drift, known.at), scopes)

    async def _back_to(self, known: Known, name: str, value: Any) -> None:
        """A fact is again what it was before a drift that is still open."""
        for event in self._incidents.live():
            mine = event.seen.connection == known.at.connection and event.seen.operation == credentials.LOGIN
            if mine and event.seen.path == name and event.seen.before.get("value") == value:
                await self.releases.let_go(event, DriftState.REVERTED, "monitor", _AS_BEFORE)

    def said(self, connection: str, facts: Mapping[str, Any]) -> None:
        """Facts from elsewhere than an exchange: certificates, metadata, dates from the configuration."""
        known = self._connections.get(connection)
        if known is not None:
            known.seen |= {
                n: v for n, v in facts.items() if n not in known.facts or known.facts[n].value != v
            }

    # -- now and then

    async def tick(self) -> None:
        """Weigh what came in, let go of what went back, read again what waits, keep what was learned."""
        async with self._lock:
            now = self._clock.now()
            for known in self._connections.values():
                for drift in credentials.countdown(self.facts(known.at.connection), now):
                    await self._login_drift(known, drift)
                await self._weigh(known)
            for event in self._incidents.live():
                if self._is_over(event):
                    await self.releases.let_go(
                        event, DriftState.REVERTED, "monitor", "it is as it was before"
                    )
            await self.waiting.reconsider()
            await self._keeping.keep(self._connections)
            ended: Sequence[str] = ()
            if self._read_again_at is None or now >= self._read_again_at:
                self._read_again_at = now + self.settings.read_again
                ended = await self.releases.settle()
                await self._look_again()
        for connection in ended:
            await self.releases.look_anew(connection)

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
        for event in self._incidents.live():
            known = self._connections.get(event.seen.connection)
            if known is not None:
                await self.waiting.look(known.at, event.seen.operation)

    async def close(self) -> None:
        """Put everything learned on disk."""
        async with self._lock:
            await self._keeping.keep(self._connections, force=True)


def _none(_platform: str, _operation: str) -> None:
    """No file says anything."""
