"""One cycle of a link: settle what is in doubt, read, decide, brake, write down, apply. Parents first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.core.brakes import Trip
from syncd.core.model import Side
from syncd.engine.apply import Applier
from syncd.engine.decide import Decided
from syncd.engine.flow_run import FlowOutcome, FlowRun, Progress, as_plan, silent
from syncd.engine.gate import Gate
from syncd.engine.observe import Count, observe_announced, read_stream
from syncd.engine.recover import Recovery
from syncd.engine.setup import FlowSetup, LinkSetup
from syncd.engine.stopping import Stop
from syncd.engine.sweep import sweep
from syncd.ports import Clock, FlowState, Store, StreamRow
from syncd.ports.tenure import ToOneself
from syncd.ports.watching import trying

__all__ = ["BOTH", "CycleOutcome", "FlowOutcome", "LinkEngine", "Preview", "as_plan"]

_ROUNDS_MAX = 4
"""Times the flows are gone through in one cycle: a parent's write wakes those who wait for it."""
_HINTS_MAX = 500
BOTH = frozenset(Side)


@dataclass(slots=True)
class CycleOutcome:
    """What one cycle of a link came to."""

    link: str
    flows: dict[str, FlowOutcome]

    @property
    def writes(self) -> int:
        return sum(
            t.created + t.updated + t.deleted + t.actions for t in (f.tally for f in self.flows.values())
        )


Announced = Mapping[tuple[Side, str], Mapping[str, int]]
"""Where (side, entity) -> the records' keys, and what announced each."""


@dataclass(slots=True)
class _Cycle:
    """One cycle under way: what it reads and decides about, what it came to."""

    outcome: CycleOutcome
    flows: Sequence[FlowSetup]
    """What it may decide about; those in which nothing waits cost nothing."""
    walks: Mapping[str, frozenset[Side]]
    """The streams it reads, by flow."""
    asleep: set[str] = field(default_factory=set)
    """Flows that nothing was announced of: gone through only if one of their records waited for what was."""
    announced: Announced = field(default_factory=dict)
    states: Mapping[str, FlowState] = field(default_factory=dict)
    """How the flows stood when they were last looked at."""
    only: Mapping[str, Sequence[int]] | None = None
    progress: Progress = silent
    actor: str = ""
    full: bool = False

    def report(self, entity: str) -> FlowOutcome:
        return self.outcome.flows.setdefault(entity, FlowOutcome(entity))


@dataclass(frozen=True, slots=True)
class Preview:
    """What one flow would do."""

    setup: FlowSetup
    decided: Sequence[Decided]
    trips: Sequence[Trip]
    error: str = ""


