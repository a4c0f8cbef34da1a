"""Which records are sent on: by their status, by the first sync, or because a person says so."""

from __future__ import annotations

import pytest

from syncd.core.errors import NothingMatched
from syncd.core.model import PairState
from syncd.core.policy import Mode
from tests.integration.engine.operating import operator_of
from tests.integration.engine.test_main_job import INVOICE
from tests.integration.engine.world import World, policy, usual_policies

BARE = {name: value for name, value in INVOICE.items() if name != "job"}
APPROVED = {**BARE, "status": "pending_accounting"}


def posted(world: World) -> list[str]:
    return sorted(wire["doc_no"] for wire in world.right.records("invoice").values())


async def test_what_was_approved_before_the_first_sync_is_left_alone() -> None:
    world = World()
    old = world.left.add("invoice", {**APPROVED, "invoiceNumber": "S-1"})
    await world.cycle()
    assert posted(world) == []
    world.wait(600)
    world.left.edit("invoice", old, {"name": "another description"})
    world.left.add("invoice", {**APPROVED, "invoiceNumber": "S-2"})
    await world.cycle()
    assert posted(world) == ["S-2"], "an edit alone does not approve it anew"


async def test_approved_anew_it_is_posted() -> None:
    world = World()
    old = world.left.add("invoice", {**APPROVED, "invoiceNumber": "S-1"})
    await world.cycle()
    for status in ("draft", "pending_accounting"):
        world.wait(600)
        world.left.edit("invoice", old, {"status": status})
        await world.cycle()
    assert posted(world) == ["S-1"]


async def test_told_to_post_what_was_there_it_does() -> None:
    policies = usual_policies()
    policies["invoice"] = policy(
        "invoice",
        Mode.LEFT_TO_RIGHT,
        create_only=True,
        select={"status": frozenset({"pending_accounting"})},
        post_existing=True,
    )
    world = World(policies)
    world.left.add("invoice", {**APPROVED, "invoiceNumber": "S-1"})
    await world.cycle()
    assert posted(world) == ["S-1"]


async def test_one_record_on_command_whatever_its_status() -> None:
    world = World()
    world.left.add("invoice", {**BARE, "invoiceNumber": "S-1"})
    world.left.add("invoice", {**APPROVED, "invoiceNumber": "S-2"})
    await world.cycle()
    sent = await operator_of(world).send("acme", "invoice", "s-1", "ann")
    assert (sent.state, posted(world)) == ("posted", ["S-1"])
    assert sent.right_key is not None
    again = await operator_of(world).send("acme", "invoice", "S-1", "ann")
    assert again.right_key == sent.right_key
    assert posted(world) == ["S-1"], "sent again, it is not posted again"
    (life,) = await world.store.lives("invoice", "S-1", "acme")
    assert "ann" in {event.actor for event in life.events}


async def test_a_draft_on_command_brings_along_its_unpaired_customer_and_job() -> None:
    world = World()
    await world.cycle()
    customer = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    job = world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": customer}})
    world.left.add("customer", {"name": "Somebody else", "status": "active"})
    world.left.add("invoice", {**BARE, "customer": {"id": customer}, "job": {"id": job}})
    sent = await operator_of(world).send("acme", "invoice", "S-10442", "ann")
    assert (sent.state, posted(world)) == ("posted", ["S-10442"])
    names = [wire["acct_name"] for wire in world.right.records("customer").values()]
    assert names == ["Orchard Foods"], "what was not asked for waits for its cycle"


async def test_on_command_of_something_unknown_or_not_unique() -> None:
    world = World()
    for _ in range(2):
        world.left.add("invoice", {**BARE, "invoiceNumber": "S-1"})
    await world.cycle()
    for number, says in (("S-9", "is called 'S-9'"), ("S-1", "2 invoice records are called")):
        with pytest.raises(NothingMatched, match=says):
            await operator_of(world).send("acme", "invoice", number)
    with pytest.raises(NothingMatched, match="no link is called"):
        await operator_of(world).send("nobody", "invoice", "S-1")
    assert posted(world) == []


async def test_a_command_behind_a_hold_is_carried_out_on_release() -> None:
    world = World()
    world.left.add("invoice", {**BARE, "invoiceNumber": "S-1"})
    await world.cycle()
    hold = await world.store.hold("flow:acme/invoice", "stop", "ann")
    sent = await operator_of(world).send("acme", "invoice", "S-1", "ben")
    assert (sent.state, posted(world)) == ("held", [])
    await world.store.release([hold.id], "ann")
    await world.cycle()
    assert posted(world) == ["S-1"]


async def test_several_records_it_could_be_are_for_a_person() -> None:
    world = World()
    world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    for _ in range(2):
        world.right.add("customer", {"acct_name": "ORCHARD FOODS", "tel": ""})
    await world.cycle()
    asked = await operator_of(world).matches("acme")
    assert "could be any of 2 records" in next(item.reason for item in asked if item.side == "left")
    assert len(world.left.records("customer")) == 1
    assert len(world.right.records("customer")) == 2


async def test_a_person_retires_the_double_and_the_rest_is_matched_by_itself() -> None:
    world = World()
    world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    _, double = (world.right.add("customer", {"acct_name": "ORCHARD FOODS", "tel": ""}) for _ in range(2))
    await world.cycle()
    world.wait(600)
    world.right.edit("customer", double, {"acct_name": "Double, do not use"})
    for _ in range(2):
        await world.cycle()
        world.wait(60)
    assert await operator_of(world).matches("acme") == []
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert counts.states == {PairState.IN_STEP: counts.bound}
    assert len(world.right.records("customer")) == 2
