"""A record that refers to another waits for it; the other's arrival wakes it."""

from __future__ import annotations

from syncd.connectors.memory import Call, Fault, FaultKind, OrderedFaults
from syncd.core.model import PairState
from tests.integration.engine.test_main_job import INVOICE
from tests.integration.engine.world import World

CUSTOMER = {"name": "Orchard Foods", "status": "active"}


async def states(world: World, entity: str) -> dict[PairState, int]:
    return dict((await world.store.counts(await world.store.flow("acme", entity))).states)


async def test_parents_are_created_before_their_children_in_one_cycle() -> None:
    world = World()
    customer = world.left.add("customer", CUSTOMER)
    world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": customer}})
    await world.cycle()
    (ledger_customer,) = world.right.records("customer").values()
    (job,) = world.right.records("job").values()
    assert job["acct"] == ledger_customer["recno"]


async def test_a_child_waits_for_a_refused_parent_and_is_woken_when_it_is_mended() -> None:
    world = World()
    customer = world.left.add("customer", CUSTOMER)
    world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": customer}})
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.REJECTED, words="No tax district."))
    await world.cycle()
    assert await states(world, "customer") == {PairState.QUARANTINED: 1}
    assert await states(world, "job") == {PairState.WAITING: 1}
    world.wait(60)
    world.left.edit("customer", customer, {"name": "Orchard Foods of Ames"})
    await world.cycle()
    assert await states(world, "customer") == await states(world, "job") == {PairState.IN_STEP: 1}
    assert len(world.right.records("job")) == 1


async def test_the_wait_is_visible_and_says_for_what() -> None:
    world = World()
    world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": "F9999"}})
    await world.cycle()
    (life,) = await world.store.lives("job", "J-1", "acme")
    assert life.reason == "customer refers to customer F9999, which is not paired yet"
    assert life.row.waits is not None
    assert life.row.waits[1:] == ("customer", "F9999")


async def test_an_announced_invoice_of_a_new_customer_waits_for_the_next_reading_of_customers() -> None:
    world = World()
    await world.cycle()
    world.wait(60)
    customer = world.left.add("customer", CUSTOMER)
    invoice = {name: value for name, value in INVOICE.items() if name != "job"}
    key = world.left.add("invoice", {**invoice, "customer": {"id": customer}, "status": "pending_accounting"})
    await world.store.add_hints("field", [("invoice", key)], "d-1")
    await world.engine.drain(scheduled=False)
    assert await states(world, "invoice") == {PairState.WAITING: 1}
    await world.engine.drain(scheduled=True)
    assert await states(world, "invoice") == {PairState.IN_STEP: 1}
    assert len(world.right.records("invoice")) == 1


async def test_a_reference_that_changes_crosses_as_the_new_records_key() -> None:
    world = World()
    first, second = (world.left.add("customer", {**CUSTOMER, "name": name}) for name in ("One", "Two"))
    job = world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": first}})
    await world.cycle()
    world.wait(600)
    world.left.edit("job", job, {"customer": {"id": second}})
    await world.cycle()
    (ledger_job,) = world.right.records("job").values()
    by_name = {wire["acct_name"]: wire["recno"] for wire in world.right.records("customer").values()}
    assert ledger_job["acct"] == by_name["Two"]
