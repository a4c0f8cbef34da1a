"""Writes that nothing but a person can settle: it is this one, or send it again."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.connectors.memory import Call, Fault, FaultKind, Manner, OrderedFaults
from syncd.core.errors import FixInput, NothingMatched
from syncd.core.model import Side
from syncd.core.policy import Acknowledge, Mode
from syncd.ports import Proof, Seen, WriteRequest
from tests.integration.engine.operating import operator_of
from tests.integration.engine.world import World, policy

UNBOUNDED = Manner(settle_s=None, settle_provenance="unknown")


async def doubtful(kind: FaultKind, manner: Manner = UNBOUNDED, **more: Any) -> World:
    """A create that was sent, whose answer was lost, and that nothing bounds."""
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT)}, manners={Side.RIGHT: manner})
    world.left.add(
        "customer", {"name": "Orchard Foods", "phoneNumber": "515-555-0100", "status": "active", **more}
    )
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(kind))
    await world.cycle()
    return world


async def test_it_shows_in_status_in_explain_and_in_its_own_list() -> None:
    world = await doubtful(FaultKind.LOST_AFTER)
    operator = operator_of(world)
    (item,) = await operator.held("acme")
    assert (item.operation, item.side, item.label) == ("create", "right", "Orchard Foods")
    assert "nothing bounds" in item.reason
    (link,) = (await operator.status()).links
    assert (link.flows[0].held_writes, link.health) == (1, "action_required")
    (life,) = await operator.explain("customer", item.source_key)
    assert life.remedy == f"syncd held show {item.id}"


async def test_the_nearest_matches_are_asked_for_and_one_is_it() -> None:
    world = await doubtful(FaultKind.LOST_AFTER)
    operator = operator_of(world)
    (item,) = await operator.held()
    shown = await operator.held_show(item.id)
    (made,) = world.right.records("customer")
    assert [c.key for c in shown.candidates] == [made]
    assert shown.candidates[0].score >= 75
    done = await operator.held_settle(item.id, made, "ann")
    assert "it is" in done.message
    assert await operator.held() == []
    (life,) = await operator.explain("customer", item.source_key)
    assert (life.state, life.reason) == ("in_step", "")
    for _ in range(2):
        world.wait(600)
        await world.cycle()
    assert len(world.right.records("customer")) == 1
    (life,) = await operator.explain("customer", item.source_key)
    assert (life.state, life.right_key) == ("in_step", made)
    assert [e.actor for e in life.events if e.kind == "settled_by"] == ["ann"]


async def test_what_its_source_said_before_it_was_held_is_carried_over_once_it_is_settled() -> None:
    """Seed 50031109: that there was news was forgotten when the doubtful write came to be held."""
    world = await doubtful(FaultKind.LOST_AFTER, Manner(settle_s=30.0, settle_provenance="measured"))
    operator, connector = operator_of(world), world.setup.ends[Side.RIGHT].connector
    (key,) = world.left.records("customer")
    world.left.edit("customer", key, {"email": "office@orchard.example"})
    world.wait(5)
    await world.cycle()
    (made,) = world.right.records("customer")

    async def two(request: WriteRequest) -> list[Seen]:
        return [Seen(made, b"{}"), Seen("77", b"{}")]

    connector.evidence = two  # type: ignore[method-assign]
    world.wait(60)
    await world.cycle()
    (item,) = await operator.held()
    await operator.held_settle(item.id, made, "ann")
    world.wait(60)
    await world.cycle()
    assert world.right.records("customer")[made]["mail"] == "office@orchard.example"
    assert len(world.right.records("customer")) == 1


async def test_send_again_plans_it_anew_from_what_its_source_says_by_now() -> None:
    world = await doubtful(FaultKind.LOST_BEFORE)
    operator = operator_of(world)
    (item,) = await operator.held()
    world.left.edit("customer", item.source_key, {"email": "office@orchard.example"})
    await operator.held_settle(item.id, None, "ann")
    world.wait(60)
    await world.cycle()
    (record,) = world.right.records("customer").values()
    assert record["mail"] == "office@orchard.example"
    assert world.right.duplicates == 0
    assert await operator.held() == []


async def test_a_record_that_is_another_pairs_cannot_be_it() -> None:
    world = await doubtful(FaultKind.LOST_BEFORE)
    operator = operator_of(world)
    (item,) = await operator.held()
    world.left.add("customer", {"name": "Miller Dental", "status": "active"})
    world.wait(60)
    await world.cycle()
    (other,) = world.right.records("customer")
    with pytest.raises(FixInput, match="another record"):
        await operator.held_settle(item.id, other, "ann")
    with pytest.raises(NothingMatched, match="does not exist"):
        await operator.held_settle(item.id, "999", "ann")
    assert [held.id for held in await operator.held()] == [item.id]


async def test_an_update_is_settled_by_what_is_there() -> None:
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT)}, manners={Side.RIGHT: UNBOUNDED})
    key = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await world.cycle()
    world.wait(600)
    world.left.edit("customer", key, {"phoneNumber": "515-555-0177"})
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_BEFORE))
    await world.cycle()
    operator = operator_of(world)
    (item,) = await operator.held()
    assert item.operation == "update"
    await operator.held_settle(item.id, item.key, "ann")
    world.wait(60)
    await world.cycle()
    (record,) = world.right.records("customer").values()
    assert record["tel"] == "515-555-0177", "whoever errs loses nothing: what is not there is written"


@pytest.mark.parametrize(("again", "told"), [(False, 1), (True, 2)])
async def test_an_action_was_done_or_is_sent_again(again: bool, told: int) -> None:
    steps = Acknowledge(posted=(("set_status", "processed"),))
    flows = {
        "invoice": policy(
            "invoice", Mode.LEFT_TO_RIGHT, create_only=True, acknowledge=steps,
            select={"status": frozenset({"pending_accounting"})}, post_existing=True,
        )
    }  # fmt: skip
    manner = Manner(
        settle_s=30.0, settle_provenance="measured", proofs={("invoice", "set_status"): Proof.NONE}
    )
    world = World(flows, manners={Side.LEFT: manner})
    world.left.add(
        "invoice",
        {
            "invoiceNumber": "S-1",
            "transactionDate": "2026-11-01",
            "totalPrice": "10.00",
            "status": "pending_accounting",
        },
    )
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    world.wait(31)
    await world.cycle()
    operator = operator_of(world)
    (item,) = await operator.held()
    assert item.operation == "set_status"
    await operator.held_settle(item.id, None if again else item.key, "ann")
    world.wait(60)
    await world.cycle()
    assert world.left.requests[Call.WRITE] == told
    assert await operator.held() == []
    assert len(world.right.records("invoice")) == 1
