"""What an operator may hold and release, through ``LocalOperator``."""

from __future__ import annotations

import pytest

from syncd.core.errors import FixInput, NothingMatched
from tests.integration.engine.operating import operator_of
from tests.integration.engine.test_main_job import first_sync


async def test_a_held_flow_writes_nothing_and_drains_once_released() -> None:
    world, _, invoice = await first_sync()
    operator = operator_of(world)
    held = await operator.hold("flow:acme/invoice", "tax codes change", actor="dana")
    assert held.release == f"syncd release {held.id}"
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    await world.cycle()
    assert world.right.records("invoice") == {}
    (link,) = (await operator.status()).links
    assert [h.scope for h in link.holds] == ["flow:acme/invoice"]
    await operator.release([held.id], actor="dana")
    await world.cycle()
    assert len(world.right.records("invoice")) == 1


@pytest.mark.parametrize(
    "scope", ["", "link:nobody", "flow:acme", "flow:acme/payroll", "record:acme/", "connection:x", "acme"]
)
async def test_a_hold_that_names_nothing_is_refused(scope: str) -> None:
    world, _, _ = await first_sync()
    with pytest.raises(FixInput, match="names nothing"):
        await operator_of(world).hold(scope, "why")


async def test_releasing_what_is_not_held_says_so() -> None:
    world, _, _ = await first_sync()
    with pytest.raises(NothingMatched):
        await operator_of(world).release([99])
