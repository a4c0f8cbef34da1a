"""Records merged into another on their own side: their pairs follow, where that one has no partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from syncd.connectors.memory import Behaviour, Call, Fault, FaultKind, OrderedFaults
from syncd.core.model import PairState, Side
from syncd.core.policy import Deletes, Mode
from tests.integration.engine.operating import operator_of
from tests.integration.engine.removing import ACME, later, reason, states, swept, world_of
from tests.integration.engine.world import World, policy


async def test_a_merge_on_one_side_is_followed() -> None:
    world = World()
    old, new = (world.left.add("customer", {**ACME, "name": name}) for name in ("Acme", "Acme Holding"))
    await later(world)
    partner = next(k for k, r in world.right.records("customer").items() if r["acct_name"] == "Acme")
    double = next(k for k, r in world.right.records("customer").items() if k != partner)
    world.right.remove("customer", double)
    world.right.behaviour = Behaviour(delete_feed=True)
    await later(world)
    world.left.merge("customer", old, new)
    await later(world)
    lives = await world.store.lives("customer", partner, None)
    assert [event.text for life in lives for event in life.events if event.kind == "merged"] == []
    assert f"{new} has, or may have, its own partner" in lives[0].reason


async def test_a_merge_into_a_record_without_a_partner_keeps_the_pair() -> None:
    world = world_of(create=frozenset({Side.RIGHT}))
    old = world.left.add("customer", ACME)
    await later(world)
    (partner,) = world.right.records("customer")
    with_phone = {**ACME, "phoneNumber": "9", "name": "Acme"}
    world.policies["customer"] = replace(world.policies["customer"], create=frozenset())
    world.start()
    new = world.left.add("customer", with_phone)
    await later(world)
    world.left.merge("customer", old, new)
    await later(world)
    (life,) = await world.store.lives("customer", partner, None)
    assert life.row.keys == {Side.LEFT: new, Side.RIGHT: partner}
    assert [e.text for e in life.events if e.kind == "merged"] == [f"left {old} goes on as {new}"]
    assert world.right.records("customer")[partner]["tel"] == "9", "what the merge changed is a change"
    assert await states(world) == {PairState.IN_STEP: 1}


async def test_a_merge_that_a_sweep_came_before_is_told_of_all_the_same() -> None:
    """A full listing shows one record less, and nothing of the merge."""
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT, deletes=Deletes.PROPAGATE)})
    old = world.left.add("customer", ACME)
    await later(world)
    (partner,) = world.right.records("customer")
    new = world.left.add("customer", {**ACME, "name": "Holding of Iowa", "phoneNumber": "9"})
    world.left.merge("customer", old, new)
    world.wait(3600.0)
    world.left.edit("customer", new, {"phoneNumber": "10"})  # the last change; a poll looks back five minutes
    for _ in range(2):
        await swept(world)
    (life,) = await world.store.lives("customer", partner, None)
    assert life.row.keys == {Side.LEFT: new, Side.RIGHT: partner}
    assert list(world.right.records("customer")) == [partner]


async def test_a_merge_into_a_record_that_says_less_leaves_no_half_address() -> None:
    """Found by seed 5000118: the state of the address had been agreed with the record that is gone."""
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT)})
    address = {"street": "1 Main St", "city": "Dayton", "state": "OH", "postalCode": "45402"}
    key = world.left.add("customer", {**ACME, "address": address})
    await later(world)
    (old,) = world.right.records("customer")
    heir = world.right.add("customer", {"acct_name": "Acme Holding", "state_code": 1})
    world.right.merge("customer", old, heir)
    world.left.edit("customer", key, {"address": {**address, "street": "2 Main St"}})
    for _ in range(2):
        await later(world)
    kept = world.right.records("customer")[heir]
    assert [kept.get(n) for n in ("addr1", "town", "region", "zip")] == ["2 Main St", "Dayton", "OH", "45402"]


async def merged_into_new(heir: Mapping[str, Any], beside: Mapping[str, Any]) -> tuple[World, str, str]:
    """A pair whose left record was merged into ``heir``, as new as ``beside`` on the right."""
    world = World({"customer": policy("customer", Mode.BOTH)})
    old = world.left.add("customer", ACME)
    await later(world)
    (partner,) = world.right.records("customer")
    new = world.left.add("customer", heir)
    world.right.add("customer", beside)
    world.left.merge("customer", old, new)
    await later(world)
    return world, partner, new


async def test_a_merge_into_a_record_that_was_kept_on_both_sides_leaves_it_its_own_partner() -> None:
    """Seed 31003964: it was bound to the partner of the one merged into it, its own made once more."""
    world, partner, new = await merged_into_new(
        {"name": "Orchard Foods", "status": "active"}, {"acct_name": "Orchard Foods", "state_code": 1}
    )
    for _ in range(2):
        await later(world, 600)
    assert list(world.left.records("customer")) == [new]
    assert await states(world) == {PairState.IN_STEP: 1, PairState.HELD: 1}
    assert f"{new} has, or may have, its own partner" in await reason(world, partner)
    (life,) = await world.store.lives("customer", new, None)
    assert world.right.records("customer")[life.row.keys[Side.RIGHT]]["acct_name"] == "Orchard Foods"


async def test_a_merge_into_a_record_that_may_have_a_partner_waits_for_the_answer() -> None:
    world, partner, new = await merged_into_new(
        {"name": "Orchard Foods, Inc.", "phoneNumber": "(515) 555-0100", "status": "active"},
        {"acct_name": "Orchrad Foods", "tel": "515-555-0100", "state_code": 1},
    )
    assert list(world.left.records("customer")) == [new]
    assert await states(world) == {PairState.UNMATCHED: 2, PairState.HELD: 1}
    operator = operator_of(world)
    questions = await operator.matches("acme")
    await operator.match_reject([(q.id, c.key) for q in questions for c in q.candidates], "ann")
    await later(world)
    (life,) = await world.store.lives("customer", partner, None)
    assert life.row.keys == {Side.LEFT: new, Side.RIGHT: partner}
    assert len(world.left.records("customer")) == len(world.right.records("customer")) == 2


async def test_a_merge_is_not_followed_while_the_other_side_may_hold_more_than_it_shows() -> None:
    world = World({"customer": policy("customer", Mode.BOTH)})
    old = world.left.add("customer", ACME)
    await later(world)
    (partner,) = world.right.records("customer")
    orchard = world.right.add("customer", {"acct_name": "Orchard Foods", "state_code": 1})
    world.right.forbidden.add(("customer", orchard))
    new = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    world.left.merge("customer", old, new)
    await later(world)
    assert await states(world) == {PairState.HELD: 1, PairState.WAITING: 1}
    world.right.forbidden.clear()
    for _ in range(2):
        await later(world, 600)
    assert f"{new} has, or may have, its own partner" in await reason(world, partner)
    assert (len(world.left.records("customer")), len(world.right.records("customer"))) == (1, 2)


async def test_a_merge_into_a_record_that_our_create_in_doubt_has_made_leaves_it_to_that() -> None:
    """Seed 32215395: it was taken from the create, whose record then stood alone for ever."""
    world = World({"customer": policy("customer", Mode.BOTH)})
    world.left.add("customer", ACME)
    await later(world)
    (partner,) = world.right.records("customer")
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    orchard = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await later(world)
    made = next(key for key in world.right.records("customer") if key != partner)
    world.right.merge("customer", partner, made)
    await later(world, 10)
    for _ in range(3):
        await later(world, 600)
    (life,) = await world.store.lives("customer", orchard, None)
    assert life.row.keys == {Side.LEFT: orchard, Side.RIGHT: made}
    assert await states(world) == {PairState.IN_STEP: 1, PairState.HELD: 1}


async def merged_into_changed(monkeypatch: pytest.MonkeyPatch) -> tuple[World, str]:
    """One merged into another on the right, where the listing shows the merge and not yet that the other one
    was changed before it. The left record."""
    world = world_of(create=frozenset({Side.RIGHT}))
    key = world.left.add("customer", ACME)
    await later(world)
    (old,) = world.right.records("customer")
    heir = world.right.add("customer", {"acct_name": "Acme Holding", "tel": "7", "state_code": 1})
    await later(world)
    listing = world.right._listing
    monkeypatch.setattr(world.right, "_listing", lambda *asked: [s for s in listing(*asked) if s.key != heir])
    world.right.edit("customer", heir, {"tel": "8"})
    world.right.merge("customer", old, heir)
    return world, key


async def test_what_a_record_was_merged_into_is_read_before_it_is_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seed 31031729: what it had said before it was changed went to the other side."""
    world, key = await merged_into_changed(monkeypatch)
    await later(world)
    assert world.left.records("customer")[key]["phoneNumber"] == "8"
    assert await states(world) == {PairState.IN_STEP: 1}


async def test_a_merge_is_followed_once_what_it_led_to_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world, key = await merged_into_changed(monkeypatch)
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.FETCH, Fault(FaultKind.LOST_BEFORE), times=9)
    await world.cycle()
    world.right.faults = OrderedFaults()
    assert world.left.records("customer")[key]["phoneNumber"] == "1"
    await later(world)
    assert world.left.records("customer")[key]["phoneNumber"] == "8"


async def test_what_refers_to_a_merged_record_finds_the_one_it_became() -> None:
    world = World()
    first, second = (world.left.add("customer", {**ACME, "name": name}) for name in ("Acme", "Acme Holding"))
    await later(world)
    world.left.merge("customer", first, second)
    await later(world)
    bill = {
        "invoiceNumber": "S-1", "transactionDate": "2026-11-01", "customer": {"id": second},
        "totalPrice": 10.0, "status": "pending_accounting",
    }  # fmt: skip
    world.left.add("invoice", bill)
    await later(world)
    (posted,) = world.right.records("invoice").values()
    partner = next(k for k, r in world.right.records("customer").items() if r["acct_name"] == "Acme Holding")
    assert str(posted["acct"]) == partner
