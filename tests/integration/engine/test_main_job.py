"""The main job on two memory platforms: customers both ways, invoices to the ledger, once."""

from __future__ import annotations

import pytest

from syncd.connectors.memory import Call, Fault, FaultKind, OrderedFaults
from tests.integration.engine.world import World

INVOICE = {
    "invoiceNumber": "S-10442",
    "transactionDate": "2026-10-01",
    "status": "draft",
    "totalPrice": 418.25,
    "tax": 18.25,
    "items": [{"description": "Quarterly inspection", "quantity": 2, "price": 200, "total": 400.0}],
}


async def first_sync() -> tuple[World, str, str]:
    """A customer and a job on both sides under other spellings, and an invoice still in draft."""
    world = World()
    customer = world.left.add(
        "customer", {"name": "Orchard Foods, Inc.", "phoneNumber": None, "status": "active"}
    )
    world.right.add("customer", {"acct_name": "ORCHARD FOODS INC", "tel": "555-0100", "state_code": 1})
    job = world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": customer}})
    invoice = world.left.add("invoice", {**INVOICE, "customer": {"id": customer}, "job": {"id": job}})
    await world.cycle()
    return world, customer, invoice


async def test_first_sync_matches_fills_what_is_empty_and_creates_what_is_missing() -> None:
    world, customer, _ = await first_sync()
    assert len(world.right.records("customer")) == 1
    assert len(world.right.records("job")) == 1
    assert world.left.records("customer")[customer]["phoneNumber"] == "555-0100"
    assert world.right.records("invoice") == {}, "a draft is not posted"


async def test_an_approved_invoice_is_posted_once_with_the_ledgers_own_references() -> None:
    world, _, invoice = await first_sync()
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    await world.cycle()
    (posted,) = world.right.records("invoice").values()
    (customer,) = world.right.records("customer").values()
    assert posted["doc_no"] == "S-10442"
    assert posted["doc_total"] == 418.25
    assert posted["acct"] == customer["recno"]
    assert posted["detail"][0]["gl"] == "4000", "the crosswalk's default account"
    before = world.writes()
    for _ in range(3):
        world.wait(60)
        await world.cycle()
    assert world.writes() == before, "a quiet link writes nothing"


async def test_edits_of_different_fields_on_both_sides_both_arrive() -> None:
    world, customer, _ = await first_sync()
    world.wait(600)
    world.left.edit("customer", customer, {"email": "office@orchard.example"})
    (key,) = world.right.records("customer")
    world.right.edit("customer", key, {"tel": "555-0199"})
    await world.cycle()
    world.wait(60)
    await world.cycle()
    assert world.left.records("customer")[customer]["phoneNumber"] == "555-0199"
    assert world.right.records("customer")[key]["mail"] == "office@orchard.example"


async def test_a_lost_answer_is_looked_up_and_never_posted_twice() -> None:
    world, _, invoice = await first_sync()
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    await world.cycle()
    assert world.right.duplicates == 0
    world.wait(31)
    await world.cycle()
    assert len(world.right.records("invoice")) == 1
    counts = await world.store.counts(await world.store.flow("acme", "invoice"))
    assert counts.bound == 1
    assert not counts.intents


async def test_a_crash_between_sending_and_settling_does_not_post_twice() -> None:
    world, _, invoice = await first_sync()
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})

    class Crash(BaseException):
        pass

    async def crash(_settlement: object) -> None:
        raise Crash

    world.engine.store.settle = crash  # type: ignore[method-assign, assignment]
    with pytest.raises(BaseExceptionGroup) as died:
        await world.cycle()
    assert died.group_contains(Crash, depth=1) or died.group_contains(Crash)
    del world.engine.store.settle
    world.start()
    assert await world.engine.recover() == 1
    world.wait(31)
    await world.cycle()
    assert len(world.right.records("invoice")) == 1
    assert world.right.duplicates == 0


async def test_a_refused_record_is_quarantined_and_the_others_go_on() -> None:
    world, _, invoice = await first_sync()
    other = world.left.add("invoice", {**INVOICE, "invoiceNumber": "S-2"})
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    world.wait(1)
    await world.cycle()
    world.left.edit("invoice", other, {"status": "pending_accounting", "totalPrice": "a lot"})
    await world.cycle()
    (refused,) = await world.store.quarantined("acme", 10)
    assert refused.row.keys
    assert "total" in refused.reason
    assert len(world.right.records("invoice")) == 1