class LinkEngine:
    """Runs one link. One cycle at a time: whoever calls ``cycle`` waits for the one under way."""

    def __init__(
        self,
        setup: LinkSetup,
        store: Store,
        clock: Clock,
        gates: Mapping[str, Gate],
        turn: ToOneself | None = None,
    ) -> None:
        """``turn``: how to have the link to oneself, where other processes run it, too."""
        self.store = store
        self._clock = clock
        self._gates = gates
        self.turn: ToOneself = turn or asyncio.Lock()
        """The link to oneself: no cycle decides while its holder changes what would be decided about."""
        self.stopping = Stop()
        """Set: begin nothing more. What is on the wire is finished; what is planned is planned anew at the
        next start."""
        self._recovered = False
        self._begun = 0
        self._take(setup)

    def _take(self, setup: LinkSetup) -> None:
        self.setup = setup
        flows = {f.entity: f for f in setup.flows}
        self.applier = Applier(self.store, flows, self._gates)
        self.applier.stopping = self.stopping
        self._recovery = Recovery(self.store, flows, self.applier)

    @property
    def under_way(self) -> int:
        """The number of the cycle that is under way; 0: none is."""
        return self._begun if self.turn.locked() else 0

    async def adopt(self, setup: LinkSetup) -> None:
        """Go on with other lenses or rules, once the cycle under way is over."""
        async with self.turn:
            self._take(setup)

    def was_elsewhere(self) -> None:
        """Another process has run it since: what that one left half done is looked at first."""
        self._recovered = False

    async def recover(self) -> int:
        """What the process before this one left half done; the first cycle does it before anything else.
        Returns how many writes were in doubt."""
        settle_s = {end.connection: end.connector.capabilities.settle_s for end in self.setup.ends.values()}
        doubtful = await self.store.recover(self.setup.name, settle_s)
        # only now: one that failed must be tried again, or what was sent is never looked at
        self._recovered = True
        return doubtful

    async def cycle(
        self,
        *,
        entities: Sequence[str] | None = None,
        poll: frozenset[Side] = BOTH,
        only: Mapping[str, Sequence[int]] | None = None,
        progress: Progress = silent,
        actor: str = "",
    ) -> CycleOutcome:
        """``entities``: just these flows. ``poll``: the sides to read first; what is stored and announced
        is acted on in any case. ``only``: just these pairs, by flow (one record on command)."""
        async with self.turn:
            return await self.cycle_in_turn(
                entities=entities, poll=poll, only=only, progress=progress, actor=actor
            )

    async def cycle_in_turn(
        self,
        *,
        entities: Sequence[str] | None = None,
        poll: frozenset[Side] = BOTH,
        only: Mapping[str, Sequence[int]] | None = None,
        progress: Progress = silent,
        actor: str = "",
    ) -> CycleOutcome:
        """``cycle`` for who has the turn already."""
        this = self._cycle(entities, poll, progress=progress)
        this.only, this.actor = only, actor
        return await self._run(this)

    def _cycle(
        self,
        entities: Sequence[str] | None,
        poll: frozenset[Side] = BOTH,
        *,
        progress: Progress = silent,
        full: bool = False,
    ) -> _Cycle:
        flows = [f for f in self.setup.flows if entities is None or f.entity in entities]
        outcome = CycleOutcome(self.setup.name, {f.entity: FlowOutcome(f.entity) for f in flows})
        return _Cycle(outcome, flows, {f.entity: poll for f in flows}, progress=progress, full=full)

    async def _run(self, this: _Cycle) -> CycleOutcome:
        self._begun += 1
        if not self._recovered:
            await self.recover()
        # broken off in the middle, it leaves writes that nobody waits for: recover before the next
        self._recovered = False
        this.states = await self._states()
        # what was due there before has its own time
        this.flows = [f for f in this.flows if f.entity not in this.asleep or not this.states[f.entity].due]
        if any(state.doubtful for state in this.states.values()):
            first = next(iter(this.outcome.flows.values()), FlowOutcome(""))
            await self._recovery.settle_due(self.setup.name, self._clock.now(), first.tally)
        await self.stopping.unless_set(self._read(this, this.walks))
        # what that brought may have a twin on the announced side that nobody has announced yet
        news = {e: BOTH - sides for e, sides in this.walks.items() if sides and this.report(e).changed}
        if any(news.values()):
            await self.stopping.unless_set(self._read(this, news))
        for number in range(_ROUNDS_MAX):
            if self.stopping.is_set() or not await self._round(this, again=number > 0):
                break
        self._recovered = not self.stopping.is_set()
        return this.outcome

    async def _states(self) -> Mapping[str, FlowState]:
        """How every flow of the link stands now."""
        ends = {side: end.connection for side, end in self.setup.ends.items()}
        return await self.store.states(self.setup.name, ends, {f.entity: f.specs for f in self.setup.flows})

    async def sweep(
        self, *, entities: Sequence[str] | None = None, progress: Progress = silent
    ) -> CycleOutcome:
        """Read both sides in full, also what says it did not change, and note what is not there any more.
        Decides and writes nothing: that is for the next cycle."""
        async with self.turn:
            this = self._cycle(entities, progress=progress, full=True)
            this.states = await self._states()
            await self._read(this, this.walks)
            for flow in this.flows:
                if not this.report(flow.entity).error:
                    await self._flow_run(this, flow).take_note()
            return this.outcome

    async def drain(self, *, scheduled: bool) -> CycleOutcome:
        """What a wake-up means: read everything when it is time, else only what was announced; then decide
        what is to be decided.

        An announcement says nothing of the other side, so that one is read too: what stands there by
        now must be known before a record is created beside it.
        """
        async with self.turn:
            announced = await self._announced()
            this = self._cycle(None, BOTH if scheduled else frozenset())
            if announced and not scheduled:
                this.walks = {
                    flow.entity: BOTH - sides
                    for flow in self.setup.flows
                    if (sides := {side for side, entity in announced if entity == flow.entity})
                }
                this.asleep = {f.entity for f in self.setup.flows} - this.walks.keys()
                this.outcome.flows = {entity: FlowOutcome(entity) for entity in this.walks}
            this.announced = announced
            return await self._run(this)

    def on(self, store: Store) -> LinkEngine:
        """The same link over another store: a scratch copy, to try things on."""
        return LinkEngine(self.setup, store, self._clock, self._gates)

    async def preview(self, entities: Sequence[str] | None = None) -> list[Preview]:
        """Steps 1 and 2 only: read, match, decide, weigh; nothing is written down or sent.

        Run it on a scratch store: reading and matching move that store's state.
        """
        this = self._cycle(entities)
        this.states = await self._states()
        previews = []
        with trying():
            await self._read(this, this.walks)
            for flow in this.flows:
                report = this.report(flow.entity)
                decided: Sequence[Decided] = ()
                if not report.error:
                    decided = await self._flow_run(this, flow).consider()
                previews.append(Preview(flow, decided, report.trips, report.error))
        return previews

    async def take_hints(self) -> None:
        """Fetch the records that were announced."""
        async with self.turn:
            for (side, entity), keys in (await self._announced()).items():
                await self._look(side, entity, keys)

    async def _announced(self) -> Announced:
        found: dict[tuple[Side, str], dict[str, int]] = {}
        for side, end in self.setup.ends.items():
            for ident, entity, key in await self.store.hints(end.connection, _HINTS_MAX):
                found.setdefault((side, entity), {})[key] = ident
        return found

    async def _look(self, side: Side, entity: str, keys: Mapping[str, int]) -> None:
        end = self.setup.ends[side]
        if entity in end.connector.capabilities.entities:
            stream = await self.store.stream(end.connection, entity)
            await observe_announced(self.store, end, stream, keys)
        else:
            await self.store.hints_done(list(keys.values()))

    async def _read(self, this: _Cycle, walks: Mapping[str, frozenset[Side]]) -> None:
        """Streams side by side; of each what was announced first, then its walk."""
        walking = {
            (side, flow.entity): this.states[flow.entity].streams[side]
            for flow in this.flows
            if flow.entity in walks
            for side in flow.specs
            if side in walks[flow.entity] or _outdated(flow, this.states[flow.entity], side)
        }
        announced, this.announced = this.announced, {}
        async with asyncio.TaskGroup() as group:
            for place in {**announced, **walking}:
                keys, stream = announced.get(place, {}), walking.get(place)
                group.create_task(self._read_stream(this, place, keys, stream))
        this.states = await self._states()

    async def _read_stream(
        self, this: _Cycle, place: tuple[Side, str], keys: Mapping[str, int], walk: StreamRow | None
    ) -> None:
        side, entity = place
        if keys:
            await self._look(side, entity, keys)
        if walk is None:
            return
        end, outcome = self.setup.ends[side], this.report(entity)
        count: Count = lambda n: this.progress(entity, f"reading {side.value}", n, None)  # noqa: E731
        if this.full:
            read = await sweep(self.store, end, walk, self._clock.now(), count)
        else:
            read = await read_stream(self.store, end, walk, count=count)
        outcome.read += read.records
        outcome.changed += read.changed
        outcome.error = outcome.error or read.error
        outcome.incomplete = outcome.incomplete or read.incomplete

    async def _round(self, this: _Cycle, *, again: bool) -> int:
        """Every flow in which something waits, once. Returns how many pairs were decided."""
        decided = 0
        for flow in this.flows:
            if self.stopping.is_set():
                break
            if flow.entity in this.asleep:
                if not this.states[flow.entity].due:
                    continue
                # a record that waited for an announced one is decided on what both sides show by now
                this.asleep.remove(flow.entity)
                await self.stopping.unless_set(self._read(this, {flow.entity: BOTH}))
            elif not _waits(flow, this.states[flow.entity], again=again):
                continue
            report = this.report(flow.entity)
            if report.error or report.trips:
                continue  # a side that cannot be read must not be decided about: absence is no evidence
            if done := await self._flow_run(this, flow).run():
                decided += done
                this.states = await self._states()  # others may have waited for these
        return decided

    def _flow_run(self, this: _Cycle, flow: FlowSetup) -> FlowRun:
        pairs = None if this.only is None else this.only.get(flow.entity, ())
        state, report = this.states[flow.entity], this.report(flow.entity)
        return FlowRun(self.store, self.applier, flow, state, report, this.progress, this.actor, pairs)


def _outdated(flow: FlowSetup, state: FlowState, side: Side) -> bool:
    """Whether what is stored was read through another lens: the platform may spell it otherwise by now, so it
    is read anew before anything is decided from it. Pure."""
    return state.streams[side].fingerprint not in ("", flow.specs[side].map.fingerprint())


def _waits(flow: FlowSetup, state: FlowState, *, again: bool) -> bool:
    """Whether there is anything to do in a flow; ``again``: once it was gone through, its news are what it
    wrote itself. Pure."""
    row = state.flow
    if state.due or state.merged or row.ceiling:
        return True
    unread = any(stream.fingerprint == "" for stream in state.streams.values())
    settled = row.first_sync_done and row.fingerprint == flow.fingerprint()
    return not again and (state.news > 0 or unread or not settled)
