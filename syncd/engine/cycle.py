"""One cycle of a link: settle what is in doubt, read, decide, brake, write down, apply. Parents first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.core.brakes import Trip
from syncd.core.model import Side
from syncd.engine.apply import Applier, Tally
from syncd.engine.decide import Decided
from syncd.engine.flow_run import FlowOutcome, FlowRun, Progress, as_plan, silent
from syncd.engine.gate import Gate
from syncd.engine.observe import Count, observe_keys, read_stream
from syncd.engine.recover import Recovery
from syncd.engine.setup import FlowSetup, LinkSetup
from syncd.engine.sweep import sweep
from syncd.ports import Clock, Store
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
        self.stopping = asyncio.Event()
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
        self._begun += 1
        if not self._recovered:
            await self.recover()
        # broken off in the middle, it leaves writes that nobody waits for: recover before the next
        self._recovered = False
        flows = [f for f in self.setup.flows if entities is None or f.entity in entities]
        outcome = CycleOutcome(self.setup.name, {f.entity: FlowOutcome(f.entity) for f in flows})
        doubt = Tally()
        await self._recovery.settle_due(self.setup.name, self._clock.now(), doubt)
        if flows:
            outcome.flows[flows[0].entity].tally = doubt
        await self._unless_stopped(self._read(flows, poll, outcome, progress))
        if poll and poll != BOTH:
            # what that brought may have a twin on the announced side that nobody has announced yet
            news = [flow for flow in flows if outcome.flows[flow.entity].changed]
            await self._unless_stopped(self._read(news, BOTH - poll, outcome, progress))
        for _ in range(_ROUNDS_MAX):
            if self.stopping.is_set() or not await self._round(flows, outcome, only, progress, actor):
                break
        self._recovered = not self.stopping.is_set()
        return outcome

    async def _unless_stopped(self, reading: Coroutine[Any, Any, None]) -> None:
        """Reading may be broken off anywhere: a walk goes on where it was."""
        task = asyncio.create_task(reading, name=f"read-{self.setup.name}")
        stop = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for one in (task, stop):
                one.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def sweep(
        self, *, entities: Sequence[str] | None = None, progress: Progress = silent
    ) -> CycleOutcome:
        """Read both sides in full, also what says it did not change, and note what is not there any more.
        Decides and writes nothing: that is for the next cycle."""
        async with self.turn:
            flows = [f for f in self.setup.flows if entities is None or f.entity in entities]
            outcome = CycleOutcome(self.setup.name, {f.entity: FlowOutcome(f.entity) for f in flows})
            await self._read(flows, BOTH, outcome, progress, full=True)
            for flow in flows:
                report = outcome.flows[flow.entity]
                if not report.error:
                    await FlowRun(self.store, self.applier, flow, report, silent, "", None).take_note()
            return outcome

    async def drain(self, *, scheduled: bool) -> CycleOutcome:
        """What a wake-up means: read everything when it is time, else only what was announced.

        An announcement says nothing of the other side, so that one is read too: what stands there by
        now must be known before a record is created beside it.
        """
        touched = await self.take_hints()
        if scheduled:
            return await self.cycle()
        entities = [flow.entity for flow in self.setup.flows if any(e == flow.entity for _, e in touched)]
        announced = {side for side, _ in touched}
        return await self.cycle(entities=entities or None, poll=BOTH - announced if touched else frozenset())

    def on(self, store: Store) -> LinkEngine:
        """The same link over another store: a scratch copy, to try things on."""
        return LinkEngine(self.setup, store, self._clock, self._gates)

    async def preview(self, entities: Sequence[str] | None = None) -> list[Preview]:
        """Steps 1 and 2 only: read, match, decide, weigh; nothing is written down or sent.

        Run it on a scratch store: reading and matching move that store's state.
        """
        flows = [f for f in self.setup.flows if entities is None or f.entity in entities]
        outcome = CycleOutcome(self.setup.name, {f.entity: FlowOutcome(f.entity) for f in flows})
        with trying():
            await self._read(flows, BOTH, outcome, silent)
        previews = []
        for flow in flows:
            report = outcome.flows[flow.entity]
            decided: Sequence[Decided] = ()
            if not report.error:
                decided = await FlowRun(self.store, self.applier, flow, report, silent, "", None).consider()
            previews.append(Preview(flow, decided, report.trips, report.error))
        return previews

    async def take_hints(self) -> set[tuple[Side, str]]:
        """Fetch the records that were announced. Returns where (side, entity) there were any."""
        touched: set[tuple[Side, str]] = set()
        for side, end in self.setup.ends.items():
            hints = await self.store.hints(end.connection, _HINTS_MAX)
            by_entity: dict[str, list[str]] = {}
            for _, entity, key in hints:
                by_entity.setdefault(entity, []).append(key)
            unread: set[tuple[str, str]] = set()
            for entity, keys in by_entity.items():
                if entity in end.connector.capabilities.entities:
                    read = await observe_keys(self.store, end, entity, keys)
                    unread |= {(entity, key) for key in read.unread}
                    touched.add((side, entity))
            # only now, and only what was read: the others are for the next time
            await self.store.hints_done([i for i, entity, key in hints if (entity, key) not in unread])
        return touched

    async def _read(
        self,
        flows: Sequence[FlowSetup],
        sides: frozenset[Side],
        outcome: CycleOutcome,
        progress: Progress,
        *,
        full: bool = False,
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for flow in flows:
                for side in flow.specs:
                    if side in sides or await self._outdated(flow, side):
                        report = outcome.flows[flow.entity]
                        group.create_task(self._read_side(flow, side, report, progress, full=full))

    async def _outdated(self, flow: FlowSetup, side: Side) -> bool:
        """Whether what is stored was read through another lens: the platform may spell it otherwise by now,
        so it is read anew before anything is decided from it."""
        stream = await self.store.stream(flow.ends[side].connection, flow.entity)
        return stream.fingerprint not in ("", flow.specs[side].map.fingerprint())

    async def _read_side(
        self, flow: FlowSetup, side: Side, outcome: FlowOutcome, progress: Progress, *, full: bool
    ) -> None:
        phase = f"reading {side.value}"
        end = flow.ends[side]
        count: Count = lambda n: progress(flow.entity, phase, n, None)  # noqa: E731
        if full:
            read = await sweep(self.store, end, flow.entity, self._clock.now(), count)
        else:
            read = await read_stream(self.store, end, flow.entity, count=count)
        outcome.read += read.records
        outcome.changed += read.changed
        outcome.error = outcome.error or read.error
        outcome.incomplete = outcome.incomplete or read.incomplete

    async def _round(
        self,
        flows: Sequence[FlowSetup],
        outcome: CycleOutcome,
        only: Mapping[str, Sequence[int]] | None,
        progress: Progress,
        actor: str,
    ) -> int:
        """Every flow once. Returns how many pairs were decided."""
        decided = 0
        for flow in flows:
            report = outcome.flows[flow.entity]
            if self.stopping.is_set():
                break
            if report.error or report.trips:
                continue  # a side that cannot be read must not be decided about: absence is no evidence
            pairs = None if only is None else only.get(flow.entity, ())
            run = FlowRun(self.store, self.applier, flow, report, progress, actor, pairs)
            decided += await run.run()
        return decided
