"""The customer's rules change under a running link; and answers nobody foresaw."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncd.core.crossing import Table
from syncd.core.model import IntentState, PairState, Side
from syncd.core.outcome import Confirmed, Outcome
from syncd.core.policy import Limits, Mode, Rule
from syncd.ports import WriteRequest
from syncd.store.sql import SqlStore
from tests.integration.engine.test_selection import APPROVED, posted
from tests.integration.engine.world import World, policy

CUSTOMER = {"name": "Orchard Foods", "status": "active"}


class Died(BaseException):
    """The process was killed."""


async def died(*_: object, **__: object) -> None:
    raise Died


async def states(world: World, entity: str) -> dict[PairState, int]:
    return dict((await world.store.counts(await world.store.flow("acme", entity))).states)


async def test_a_code_added_to_a_crosswalk_lets_go_what_was_refused_for_it() -> None:
    world = World(
        tables={"gl_account": Table.of((), None, "4000"), "terms": Table.of((("N30", "30"),), None, None)}
    )
    await world.cycle()
    world.left.add("invoice", {**APPROVED, "terms": "ODD"})
    world.wait(60)
    await world.cycle()
    assert await states(world, "invoice") == {PairState.QUARANTINED: 1}
    world.tables["terms"] = Table.of((("N30", "30"), ("ODD", "99")), None, None)
    world.start()
    world.wait(60)
    await world.cycle()
    assert posted(world) == ["S-10442"]


async def test_a_mode_opened_later_carries_over_what_stood_different() -> None:
    world = World({"customer": policy("customer", Mode.OBSERVE)})
    world.left.add("customer", CUSTOMER)
    await world.cycle()
    assert world.writes() == 0
    world.policies["customer"] = policy("customer", Mode.BOTH)
    world.start()
    world.wait(60)
    await world.cycle()
    assert len(world.right.records("customer")) == 1


async def test_a_mode_opened_before_all_was_read_once_carries_over_what_was_left_out_by_then() -> None:
    """What could not be listed whole yet was decided about all the same, by the rules of then."""
    world = World({"customer": policy("customer", Mode.RIGHT_TO_LEFT)})
    world.left.add("customer", CUSTOMER)
    hidden = world.right.add("customer", {"acct_name": "Another One"})
    world.right.forbidden.add(("customer", hidden))
    await world.cycle()
    assert await states(world, "customer") == {PairState.OUT_OF_SCOPE: 1}
    world.policies["customer"] = policy("customer", Mode.BOTH)
    world.right.forbidden.clear()
    world.start()
    world.wait(60)
    await world.cycle()
    assert len(world.right.records("customer")) == 2


@pytest.mark.parametrize("before", [0, 1])
async def test_what_rules_decided_that_changed_before_their_cycle_ended_is_decided_anew(
    before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process died in between; ``before``: cycles by the rules that then decide again."""
    world = World({"customer": policy("customer", Mode.BOTH)})
    for _ in range(before):
        await world.cycle()
    world.left.add("customer", CUSTOMER)
    world.policies["customer"] = policy("customer", Mode.RIGHT_TO_LEFT)
    world.start()
    world.wait(60)
    with monkeypatch.context() as dying:
        dying.setattr(SqlStore, "cycle_done", died)
        with pytest.raises(Died):
            await world.cycle()
    assert await states(world, "customer") == {PairState.OUT_OF_SCOPE: 1}
    world.policies["customer"] = policy("customer", Mode.BOTH)
    world.start()
    world.wait(60)
    await world.cycle()
    assert len(world.right.records("customer")) == 1


async def test_a_change_of_rules_that_would_rewrite_everything_is_stopped() -> None:
    """Thirty open conflicts, and then a rule that settles all of them at once."""
    world = World({"customer": policy("customer", Mode.BOTH)})
    for n in range(30):
        world.left.add("customer", {**CUSTOMER, "name": f"Customer {n}", "email": f"{n}@example.com"})
        world.right.add("customer", {"acct_name": f"CUSTOMER {n}", "tel": "", "mail": f"{n}@other.example"})
    await world.cycle()
    assert await states(world, "customer") == {PairState.CONFLICT: 30}
    old = world.policies["customer"]
    fields = tuple(replace(f, rule=Rule.LEFT) if f.name == "email" else f for f in old.fields)
    world.policies["customer"] = replace(old, fields=fields)
    world.start()
    world.wait(60)
    outcome = await world.cycle()
    assert [trip.brake.value for trip in outcome.flows["customer"].trips] == ["policy_changed"]
    assert world.writes() == 0
    (hold,) = await world.store.holds()
    assert hold.reason == (
        "after a change of map, policy or crosswalk, 30 of 30 customer records would be written"
    )
    await world.store.release([hold.id], "ann")
    await world.cycle()
    assert world.writes() == 30
    assert await states(world, "customer") == {PairState.IN_STEP: 30}


