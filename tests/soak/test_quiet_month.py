"""A healthy month of a link: nothing is held, next to nothing is quarantined, everything is posted."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.integration.monitor.watched import WatchedWorld

pytestmark = pytest.mark.soak

DAYS = 30
A_DAY = 40


def _odd(random: Random, record: dict[str, Any]) -> dict[str, Any]:
    """What ordinary months hold: a large job now and then, a credit, a field that is rarely there."""
    chance = random.random()
    if chance < 0.01:
        times = random.uniform(8, 25)
        lines = [
            {**line, "price": line["price"] * times, "total": round(line["total"] * times, 2)}
            for line in record["items"]
        ]
        total = round(sum(line["total"] for line in lines) + record["tax"], 2)
        return {**record, "totalPrice": total, "items": lines}
    if chance < 0.03:
        return {**record, "customerPo": f"PO-{random.randrange(10_000)}"}
    if chance < 0.04:
        return {**record, "type": "credit"}
    return record


async def test_nothing_is_held_over_a_healthy_month() -> None:
    world, random = WatchedWorld(), Random(11)
    await world.history()
    number, quarantined = 1_000, 0
    for _ in range(DAYS):
        for _ in range(A_DAY):
            key = world.invoice(number)
            record = world.left.records("invoice")[key]
            world.left.edit("invoice", key, _odd(random, dict(record)))
            number += 1
        for key, record in list(world.left.records("invoice").items())[-300:-200]:
            if record["status"] == "pending_accounting":
                world.left.edit("invoice", key, {"status": random.choice(["processed", "paid", "failed"])})
        await world.run()
        world.wait(8 * 3600)
        await world.run()
        assert await world.store.holds() == []
    for waiting in await world.drifts.waiting([("acme", "invoice"), ("acme", "customer"), ("acme", "job")]):
        quarantined += waiting.quarantined
    assert quarantined <= DAYS * A_DAY * 0.001
    posted = len(world.posted())
    assert posted + quarantined == number - 1_000
    assert [e for e in await world.drifts.events() if e.seen.level == "breaking"] == []
