"""What an operator may do, in this process: the ``Operator`` that the daemon serves and the CLI uses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from syncd.api.models import (
    ConnectionStatus,
    Done,
    HeldItem,
    HoldView,
    Life,
    LinkStatus,
    MatchItem,
    PlanView,
    Progress,
    QuarantineItem,
    SendResult,
    Status,
    SyncReport,
)
from syncd.core.errors import FixInput, NothingMatched
from syncd.core.model import PairState, Side
from syncd.engine import decide as deciding
from syncd.engine import views
from syncd.engine.cycle import CycleOutcome, LinkEngine
from syncd.engine.observe import Read, observe_keys, store_seen
from syncd.engine.questions import AskingStore, Doubts, Matching
from syncd.engine.setup import FlowSetup
from syncd.ports import EVERYTHING, BridgeChannel, Clock, Seen

_BRING_ALONG_MAX = 5
"""How deep one record on command brings along what it refers to (invoice, job, location, customer)."""
_QUARANTINE_MAX = 1_000


class Memory(AskingStore, Protocol):
    """Every face of the store."""

    async def refused_keys(self, which: Sequence[int]) -> Sequence[tuple[str, str, Side, str]]:
        """(link, entity, side, key) of the records of these pairs."""


class LocalOperator:
    """Implements ``api.operator.Operator`` over the links of this process."""

    def __init__(
        self,
        links: Mapping[str, LinkEngine],
        store: Memory,
        clock: Clock,
        connections: Mapping[str, tuple[str, BridgeChannel | None]],
        *,
        version: str,
        daemon: bool,
        intervals: Mapping[str, float],
        ready: Callable[[str], Awaitable[None]],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """``connections``: name -> (platform, the channel to its bridge if it has one);
        ``intervals``: link -> seconds between two scheduled cycles; ``ready``: returns when the
        bridges of a link have dialled in, raises ``RetryLater`` if they do not; ``wake``: have every link
        look for work soon, where somebody keeps them running."""
        self._links = links
        self._store = store
        self._clock = clock
        self._connections = connections
        self._version = version
        self._daemon = daemon
        self._intervals = intervals
        self._ready = ready
        self._wake = wake
        self._matching = Matching(links, store)
        self._doubts = Doubts(links, store)

    # -- looking

    async def status(self, link: str | None = None) -> Status:
        errors = await self._store.stream_errors()
        links = [await self._link_status(engine, errors) for engine in self._chosen(link)]
        return Status(
            version=self._version,
            at=self._clock.now(),
            daemon=self._daemon,
            links=links,
            connections=self._connection_status(errors),
        )

    async def _link_status(self, engine: LinkEngine, errors: Mapping[tuple[str, str], str]) -> LinkStatus:
        setup = engine.setup
        connections = [end.connection for end in setup.ends.values()]
        return views.link_status(
            setup,
            await self._store.flow_lines(setup.name),
            await self._store.link_holds(setup.name, connections),
            {key: error for key, error in errors.items() if key[0] in connections and error},
            self._clock.now(),
            self._intervals.get(setup.name),
            await self._store.spent(setup.name),
        )

    def _connection_status(self, errors: Mapping[tuple[str, str], str]) -> list[ConnectionStatus]:
        return [
            # who only looks in does not wait for a bridge to dial in: whether it would is not known
            views.connection_status(
                name, platform, channel.connected if channel and self._daemon else None, errors
            )
            for name, (platform, channel) in self._connections.items()
        ]

    async def explain(self, entity: str, ident: str, link: str | None = None) -> Sequence[Life]:
        found = await self._store.lives(entity, ident, link)
        lives = []
        for one in found:
            flow = self._links[one.link].setup.flow(entity) if one.link in self._links else None
            if flow is not None:
                asked = deciding.references(flow, [deciding.parse(flow, one.row)])
                lives.append(views.life(flow, one, await self._store.counterparts(one.link, asked)))
        if not lives:
            carried = {flow.entity for engine in self._links.values() for flow in engine.setup.flows}
            if entity not in carried:
                raise NothingMatched(f"no link has a flow {entity!r}", remedy=f"known: {_few(carried)}")
            raise NothingMatched(
                f"no {entity} {ident!r} has been seen",
                remedy="the key of either side, or its number, exactly",
            )
        return lives

    async def quarantine(self, link: str | None = None) -> Sequence[QuarantineItem]:
        if link is not None:
            self._chosen(link)
        refused = await self._store.quarantined(link, _QUARANTINE_MAX)
        return [
            views.quarantine_item(flow, one)
            for one in refused
            if one.link in self._links and (flow := self._links[one.link].setup.flow(one.entity)) is not None
        ]

    async def plan(self, link: str, flow: str | None = None, limit: int = 200) -> PlanView:
        (engine,) = self._chosen(link)
        self._check_flow(engine, flow)
        await self._ready(link)
        async with self._store.scratch() as scratch:
            trial = engine.on(scratch)
            planned = await trial.preview(None if flow is None else [flow])
        return views.plan_view(engine.setup, planned, limit)

    # -- acting

    async def sync(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | SyncReport]:
        for engine in self._chosen(link):
            self._check_flow(engine, flow)
            async for event in self._sync_one(engine, flow, actor):
                yield event

    async def _sync_one(
        self, engine: LinkEngine, flow: str | None, actor: str
    ) -> AsyncIterator[Progress | SyncReport]:
        steps: asyncio.Queue[Progress | None] = asyncio.Queue()
        name = engine.setup.name
        await self._ready(name)

        def step(entity: str, phase: str, done: int, total: int | None) -> None:
            steps.put_nowait(Progress(link=name, flow=entity, phase=phase, done=done, total=total))

        async def run() -> CycleOutcome:
            try:
                await engine.take_hints()
                return await engine.cycle(
                    entities=None if flow is None else [flow], progress=step, actor=actor
                )
            finally:
                steps.put_nowait(None)

        started = self._clock.now()
        running = asyncio.create_task(run(), name=f"sync-{name}")
        try:
            while (one := await steps.get()) is not None:
                yield one
            outcome = await running
        finally:
            if not running.done():
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
        yield views.sync_report(outcome, (self._clock.now() - started).total_seconds())

    async def send(self, link: str, entity: str, number: str, actor: str = "") -> SendResult:
        (engine,) = self._chosen(link)
        flow = self._check_flow(engine, entity)
        assert flow is not None
        await self._ready(link)
        side, seen = await self._find(flow, number)
        # ordered within the link's turn: a cycle under way has decided about it already, and would take
        # the order for carried out
        async with engine.turn:
            pair = await self._force(engine, flow, side, seen)
            only: dict[str, list[int]] = {entity: [pair]}
            brought: dict[tuple[Side, str, str], int] = {}
            for _ in range(_BRING_ALONG_MAX):
                await engine.cycle_in_turn(entities=list(only), only=only, actor=actor)
                if not await self._bring_along(engine, only, brought, pair):
                    break
        life = await self._store.life(pair)
        assert life is not None
        return views.send_result(flow, life, number)

    async def _find(self, flow: FlowSetup, number: str) -> tuple[Side, Seen]:
        for side in views.source_sides(flow):
            found = await flow.ends[side].connector.search(flow.entity, number)
            if len(found) == 1:
                return side, found[0]
            if found:
                keys = ", ".join(seen.key for seen in found[:5])
                raise NothingMatched(
                    f"{len(found)} {flow.entity} records are called {number!r} on the {side.value}: {keys}",
                    remedy="give the key of the one that is meant",
                )
        raise NothingMatched(f"{flow.link}: no {flow.entity} is called {number!r}")

    async def _force(self, engine: LinkEngine, flow: FlowSetup, side: Side, seen: Seen) -> int:
        end = flow.ends[side]
        stream = await self._store.stream(end.connection, flow.entity)
        await store_seen(self._store, end, stream, [seen], Read())
        row = await self._store.flow(engine.setup.name, flow.entity)
        return await self._store.force(row, side, stream.id, seen.key)

    async def _bring_along(
        self,
        engine: LinkEngine,
        only: dict[str, list[int]],
        brought: dict[tuple[Side, str, str], int],
        pair: int,
    ) -> bool:
        """Order what a pair waits for or, where that waits itself, what that waits for (invoice, job,
        customer). False: it waits for nothing that is not on its way already."""
        life = await self._store.life(pair)
        for _ in range(_BRING_ALONG_MAX):
            if life is None or life.row.state is not PairState.WAITING or life.row.waits is None:
                break
            waits = life.row.waits
            if waits not in brought:
                parent = await self._order(engine, waits)
                if parent is None:
                    return False
                brought[waits] = parent
                only.setdefault(waits[1], []).append(parent)
                return True
            life = await self._store.life(brought[waits])
        return False

    async def _order(self, engine: LinkEngine, wanted: tuple[Side, str, str]) -> int | None:
        """The pair of a record that another refers to, read and due now; None if it cannot be had."""
        side, entity, key = wanted
        parent = engine.setup.flow(entity)
        if parent is None or side not in parent.specs:
            return None
        await observe_keys(self._store, parent.ends[side], entity, [key])
        stream = await self._store.stream(parent.ends[side].connection, entity)
        if not await self._store.known(stream.id, [key]):
            return None
        row = await self._store.flow(engine.setup.name, entity)
        return await self._store.force(row, side, stream.id, key)

    async def quarantine_retry(self, ids: Sequence[int], actor: str = "") -> Done:
        await self._announce(ids)
        count = await self._store.requeue(ids, actor)
        self._wake()
        return Done(count=count, message=f"{count} to be decided again in the next cycle", ids=list(ids))

    async def _announce(self, pairs: Sequence[int]) -> None:
        """Have these refused records read again before they are decided: what was mended at its source,
        or came damaged once, need not stand in any later listing."""
        by_connection: dict[str, list[tuple[str, str]]] = {}
        for link, entity, side, key in await self._store.refused_keys(pairs):
            flow = self._links[link].setup.flow(entity) if link in self._links else None
            if flow is not None:
                by_connection.setdefault(flow.ends[side].connection, []).append((entity, key))
        for connection, records in by_connection.items():
            await self._store.add_hints(connection, records, f"retry-{self._clock.now().isoformat()}")

    async def quarantine_skip(self, ids: Sequence[int], reason: str, actor: str = "") -> Done:
        count = await self._store.skip(ids, reason, actor)
        return Done(count=count, message=f"{count} left alone until they change", ids=list(ids))

    # -- what only a person can say

    async def matches(
        self, link: str | None = None, flow: str | None = None, limit: int = 200
    ) -> Sequence[MatchItem]:
        return await self._matching.open(self._chosen(link), flow, limit)

    async def match_accept(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        done = await self._matching.accept(choices, actor)
        self._wake()
        return done

    async def match_reject(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        done = await self._matching.reject(choices, actor)
        self._wake()
        return done

    async def held(self, link: str | None = None) -> Sequence[HeldItem]:
        if link is not None:
            self._chosen(link)
        return await self._doubts.open(link)

    async def held_show(self, ident: int) -> HeldItem:
        return await self._doubts.show(ident)

    async def held_settle(self, ident: int, key: str | None, actor: str = "") -> Done:
        done = await self._doubts.settle(ident, key, actor)
        self._wake()
        return done

    async def hold(self, scope: str, reason: str, actor: str = "") -> HoldView:
        self._check_scope(scope)
        return views.hold_view(await self._store.hold(scope, reason, actor))

    async def release(self, ids: Sequence[int], actor: str = "") -> Done:
        count = await self._store.release(ids, actor)
        if not count:
            raise NothingMatched("none of these holds is open", remedy="`syncd status` shows the open ones")
        self._wake()
        return Done(count=count, message=f"{count} released; what waited is planned anew", ids=list(ids))

    def _check_scope(self, scope: str) -> None:
        """A hold that names nothing would hold nothing, and nobody would notice."""
        kind, _, name = scope.partition(":")
        of_link = name.partition("/")[0]
        links = {"link": name, "flow": of_link, "field": of_link, "record": of_link}
        if scope == EVERYTHING or (kind == "connection" and name in self._connections):
            return
        if kind in links and links[kind] in self._links:
            _, entity, rest = [*name.split("/", 2), "", ""][:3]
            flow = self._links[links[kind]].setup.flow(entity)
            carried = {field.name for field in flow.policy.fields} if flow else set()
            if kind == "link" or (flow and (kind != "field" or rest in carried)):
                return
        raise FixInput(
            f"{scope!r} names nothing that can be held",
            remedy="everything, connection:NAME, link:NAME, flow:LINK/ENTITY, field:LINK/ENTITY/FIELD or "
            f"record:LINK/ENTITY/KEY; links: {_few(self._links)}; connections: {_few(self._connections)}",
        )

    # -- choosing

    def _chosen(self, link: str | None) -> list[LinkEngine]:
        if link is None:
            return list(self._links.values())
        if link not in self._links:
            raise NothingMatched(f"no link is called {link!r}", remedy=f"known: {_few(self._links)}")
        return [self._links[link]]

    @staticmethod
    def _check_flow(engine: LinkEngine, flow: str | None) -> FlowSetup | None:
        if flow is None:
            return None
        found = engine.setup.flow(flow)
        if found is None:
            known = ", ".join(f.entity for f in engine.setup.flows)
            raise NothingMatched(f"{engine.setup.name} has no flow {flow!r}", remedy=f"it has: {known}")
        return found


_NAMED = 20


def _few(names: Collection[str]) -> str:
    """Names for a remedy: a site may have thousands."""
    more = len(names) - _NAMED
    return ", ".join(sorted(names)[:_NAMED]) + (f" and {more} more" if more > 0 else "") or "none"
