"""One flow, once through: what changed is due, is matched, decided, weighed whole, written down, sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Self

from msgspec.structs import replace

from syncd.core.brakes import Census, Trip, check, trivial
from syncd.core.model import PairState, Side
from syncd.core.plan import Plan, Planned, Weight
from syncd.core.reconcile import Verb
from syncd.engine import decide as deciding
from syncd.engine import merging
from syncd.engine.apply import Applier, Tally
from syncd.engine.decide import Decided, Sides
from syncd.engine.pairing import Pairing
from syncd.engine.setup import FlowSetup
from syncd.ports import FlowRow, FlowState, HoldRow, IntentRow, PairRow, Store

BATCH = 200
"""Pairs looked up, decided and written down together: one round of look-ups, one commit."""
PLAN_MAX = 5_000
"""Changes and deletions in one plan; the brakes weigh them whole, before any of it is written down."""
_TURN = 25
"""Records in a row before what is on the wire, and every other link, gets its turn."""
_BATCHES_UNDER_WAY = 3

Progress = Callable[[str, str, int, int | None], None]
"""(flow, phase, done, total)."""


def silent(flow: str, phase: str, done: int, total: int | None) -> None:
    """Progress nobody looks at."""


@dataclass(slots=True)
class FlowOutcome:
    """What one flow did in one cycle."""

    entity: str
    read: int = 0
    changed: int = 0
    tally: Tally = field(default_factory=Tally)
    verbs: dict[str, int] = field(default_factory=dict)
    trips: list[Trip] = field(default_factory=list)
    holds: list[HoldRow] = field(default_factory=list)
    """Of ``trips``, in order: what a person releases."""
    left_alone: int = 0
    """Approved before the first sync was complete: history, posted only on command."""
    error: str = ""
    incomplete: str = ""
    """A listing left something out: what it showed was decided all the same, but nothing that needs to know
    what is not there."""

    def count(self, verb: Verb) -> int:
        return self.verbs.get(verb.value, 0)


class FlowRun:
    """One flow, once through: consume, match, decide, brake, write down, apply."""

    def __init__(
        self,
        store: Store,
        applier: Applier,
        setup: FlowSetup,
        state: FlowState,
        report: FlowOutcome,
        progress: Progress,
        actor: str,
        only: Sequence[int] | None,
    ) -> None:
        self._store = store
        self._applier = applier
        self._stopping = applier.stopping
        self._setup = setup
        self._state = state
        self._report = report
        self._progress = progress
        self._actor = actor
        self._only = only
        self._incomplete = frozenset(side for side, stream in state.streams.items() if stream.incomplete)
        self._due: int | None = None
        self._planned = self._sent = 0
        self._under_way: deque[asyncio.Task[None]] = deque()

    async def run(self) -> int:
        """Returns how many pairs were decided."""
        flow = await self._begin()
        if flow is None:
            return 0
        # while it is the first time, people watch: they are told how much there is
        self._due = None if flow.first_sync_done else (await self._store.counts(flow)).due
        decided, later, whole = 0, list[Decided](), _Weighed(Weight(self._setup.entity))
        async with asyncio.TaskGroup() as wire:
            async with aclosing(self._batches(flow)) as batches:
                async for batch in batches:
                    decided += len(batch)
                    now, rest = self._split(flow, batch)
                    whole.add(rest)
                    later += rest if whole.decided <= PLAN_MAX else ()
                    if await self._stopped(flow, _Weighed(Weight(self._setup.entity)).add(now)):
                        break
                    await self._carry_out(flow, now, wire)
                    if self._stopping.is_set():
                        return 0
            if not self._report.trips and not await self._stopped(flow, whole):
                for start in range(0, len(later), BATCH):
                    if self._stopping.is_set():
                        break
                    await self._carry_out(flow, later[start : start + BATCH], wire)
                if whole.decided > PLAN_MAX:
                    await self._carry_out_the_rest(flow, wire)
        if self._stopping.is_set():
            return 0  # not the end of it: the rest is decided at the next start
        await self._end(flow, decided)
        return decided

    def _split(self, flow: FlowRow, batch: list[Decided]) -> tuple[list[Decided], list[Decided]]:
        """(What may be written down at once, what waits for the brakes). After a change of map, policy or
        crosswalk everything waits: it is planned to its end before any of it is written."""
        return ([], batch) if self._changed_rules(flow) else deciding.before_the_plan_is_whole(batch)

    def _changed_rules(self, flow: FlowRow) -> bool:
        return bool(flow.fingerprint) and flow.fingerprint != self._setup.fingerprint()

    async def _carry_out_the_rest(self, flow: FlowRow, wire: asyncio.TaskGroup) -> None:
        """More than is kept in memory: it was weighed with the whole plan, and is decided again from here."""
        async with aclosing(self._batches(flow)) as batches:
            async for batch in batches:
                await self._carry_out(flow, batch, wire)

    async def _end(self, flow: FlowRow, decided: int) -> None:
        fingerprint, trips = self._setup.fingerprint(), self._report.trips
        # what may have been there all along is only known once both sides were listed in full
        first_sync_done = flow.first_sync_done or not self._incomplete
        news = decided or flow.fingerprint != fingerprint or first_sync_done != flow.first_sync_done
        if news or flow.ceiling:
            await self._store.cycle_done(
                flow,
                fingerprint=fingerprint,
                first_sync_done=first_sync_done,
                error=trips[0].message if trips else "",
                quiet=not self._planned,
            )

    async def consider(self) -> list[Decided]:
        """Everything up to the point of no return: consume, match, decide, weigh."""
        flow = await self._begin()
        if flow is None:
            return []
        decided, whole = list[Decided](), _Weighed(Weight(self._setup.entity))
        async with aclosing(self._batches(flow)) as batches:
            async for batch in batches:
                whole.add(batch)
                decided += batch if whole.decided <= PLAN_MAX else ()
        self._report.trips.extend(await self._weigh(flow, whole))
        return decided

    async def take_note(self) -> None:
        """Make due what changed, and leave it at that."""
        await self._begin()

    async def _begin(self) -> FlowRow | None:
        """Make due what changed. None where a side was never read to its end: absence is no evidence then."""
        setup, store, flow, streams = self._setup, self._store, self._state.flow, self._state.streams
        if any(stream.fingerprint == "" for stream in streams.values()):
            self._report.error = f"{setup.entity}: not read to the end yet"
            return None
        for end in setup.ends.values():
            await end.guard.caught_up(end.connection)
        ids = {side: stream.id for side, stream in streams.items()}
        await store.consume(flow, streams, historical=not flow.first_sync_done)
        self._pairing = Pairing(store, setup, flow, ids)
        if self._state.merged:
            await merging.follow(store, setup, flow, self._pairing, self._incomplete)
        if flow.fingerprint != setup.fingerprint():
            await store.decide_by(flow, setup.fingerprint())
        return flow

    async def _batches(self, flow: FlowRow) -> AsyncGenerator[list[Decided], None]:
        """What is due, matched and decided, batch by batch in the order of the pairs. A person is asked last:
        the record that one looks like may be found to be another's in a batch to come."""
        questions: list[int] = []
        done = 0
        rows = await self._store.due_pairs(flow, BATCH, self._only)
        open_creates = await self._store.open_creates(flow) if rows else frozenset()
        while rows:
            after, full = rows[-1].id, len(rows) == BATCH
            decided = await self._decide_batch(*await self._matched(flow, rows), open_creates)
            if full:
                questions += [d.row.id for d in decided if d.decision.verb is Verb.MATCH]
                decided = [d for d in decided if d.decision.verb is not Verb.MATCH]
            done += len(decided)
            self._progress(self._setup.entity, "deciding", done, self._due)
            yield decided
            rows = await self._store.due_pairs(flow, BATCH, self._only, after) if full else ()
        for start in range(0, len(questions), BATCH):
            rows = await self._store.due_pairs(flow, BATCH, questions[start : start + BATCH])
            yield await self._decide_batch(*await self._matched(flow, rows), open_creates)

    async def _matched(
        self, flow: FlowRow, rows: Sequence[PairRow]
    ) -> tuple[list[Sides], Mapping[int, tuple[str, ...]]]:
        """The batch, parsed, once lone records of either side that are the same thing are one pair; and those
        that could be several."""
        sides = []
        for at, row in enumerate(rows):
            if at % _TURN == _TURN - 1:
                await asyncio.sleep(0)
            sides.append(deciding.guarded(self._setup, row))
        for end in self._setup.ends.values():
            # what the guard has just seen may call for a hold: it stands before any of this is sent
            await end.guard.caught_up(end.connection)
        bound, ambiguous = await self._pairing.match(sides)
        if bound:
            known = {one.row.id: one for one in sides}
            again = await self._store.due_pairs(flow, BATCH, list(known))
            sides = [self._parsed_once(row, known[row.id]) for row in again]
        return sides, ambiguous

    def _parsed_once(self, row: PairRow, before: Sides) -> Sides:
        """What was read for matching is good for deciding, if the pair still shows the same."""
        if before.row.hashes == row.hashes and before.row.gone == row.gone:
            return replace(before, row=row)
        return deciding.guarded(self._setup, row)

    async def _decide_batch(
        self, sides: Sequence[Sides], ambiguous: Mapping[int, tuple[str, ...]], open_creates: frozenset[Side]
    ) -> list[Decided]:
        """One look-up for all references, then pure decisions."""
        setup = self._setup
        pairs = await self._store.counterparts(setup.link, deciding.references(setup, sides))
        crossing = deciding.crossing_of(setup, pairs)
        told = [one.row.id for one in sides if deciding.tells_of_refusal(setup, one)]
        refusals = await self._store.refusals(told) if told else {}
        decided = []
        for at, one in enumerate(sides):
            if at % _TURN == _TURN - 1:
                await asyncio.sleep(0)
            decided.append(
                deciding.decide(
                    setup,
                    one,
                    crossing,
                    ambiguous=ambiguous.get(one.row.id, ()),
                    open_creates=open_creates,
                    incomplete=self._incomplete,
                    refusal=refusals.get(one.row.id),
                    actor=self._actor,
                )
            )
        return await self._pairing.ask_first(sides, decided, crossing)

    async def _stopped(self, flow: FlowRow, weighed: _Weighed) -> bool:
        """Whether a brake trips over these: it becomes a hold, and none of them is written down."""
        trips = await self._weigh(flow, weighed)
        if trips:
            self._report.trips.extend(trips)
            self._report.holds.extend(await self._store.trip(flow, trips))
        return bool(trips)

    async def _weigh(self, flow: FlowRow, weighed: _Weighed) -> list[Trip]:
        limits, weight = self._setup.policy.limits, weighed.weight
        if not weighed.writing and not weight.removed:
            return []
        # counting takes longer the more pairs there are
        small = trivial(weight, limits)
        census = Census(
            pairs=0 if small else (await self._store.counts(flow)).bound,
            first_sync=not flow.first_sync_done,
            policy_changed=self._changed_rules(flow),
            ceiling=flow.ceiling,
            busiest=await self._store.busiest(weighed.writing, 3600.0),
        )
        return check(weight, census, limits)

    async def _carry_out(self, flow: FlowRow, batch: Sequence[Decided], wire: asyncio.TaskGroup) -> None:
        """Write a batch down and put it on the wire. The next is decided meanwhile and takes each place that
        comes free there; three batches at a time, so that little is unsent when the process dies."""
        if not batch:
            return
        verdicts = [d.verdict for d in batch if d.verdict is not None]
        intents = [d.intent for d in batch if d.intent is not None]
        rows = await self._store.write_down(flow, verdicts, intents)
        for one in batch:
            verb = one.decision.verb.value
            self._report.verbs[verb] = self._report.verbs.get(verb, 0) + 1
            self._report.left_alone += self._as_history(one)
        if rows:
            self._planned += len(rows)
            self._under_way.append(wire.create_task(self._send(rows)))
        if len(self._under_way) == _BATCHES_UNDER_WAY:
            await self._under_way.popleft()

    def _as_history(self, one: Decided) -> bool:
        """Whether it stood approved before the first sync was complete, and so is not posted unasked."""
        verdict, policy = one.verdict, self._setup.policy
        alone = one.decision.verb is Verb.OUT_OF_SCOPE and not policy.post_existing
        return alone and bool(policy.select) and verdict is not None and verdict.historical

    async def _send(self, rows: Sequence[IntentRow]) -> None:
        await self._applier.apply(rows, self._report.tally)
        self._sent += len(rows)
        self._progress(self._setup.entity, "writing", self._sent, self._planned)


class _Weighed:
    """What a plan weighs, batch by batch, and whose records it writes."""

    def __init__(self, weight: Weight) -> None:
        self.weight = weight
        self.writing: list[int] = []
        self.decided = 0

    def add(self, decided: Sequence[Decided]) -> Self:
        self.weight = self.weight.plus(as_plan(self.weight.entity, decided).weight())
        self.writing += [d.row.id for d in decided if d.intent is not None]
        self.decided += len(decided)
        return self


def as_plan(entity: str, decided: Sequence[Decided]) -> Plan:
    """For the brakes and for showing. Pure."""
    return Plan(
        entity,
        tuple(
            # one that was held for it already is no news
            Planned(d.row.id, d.label, d.decision, d.decision.removed and d.row.state is not PairState.HELD)
            for d in decided
        ),
    )
