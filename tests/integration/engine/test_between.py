"""What happens between two steps of the engine: edits, holds, answers that come at the wrong moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncd.connectors.memory import Behaviour, Call, Fault, FaultKind, OrderedFaults
from syncd.core.model import PairState, Side
from syncd.core.policy import Deletes, Mode, Posting
from tests.integration.engine.test_main_job import INVOICE
from tests.integration.engine.world import World, policy, usual_policies

CUSTOMER = {"name": "Orchard Foods", "phoneNumber": "555-0100", "status": "active"}


async def in_step() -> tuple[World, str, str]:
    """One customer, paired and equal on both sides."""
    world = World()
    left = world.left.add("customer", CUSTOMER)
    await world.cycle()
    (right,) = world.right.records("customer")
    world.wait(600)
    return world, left, right


def before(world: World, side: Side, call: str, then: Callable[[], Any]) -> None:
    """Do something just before the next ``call`` reaches ``side``."""
    connector = world.setup.ends[side].connector
    usual = getattr(connector, call)

    async def late(*given: Any) -> Any:
        setattr(connector, call, usual)
        then()
        return await usual(*given)

    setattr(connector, call, late)


async def test_an_edit_of_another_field_between_reading_and_writing_is_not_lost() -> None:
    world, left, right = await in_step()
    world.left.edit("customer", left, {"email": "office@orchard.example"})
    before(world, Side.RIGHT, "submit", lambda: world.right.edit("customer", right, {"tel": "555-0199"}))
    for _ in range(3):
        await world.cycle()
        world.wait(60)
    assert world.left.records("customer")[left]["phoneNumber"] == "555-0199"
    assert world.right.records("customer")[right]["mail"] == "office@orchard.example"


async def test_a_document_that_is_posted_between_deciding_and_writing_is_not_edited_any_more() -> None:
    """Its status does not cross, and yet it says who owns the document."""
    drafted = policy(
        "invoice",
        Mode.BOTH,
        create=frozenset({Side.RIGHT}),
        posting=Posting(Side.RIGHT, posted={"status": frozenset({"processed"})}),
    )
    world = World({"customer": policy("customer", Mode.BOTH), "invoice": drafted})
    customer = world.left.add("customer", CUSTOMER)
    wire = {name: value for name, value in INVOICE.items() if name != "job"}
    left = world.left.add("invoice", {**wire, "customer": {"id": customer}})
    await world.cycle()
    (right,) = world.right.records("invoice")
    world.wait(600)
    world.left.edit("invoice", left, {"name": "As agreed on the phone"})
    before(world, Side.RIGHT, "fetch", lambda: world.right.edit("invoice", right, {"state_code": 3}))
    for _ in range(2):
        await world.cycle()
        world.wait(60)
    assert world.right.records("invoice")[right].get("descr") is None
    counts = await world.store.counts(await world.store.flow("acme", "invoice"))
    assert counts.states == {PairState.CONFLICT: 1}


async def test_an_edit_of_the_same_field_between_reading_and_writing_is_not_overwritten() -> None:
    world, left, right = await in_step()
    world.left.edit("customer", left, {"phoneNumber": "555-0111"})
    before(world, Side.RIGHT, "fetch", lambda: world.right.edit("customer", right, {"tel": "555-0199"}))
    for _ in range(3):
        await world.cycle()
        world.wait(60)
    assert world.right.records("customer")[right]["tel"] == "555-0199"
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert counts.states == {PairState.CONFLICT: 1}


async def test_a_connector_that_breaks_leaves_nothing_stuck() -> None:
    world = World()
    for n in range(3):
        world.left.add("customer", {**CUSTOMER, "name": f"Customer {n}"})

    def broken() -> None:
        raise KeyError("a fault of ours")

    before(world, Side.RIGHT, "submit", broken)
    with pytest.raises(BaseExceptionGroup):
        await world.cycle()
    for _ in range(4):
        world.wait(31)
        await world.cycle()
    assert len(world.right.records("customer")) == 3
    assert world.right.duplicates == 0


async def test_a_hint_about_a_record_we_may_not_see_does_not_block_the_link() -> None:
    world, left, _ = await in_step()
    secret = world.left.add("customer", {**CUSTOMER, "name": "Secret"})
    world.left.forbidden.add(("customer", secret))
    world.left.edit("customer", left, {"email": "office@orchard.example"})
    await world.store.add_hints("field", [("customer", secret), ("customer", left)], "d-1")
    await world.engine.drain(scheduled=False)
    (customer,) = world.right.records("customer").values()
    assert customer["mail"] == "office@orchard.example"
    assert await world.store.hints("field", 10) == []


async def test_what_was_made_by_hand_on_both_sides_is_one_when_only_another_was_announced() -> None:
    world, announced, _ = await in_step()
    twin = {**CUSTOMER, "name": "Miller Dental", "phoneNumber": "515-555-0111"}
    world.left.add("customer", twin)
    world.right.add("customer", {"acct_name": "Miller Dental", "tel": "515-555-0111"})
    world.left.edit("customer", announced, {"email": "office@orchard.example"})
    await world.store.add_hints("field", [("customer", announced)], "d-1")
    await world.engine.drain(scheduled=False)
    assert len(world.left.records("customer")) == len(world.right.records("customer")) == 2


async def test_a_draft_that_takes_the_number_of_an_invoice_in_the_ledger_is_adopted() -> None:
    world = World()
    invoice = {"transactionDate": "2026-10-01", "status": "draft", "totalPrice": 10.0, "items": []}
    draft = world.left.add("invoice", {**invoice, "invoiceNumber": "S-1"})
    world.right.add("invoice", {"doc_no": "S-9", "doc_date": "2026-10-01", "doc_total": 10.0, "detail": []})
    await world.cycle()
    world.wait(60)
    world.left.edit("invoice", draft, {"invoiceNumber": "S-9", "status": "pending_accounting"})
    await world.cycle()
    assert len(world.right.records("invoice")) == 1
    counts = await world.store.counts(await world.store.flow("acme", "invoice"))
    assert counts.bound == 1


async def test_a_matched_record_waits_for_its_reference_instead_of_a_conflict() -> None:
    policies = usual_policies()
    world = World(policies)
    one = world.left.add("customer", {**CUSTOMER, "phoneNumber": None})
    for _ in range(2):  # two candidates: the customer is ambiguous
        world.right.add("customer", {"acct_name": "ORCHARD FOODS", "tel": ""})
    world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": one}})
    world.right.add("job", {"job_no": "J-1", "job_name": "Boiler", "acct": 1})
    await world.cycle()
    counts = await world.store.counts(await world.store.flow("acme", "job"))
    assert counts.states == {PairState.WAITING: 1}


async def test_a_hold_of_a_record_counts_for_both_of_its_keys() -> None:
    world, left, right = await in_step()
    await world.store.hold(f"record:acme/customer/{left}", "being looked at", "ann")
    world.right.edit("customer", right, {"tel": "555-0199"})
    await world.cycle()
    assert world.left.records("customer")[left]["phoneNumber"] == "555-0100"


async def test_a_resend_under_a_native_key_never_turns_into_a_second_create() -> None:
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())})
    world.right.behaviour = Behaviour(native_key_life_s=3600.0)
    world.start()
    world.left.add("customer", CUSTOMER)
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    hold = await world.store.hold("link:acme", "stop", "ann")
    for _ in range(2):
        world.wait(31)
        await world.cycle()
    world.start()
    world.wait(4000)  # by now the key is forgotten
    await world.store.release([hold.id], "ann")
    for _ in range(3):
        world.wait(31)
        await world.cycle()
    assert len(world.right.records("customer")) == 1
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert counts.bound == 1
    assert not counts.intents


async def test_a_throttled_resend_is_still_in_doubt() -> None:
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())})
    world.right.behaviour = Behaviour(native_key_life_s=60.0)
    world.start()
    world.left.add("customer", CUSTOMER)
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    faults.order(Call.WRITE, Fault(FaultKind.RETRY_LATER, after_s=120.0))
    await world.cycle()
    world.wait(31)
    await world.cycle()
    world.start()  # a restart drops what was planned and never sent; this one was sent
    world.wait(121)
    for _ in range(3):
        await world.cycle()
        world.wait(31)
    assert len(world.right.records("customer")) == 1
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert counts.bound == 1


async def test_a_propagated_delete_is_sent_once() -> None:
    world = World({"customer": policy("customer", Mode.BOTH, deletes=Deletes.PROPAGATE)})
    world.left.behaviour = Behaviour(delete_feed=True)
    world.start()
    left = world.left.add("customer", CUSTOMER)
    await world.cycle()
    world.wait(600)
    await world.cycle()
    world.left.remove("customer", left)
    for _ in range(4):
        await world.cycle()
        world.wait(30)
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert world.right.records("customer") == {}
    assert counts.states == {PairState.GONE: 1}
    assert [e.operation.value for e in world.right.log if e.reference] == ["create", "delete"]
