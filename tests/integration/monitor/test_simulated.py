"""A platform that changes its ways at random while invoices keep coming: at no step a bad one is posted,
and in the end none is missing and none stands twice."""

from __future__ import annotations

from random import Random

import pytest

from tests.integration.monitor.test_gate import CHANGES
from tests.integration.monitor.watched import WatchedWorld

STEPS = 24


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 12))])
async def test_no_bad_record_passes_and_none_is_lost(seed: int) -> None:
    world, random = WatchedWorld(random=Random(seed)), Random(seed)
    await world.history()
    for step in range(STEPS):
        if random.random() < 0.25:
            world.drifting.change = random.choice([None, *CHANGES.values()])
        for _ in range(random.randrange(3)):
            world.invoice(1_000 * (step + 1) + random.randrange(900))
        world.wait(random.choice([0, 120, 900]))
        await world.run()
        owed = world.owed()
        assert {number: total for number, total in world.posted().items() if owed[number] != total} == {}
    world.drifting.change = None
    for n in range(40):
        world.invoice(90_000 + n)
        world.wait(300)
        await world.run()
    assert await world.store.holds() == []
    assert world.posted() == world.owed()
    numbers = [doc["doc_no"] for doc in world.right.records("invoice").values()]
    assert len(numbers) == len(set(numbers))
