"""The line before the wire: a few writes are marked as sent while those before them are under way."""

from __future__ import annotations

import asyncio

import pytest

from syncd.core.model import IntentState, Side
from syncd.core.outcome import Outcome
from syncd.core.policy import Mode
from syncd.ports import EVERYTHING, WriteRequest, sending
from tests.integration.engine.operating import operator_of
from tests.integration.engine.world import World, policy

PLACES, IN_LINE = 4, 3


class Slow:
    """The right side, that answers nothing until it is told to."""

    def __init__(self, count: int) -> None:
        self.world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())})
        for n in range(count):
            self.world.left.add("customer", {"name": f"Customer {n} of Ames", "status": "active"})
        connector = self.world.setup.ends[Side.RIGHT].connector
        self._submit = connector.submit
        connector.submit = self.submit  # type: ignore[method-assign]
        self.under_way = 0
        self.answering = asyncio.Event()

    async def submit(self, request: WriteRequest) -> Outcome:
        self.under_way += 1
        await self.answering.wait()
        return await self._submit(request)

    async def full(self) -> asyncio.Task[object]:
        """A cycle, as far as it gets without answers."""
        cycle = asyncio.create_task(self.world.cycle())
        for _ in range(200):
            await asyncio.sleep(0)
        return cycle

    async def marked(self) -> int:
        counts = await self.world.store.counts(await self.world.store.flow("acme", "customer"))
        return counts.intents.get(IntentState.SENT, 0)


async def test_no_more_are_on_the_wire_than_it_has_places_and_the_next_are_marked_already() -> None:
    slow = Slow(12)
    cycle = await slow.full()
    assert slow.under_way == PLACES
    assert await slow.marked() == PLACES + IN_LINE
    slow.answering.set()
    await cycle
    assert len(slow.world.right.records("customer")) == 12


async def test_a_hold_stops_those_that_waited_in_line_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "STALE_AFTER_S", 0.0)
    slow = Slow(12)
    cycle = await slow.full()
    held = await operator_of(slow.world).hold(EVERYTHING, "wrong totals", actor="dana")
    assert held.under_way == PLACES + IN_LINE
    slow.answering.set()
    await cycle
    assert slow.under_way == PLACES
    assert len(slow.world.right.records("customer")) == PLACES
    await operator_of(slow.world).release([held.id], actor="dana")
    for _ in range(3):
        slow.world.wait(60)
        await slow.world.cycle()
    assert len(slow.world.right.records("customer")) == 12