@pytest.mark.parametrize("at_once", [5_000, 7])
async def test_a_plan_is_weighed_whole_however_much_of_it_is_kept(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large plan must not pass the brakes in small pieces; once released it goes through whole."""
    monkeypatch.setattr("syncd.engine.flow_run.PLAN_MAX", at_once)
    monkeypatch.setattr("syncd.engine.flow_run.BATCH", 5)
    world = World({"customer": policy("customer", Mode.BOTH)})
    keys = [world.left.add("customer", {**CUSTOMER, "name": f"Customer {n}"}) for n in range(40)]
    await world.cycle()
    world.wait(600)
    for key in keys[:30]:
        world.left.edit("customer", key, {"phoneNumber": "515 555 0100"})
    world.wait(600)
    before = world.writes()
    await world.cycle()
    (hold,) = await world.store.holds()
    assert (hold.by, world.writes()) == ("brake:mass_change", before)
    assert "30 of 40" in hold.reason
    await world.store.release([hold.id], "ann")
    await world.cycle()
    assert world.writes() == before + 30
    assert await world.store.holds() == []
    await world.cycle()
    assert (await world.store.flow("acme", "customer")).ceiling == 0, "what was released is used up"


async def test_after_a_change_of_rules_nothing_goes_out_before_the_plan_is_whole() -> None:
    """Selecting every status would post all the old invoices: the brake is met before the first of them."""
    world = World()
    for n in range(30):
        world.left.add("invoice", {**APPROVED, "invoiceNumber": f"S-{n}", "status": "draft"})
    await world.cycle()
    world.policies["invoice"] = replace(world.policies["invoice"], select={})
    world.start()
    world.wait(60)
    outcome = await world.cycle()
    assert [trip.brake.value for trip in outcome.flows["invoice"].trips] == ["policy_changed"]
    assert posted(world) == []


async def test_the_share_that_a_change_of_rules_may_write_is_the_sites_own() -> None:
    world = World()
    for n in range(30):
        world.left.add("invoice", {**APPROVED, "invoiceNumber": f"S-{n}", "status": "draft"})
    await world.cycle()
    limits = Limits(changed_floor=30)
    world.policies["invoice"] = replace(world.policies["invoice"], select={}, limits=limits)
    world.start()
    world.wait(60)
    await world.cycle()
    assert len(posted(world)) == 30


async def test_what_a_person_set_aside_stays_so_when_the_rules_change() -> None:
    world = World(tables={"gl_account": Table.of((), None, "4000"), "terms": Table.of((), None, None)})
    await world.cycle()
    world.left.add("invoice", {**APPROVED, "terms": "ODD"})
    world.wait(60)
    await world.cycle()
    (refused,) = await world.store.quarantined("acme", 10)
    await world.store.skip([refused.id], "paid in cash", "ann")
    world.tables["terms"] = Table.of((("ODD", "99"),), None, None)
    world.start()
    world.wait(60)
    await world.cycle()
    assert posted(world) == []


async def test_an_answer_that_names_a_record_of_another_pair_is_for_a_person() -> None:
    """A ledger that answers a create with a record it had already: two of ours would be one of theirs."""
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())})
    world.left.add("customer", CUSTOMER)
    await world.cycle()
    (first,) = world.right.records("customer")
    connector: Any = world.setup.ends[Side.RIGHT].connector

    async def answers_with_the_first(_request: WriteRequest) -> Outcome:
        return Confirmed(first, (await connector.fetch("customer", first)).raw)

    connector.submit = answers_with_the_first
    world.left.add("customer", {**CUSTOMER, "name": "Orchard Foods II"})
    world.wait(60)
    await world.cycle()
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert counts.intents == {IntentState.HELD: 1}
    assert counts.states == {PairState.IN_STEP: 1, PairState.HELD: 1}
