"""The watch over a site's connections: taps what the engine reads, guards what it decides, holds
before harm, lets go again.

Decisions are made in ``operation``, ``credentials`` and ``gating``; here they are carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog

from monitor import credentials, gating
from monitor.contract import Contract
from monitor.credentials import LoginDrift
from monitor.differences import Kind
from monitor.findings import Finding
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.operation import Operation
from monitor.repair import suggest_repair
from monitor.severity import Action
from monitor.watched import Contracts, Holds, Known, Settings
from syncd.core.errors import NothingMatched, RefuseRecord
from syncd.mapping.correcting import Correction
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Clock, Exchange, Grant, HoldRow, Observation
from syncd.ports.drift import DriftRow, DriftState, Fact, LearnedShape, Sighting
from syncd.store.drifts import DriftStore

log = structlog.get_logger(__name__)

_BULK: Final = 20
"""Records of one page that are all looked at ..."""
_OF_BULK: Final = 8
"""... and how many of a longer one: a first load is decided record by record, and learned from by sample."""
_TO_LEARN: Final = 200
"""The same while too little is known."""
_KEEP_EVERY: Final = timedelta(seconds=60)
_PAGE_TWICE: Final = 3
"""Web pages in a row, where JSON was promised, before they are more than a proxy's hiccup."""
_READ_AGAIN_MAX: Final = 50
_HINTS_MAX: Final = 1_000


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
        self._contracts = contracts or _none_filed
        self._secret = secret
        self.settings = settings or Settings()
        self._connections: dict[str, Known] = {}
        self._live: dict[int, DriftRow] = {}
        self._lock = asyncio.Lock()
        self._unread: dict[tuple[str, str], Mapping[str, int]] = {}
        """Where records that waited are still to be read anew: (connection, operation) -> link -> its cycle
        that was deciding when they were let go."""
        self._kept_at: datetime | None = None
        self._read_again_at: datetime | None = None
        self.relens: Callable[[str], Awaitable[None]] | None = None
        """Told when the corrections of a connection have changed."""
        self.under_way: Callable[[str], int] = lambda _link: 0
        """The number of a link's cycle that is under way; 0: none is."""
        self.wake: Callable[[], None] = lambda: None
        """Told when what waited may go on."""

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
        self._connections[at.connection] = Known(at, operations)

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
        learned: dict[tuple[str, str], dict[str, bytes]] = {}
        for shape in await self.drifts.shapes():
            learned.setdefault((shape.connection, shape.operation), {})[shape.role] = shape.data
        for (connection, entity), roles in learned.items():
            operation = self.operation(connection, entity)
            if operation is not None:
                operation.restore(roles.get("baseline"), roles.get("habits"))
        for fact in await self.drifts.facts():
            if fact.connection in self._connections:
                self._connections[fact.connection].facts[fact.name] = fact
        self._live = {event.id: event for event in await self.drifts.events()}
        for event in self._live.values():
            operation = self.operation(event.seen.connection, event.seen.operation)
            if operation is not None:
                operation.expect(Kind(event.seen.kind), event.seen.path)
        await self._waive()
        open_at = {(event.seen.connection, event.seen.operation) for event in self._live.values()}
        every = {(name, entity) for name, one in self._connections.items() for entity in one.operations}
        # whatever still waits where nothing is open any more: the process before this one let go of it
        self._unread = {at: {} for at in every - open_at}

    def operation(self, connection: str, entity: str) -> Operation | None:
        known = self._connections.get(connection)
        return None if known is None else known.operations.get(entity)

    def facts(self, connection: str) -> Mapping[str, Any]:
        """What a connection's logins and headers say, as far as it is known."""
        return {name: fact.value for name, fact in self._connections[connection].facts.items()}

    def connections(self) -> Sequence[Watched]:
        return [one.at for one in self._connections.values()]

    def flows(self, connection: str, operation: str) -> Sequence[Flow]:
        """Those that read or write an operation; of a login, all of the connection's."""
        known = self._connections.get(connection)
        if known is None:
            return ()
        return [f for f in known.at.flows if operation in (f.entity, credentials.LOGIN)]

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

    def granted(self, connection: str, grant: Grant) -> None:
        known = self._connections.get(connection)
        if known is not None:
            known.seen |= credentials.of_grant(grant)

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:
        operation = self.operation(connection, entity)
        if operation is None:
            return
        operation.poll()
        most = _OF_BULK if operation.ready else _TO_LEARN
        step = 1 if len(shown) <= _BULK else max(1, len(shown) // most)
        first = operation.baseline.polls % step  # another walk over the same records looks at others
        for one in shown[first::step]:
            if one.gone:
                continue
            try:
                record = orjson.loads(one.raw)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                operation.sample(one.key, record)
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
                await self._found(known.at, entity, operation, finding)
        await self._said(known)

    async def _found(self, at: Watched, entity: str, operation: Operation, found: Finding) -> None:
        finding = gating.gated(found, may_hold=operation.may_hold)
        assert operation.contract is not None
        repair = suggest_repair(finding.difference, operation.contract, finding.impact)
        seen = gating.sighting(finding, at, entity, repair)
        await self._remember(seen, gating.scopes(finding, at, entity))

    async def _remember(self, seen: Sighting, scopes: Sequence[str]) -> None:
        """One live event a place: a later look that knows more takes the place of the earlier one."""
        older = [one for one in self._live.values() if gating.same_cause(seen, one.seen)]
        for one in older:
            if one.seen.fingerprint == seen.fingerprint:
                if one.held_at is not None and not gating.supersedes(seen, one.seen):
                    seen = replace(seen, level=one.seen.level, action=one.seen.action)
            elif not gating.supersedes(seen, one.seen):
                return
        event, new = await self.drifts.sighted(seen)
        self._live[event.id] = event
        if new:
            log.warning(
                "drift",
                id=event.id,
                connection=seen.connection,
                operation=seen.operation,
                path=seen.path,
                kind=seen.kind,
                level=seen.level,
            )
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
            fresh = await self.drifts.event(event.id)
            assert fresh is not None
            self._live[event.id] = fresh
            log.error("writes held", id=event.id, connection=event.seen.connection, path=event.seen.path)

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
        known.facts |= {fact.name: fact for fact in fresh}
        await self.drifts.keep_facts(fresh)

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
        await self.again(event, read_first=state is DriftState.REVERTED)

    async def again(self, event: DriftRow, *, read_first: bool = False) -> None:
        """What the event's operation has waiting is announced, so that it is read as it is now, and due;
        ``read_first``: due only once it was read."""
        at = event.seen.connection, event.seen.operation
        flows = [(f.link, f.entity) for f in self.flows(*at)]
        await self._announce(self._connections[at[0]], flows)
        # a cycle under way may have objected to a record already and not have put it away yet
        self._unread[at] = {link: self.under_way(link) for link, _ in flows}
        if not read_first:
            await self.drifts.reconsider(flows)
        self.wake()

    async def _reconsider(self) -> None:
        """Decide anew what was announced and has been read since, once the cycles are over that may still
        quarantine a record for what was let go meanwhile."""
        for (connection, entity), deciding in list(self._unread.items()):
            announced = await self._holds.hints(connection, _HINTS_MAX)
            unread = any(entity in (of, credentials.LOGIN) for _, of, _ in announced)
            if unread or any(number and self.under_way(link) == number for link, number in deciding.items()):
                continue
            del self._unread[connection, entity]
            await self.drifts.reconsider([(f.link, f.entity) for f in self.flows(connection, entity)])
            self.wake()

    async def _announce(
        self, known: Known, flows: Sequence[tuple[str, str]], most: int | None = None
    ) -> None:
        for waiting in await self.drifts.waiting(flows):
            side = known.at.sides.get(waiting.link, "")
            keys = list(waiting.keys.get(side, ()))[:most]
            if keys:
                delivery = f"drift-{waiting.link}-{self._clock.now().isoformat()}"
                await self._holds.add_hints(
                    known.at.connection, [(waiting.entity, key) for key in keys], delivery
                )

    # -- what people order

    async def accept(self, ident: int, by: str, reason: str) -> DriftRow:
        """The new behaviour is right. The contract's edit is stored for an engineer, a release that ends
        by itself lets the records through meanwhile, corrected where that needs no engineer."""
        async with self._lock:
            event = self._known(ident)
            await self.drifts.propose(event, by=by, reason=reason)
            await self.drifts.grant(event, by=by, reason=reason, lasts=self.settings.grant)
        if event.seen.correction is not None and self.relens is not None:
            # before anything is let through: cents read through the old lens would pass for dollars
            await self.relens(event.seen.connection)
        async with self._lock:
            operation = self.operation(event.seen.connection, event.seen.operation)
            if operation is not None:
                moved = event.seen.renames[0][0] if event.seen.renames else ""
                operation.accept(Kind(event.seen.kind), event.seen.path, event.seen.after, moved)
                await self._keep(force=True)
            await self._close(event, DriftState.ACCEPTED, by, reason)
            await self._waive()
        await self.again(event)
        return event

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
        fresh = await self.drifts.event(ident)
        assert fresh is not None
        self._live[ident] = fresh
        return event

    def _known(self, ident: int) -> DriftRow:
        if ident not in self._live:
            raise NothingMatched(f"no drift {ident} is open", remedy="`syncd drift list` shows the open ones")
        return self._live[ident]

    async def corrections(self, connection: str) -> Mapping[str, Sequence[Correction]]:
        """Entity -> what was accepted about it and is not in the map itself yet."""
        granted = {grant.drift for grant in await self.drifts.grants()}
        found: dict[str, list[Correction]] = {}
        for one in await self.drifts.proposals():
            if one.connection == connection and one.drift in granted and one.correction is not None:
                changes = [Correction.of(change) for change in one.correction["corrections"]]
                found.setdefault(one.operation, []).extend(changes)
        return found

    async def _waive(self) -> None:
        granted = {grant.drift for grant in await self.drifts.grants()}
        past = await self.drifts.events((DriftState.ACCEPTED, DriftState.IGNORED))
        counting = [e for e in past if e.state is DriftState.IGNORED or e.id in granted]
        for connection, known in self._connections.items():
            for entity, operation in known.operations.items():
                mine = [e for e in counting if (e.seen.connection, e.seen.operation) == (connection, entity)]
                operation.waive(waiver for e in mine if (waiver := gating.waiver(e)) is not None)

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
                operation = self.operation(event.seen.connection, event.seen.operation)
                if operation is not None and operation.reverted(
                    Kind(event.seen.kind), event.seen.path, held=event.held_at is not None
                ):
                    await self._let_go(event, DriftState.REVERTED, "monitor", "it is as it was before")
            await self._reconsider()
            await self._keep()
            if self._read_again_at is None or now >= self._read_again_at:
                self._read_again_at = now + self.settings.read_again
                await self._waive()
                await self._look_again()

    async def _look_again(self) -> None:
        for event in self._live.values():
            known = self._connections.get(event.seen.connection)
            if known is not None:
                flows = self.flows(event.seen.connection, event.seen.operation)
                await self._announce(known, [(f.link, f.entity) for f in flows], _READ_AGAIN_MAX)

    async def _keep(self, *, force: bool = False) -> None:
        now = self._clock.now()
        if not force and self._kept_at is not None and now - self._kept_at < _KEEP_EVERY:
            return
        self._kept_at = now
        learned: list[LearnedShape] = []
        for connection, known in self._connections.items():
            for entity, operation in known.operations.items():
                if operation.changed:
                    operation.changed = False
                    parts = zip(("baseline", "habits"), operation.to_bytes(), strict=True)
                    records = operation.baseline.records
                    learned += [
                        LearnedShape(connection, entity, "", role, data, records, now) for role, data in parts
                    ]
        await self.drifts.keep_shapes(learned)

    async def close(self) -> None:
        """Put everything learned on disk."""
        async with self._lock:
            await self._keep(force=True)


def _none_filed(_platform: str, _operation: str) -> Contract | None:
    return None
