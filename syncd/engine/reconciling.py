"""``syncd reconcile``: read both sides in full, compare everything that is mapped, say what explains it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Literal, Protocol

from syncd.api.models import Progress
from syncd.api.reconcile import Amount, Difference, FlowComparison, ReconcileReport, Unpaired
from syncd.core.errors import NothingMatched
from syncd.core.model import Side
from syncd.engine import decide as deciding
from syncd.engine.compare import Comparison, Differs
from syncd.engine.cycle import LinkEngine
from syncd.engine.flow_run import FlowOutcome
from syncd.engine.setup import FlowSetup
from syncd.engine.views import text
from syncd.ports import Clock, NewReconciliation, Records, Store

_BATCH = 500
_SHOWN_MAX = 1_000
"""Differences listed for one flow; all of them are counted."""


class Memory(Store, Records, Protocol):
    """Both faces of the store."""


class Reconciler:
    """Over the links of this process."""

    def __init__(
        self,
        links: Mapping[str, LinkEngine],
        store: Memory,
        clock: Clock,
        ready: Callable[[str], Awaitable[None]],
    ) -> None:
        """``ready``: returns when the bridges of a link have dialled in."""
        self._links = links
        self._store = store
        self._clock = clock
        self._ready = ready

    async def reconcile(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | ReconcileReport]:
        """Progress as it goes on, then one report a link. Writes nothing to a platform: what it finds to be
        changed is decided by the next cycle. Raises ``NothingMatched``."""
        if link is not None and link not in self._links:
            raise NothingMatched(f"no link is called {link!r}", remedy="`syncd status` lists them")
        for name, engine in self._links.items():
            if link in (None, name):
                if flow is not None and engine.setup.flow(flow) is None:
                    raise NothingMatched(f"{name} has no flow {flow!r}", remedy="`syncd status` lists them")
                async for event in self._one(engine, flow, actor):
                    yield event

    async def _one(
        self, engine: LinkEngine, flow: str | None, actor: str
    ) -> AsyncIterator[Progress | ReconcileReport]:
        steps: asyncio.Queue[Progress | None] = asyncio.Queue()
        name = engine.setup.name
        await self._ready(name)

        def step(entity: str, phase: str, done: int, total: int | None) -> None:
            steps.put_nowait(Progress(link=name, flow=entity, phase=phase, done=done, total=total))

        async def run() -> list[FlowComparison]:
            try:
                outcome = await engine.sweep(entities=None if flow is None else [flow], progress=step)
                chosen = [f for f in engine.setup.flows if f.entity in outcome.flows and len(f.specs) == 2]
                return [await self._compare(f, outcome.flows[f.entity], actor, step) for f in chosen]
            finally:
                steps.put_nowait(None)

        started = self._clock.now()
        running = asyncio.create_task(run(), name=f"reconcile-{name}")
        try:
            while (one := await steps.get()) is not None:
                yield one
            flows = await running
        finally:
            if not running.done():
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
        yield ReconcileReport(
            link=name, seconds=round((self._clock.now() - started).total_seconds(), 3), flows=flows
        )

    async def _compare(
        self,
        setup: FlowSetup,
        read: FlowOutcome,
        actor: str,
        step: Callable[[str, str, int, int | None], None],
    ) -> FlowComparison:
        row = await self._store.flow(setup.link, setup.entity)
        found, after = Comparison(setup), 0
        while rows := await self._store.compared(row, after, _BATCH):
            after = rows[-1].pair.id
            sides = [deciding.parse(setup, one.pair) for one in rows]
            pairs = await self._store.counterparts(setup.link, deciding.references(setup, sides))
            found.add(list(zip(rows, sides, strict=True)), deciding.crossing_of(setup, pairs))
            step(setup.entity, "comparing", found.pairs, None)
        view = comparison_view(found, read, self._clock)
        unexplained = {a.field: a.unexplained for a in view.amounts if Decimal(a.unexplained)}
        await self._store.reconciled(
            row,
            NewReconciliation(
                view.complete, view.pairs, view.differences, view.unexplained, unexplained, actor
            ),
        )
        return view


def comparison_view(found: Comparison, read: FlowOutcome, clock: Clock) -> FlowComparison:
    """As it is shown; unexplained differences first."""
    ordered = sorted(found.differences, key=lambda one: bool(one.explained))
    return FlowComparison(
        flow=found.setup.entity,
        at=clock.now(),
        complete=not (read.error or read.incomplete),
        pairs=found.pairs,
        differences=len(ordered),
        unexplained=sum(not one.explained for one in ordered),
        amounts=[
            Amount(
                field=name,
                left=str(sums.of[Side.LEFT]),
                right=str(sums.of[Side.RIGHT]),
                difference=str(sums.difference),
                explained=str(sums.explained),
                unexplained=str(sums.unexplained),
            )
            for name, sums in found.sums.items()
        ],
        unpaired=_unpaired(found),
        items=[_difference(one) for one in ordered[:_SHOWN_MAX]],
        truncated=max(len(ordered) - _SHOWN_MAX, 0),
        error=read.error or read.incomplete,
    )


def _unpaired(found: Comparison) -> Sequence[Unpaired]:
    sides: dict[Side, Literal["left", "right"]] = {Side.LEFT: "left", Side.RIGHT: "right"}
    return [
        Unpaired(
            side=sides[side],
            why=why,
            count=count,
            amounts={name: str(total) for name, total in found.lone_sums[side, why].items()},
        )
        for (side, why), count in sorted(found.lone.items())
    ]


def _difference(one: Differs) -> Difference:
    return Difference(
        pair=one.pair,
        label=one.label,
        left_key=one.keys[Side.LEFT],
        right_key=one.keys[Side.RIGHT],
        field=one.field,
        left=text(one.values[Side.LEFT]),
        right=text(one.values[Side.RIGHT]),
        explained=one.explained,
    )
