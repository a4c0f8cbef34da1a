"""What an operator may hold and release, through ``LocalOperator``."""

from __future__ import annotations

import pytest

from syncd.core.errors import FixInput, NothingMatched
from syncd.core.model import Side
from syncd.core.outcome import ErrorClass, Outcome, Retry
from syncd.ports import EVERYTHING, WriteRequest
from syncd.ports.sending import still_permitted
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
    "scope",
    [
        "",
        "link:nobody",
        "flow:acme",
        "flow:acme/payroll",
        "field:acme/customer/shoe_size",
        "record:acme/",
        "connection:x",
        "acme",
    ],
)
async def test_a_hold_that_names_nothing_is_refused(scope: str) -> None:
    world, _, _ = await first_sync()
    with pytest.raises(FixInput, match="names nothing"):
        await operator_of(world).hold(scope, "why")


async def test_releasing_what_is_not_held_says_so() -> None:
    world, _, _ = await first_sync()
    with pytest.raises(NothingMatched):
        await operator_of(world).release([99])


async def test_a_held_field_holds_every_write_that_carries_it_and_no_other() -> None:
    world, customer, _ = await first_sync()
    operator = operator_of(world)
    held = await operator.hold("field:acme/customer/phone", "the ledger cuts it", actor="dana")
    world.left.edit("customer", customer, {"phoneNumber": "(317) 555-0100"})
    await world.cycle()
    assert {c["tel"] for c in world.right.records("customer").values()} != {"(317) 555-0100"}
    await operator.release([held.id], actor="dana")
    await world.cycle()
    assert [c["tel"] for c in world.right.records("customer").values()] == ["(317) 555-0100"]
    await operator.hold("field:acme/customer/phone", "the ledger cuts it", actor="dana")
    world.left.edit("customer", customer, {"name": "Renamed Heating"})
    await world.cycle()
    assert [c["acct_name"] for c in world.right.records("customer").values()] == ["Renamed Heating"]


async def test_one_placed_while_a_write_waits_for_its_turn_stops_that_write_too() -> None:
    world, _, invoice = await first_sync()
    operator = operator_of(world)
    connector = world.setup.ends[Side.RIGHT].connector
    submit, answers = connector.submit, list[bool]()

    async def waits(request: WriteRequest) -> Outcome:
        if not answers:
            held = await operator.hold(EVERYTHING, "wrong totals", actor="dana")
            answers.append(await still_permitted(waited_s=5.0))
            await operator.release([held.id], actor="dana")
            return Retry(ErrorClass.GUARD, "called off")
        return await submit(request)

    connector.submit = waits  # type: ignore[method-assign]
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    await world.cycle()
    assert answers == [False]
    assert world.right.records("invoice") == {}
    world.wait(60)
    await world.cycle()
    assert len(world.right.records("invoice")) == 1
