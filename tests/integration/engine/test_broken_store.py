"""The state cannot be written for a while (a full disk), and the process lives on: what it sent meanwhile is
looked up once it can be, as after a restart."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.core.errors import SyncdError
from tests.integration.engine.world import World


def fails_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    usual = getattr(owner, name)

    async def full(*_given: Any) -> Any:
        monkeypatch.setattr(owner, name, usual)
        raise SyncdError("the state cannot be used: database or disk is full")

    monkeypatch.setattr(owner, name, full)


async def test_a_write_that_could_not_be_settled_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.left.add("customer", {"name": "Orchard Foods", "phoneNumber": "555-0100", "status": "active"})
    fails_once(monkeypatch, world.store, "settle")
    with pytest.raises(ExceptionGroup):
        await world.cycle()
    assert len(world.right.records("customer")) == 1
    # the disk is still full when the next cycle begins
    fails_once(monkeypatch, world.store, "recover")
    with pytest.raises(SyncdError):
        await world.cycle()
    await world.cycle()
    world.wait(60)
    await world.cycle()
    flow = await world.store.flow("acme", "customer")
    assert (await world.store.counts(flow)).bound == 1
    assert len(world.right.records("customer")) == 1
