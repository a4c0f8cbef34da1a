"""First sync on two systems that were kept by hand for years: who is whom, and what a person is asked."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.api.models import MatchItem
from syncd.connectors.memory import Behaviour, Call, Fault, FaultKind, Manner, OrderedFaults
from syncd.core.errors import FixInput, NothingMatched
from syncd.core.model import PairState, Side
from syncd.core.policy import Mode
from tests.integration.engine.operating import operator_of
from tests.integration.engine.world import World, policy

LEFT = {"name": "Orchard Foods, Inc.", "phoneNumber": "(515) 555-0100", "status": "active"}
RIGHT = {"acct_name": "Orchrad Foods", "tel": "515-555-0100", "state_code": 1}


class Killed(BaseException):
    """The process is no more."""


def world_of(left: list[dict[str, Any]], right: list[dict[str, Any]], mode: Mode = Mode.BOTH) -> World:
    world = World({"customer": policy("customer", mode)})
    for wire in left:
        world.left.add("customer", {"status": "active", **wire})
    for wire in right:
        world.right.add("customer", wire)
    return world


async def questions(world: World) -> list[MatchItem]:
    return list(await operator_of(world).matches("acme"))


def sizes(world: World) -> tuple[int, int]:
    return len(world.left.records("customer")), len(world.right.records("customer"))


async def states(world: World) -> dict[PairState, int]:
    return dict((await world.store.counts(await world.store.flow("acme", "customer"))).states)


async def test_a_probable_duplicate_is_asked_about_and_not_created() -> None:
    world = world_of([LEFT], [RIGHT])
    outcome = await world.cycle()
    assert sizes(world) == (1, 1)
    assert outcome.flows["customer"].verbs == {"match": 2}, "each side's record waits"
    (item,) = await questions(world)
    (candidate,) = item.candidates
    assert (item.side, item.label, candidate.label) == ("left", "Orchard Foods, Inc.", "Orchrad Foods")
    assert any(e.startswith("same phone") for e in candidate.evidence)
    (line,) = (await operator_of(world).status()).links
    assert line.flows[0].unmatched == 2
    assert line.health == "action_required"


async def test_a_probable_duplicate_is_asked_about_also_where_it_cannot_be_read_whole() -> None:
    world = world_of([LEFT], [{**RIGHT, "state_code": 99}])
    await world.cycle()
    assert sizes(world) == (1, 1)
    assert await states(world) == {PairState.UNMATCHED: 1, PairState.QUARANTINED: 1}


async def test_it_is_this_one() -> None:
    world = world_of([LEFT], [RIGHT])
    await world.cycle()
    (item,) = await questions(world)
    done = await operator_of(world).match_accept([(item.id, item.candidates[0].key)], "ann")
    assert done.count == 1
    await world.cycle()
    assert sizes(world) == (1, 1)
    assert await questions(world) == []
    life = await world.store.life(item.id)
    assert life is not None
    assert set(life.row.keys) == {Side.LEFT, Side.RIGHT}
    assert [(e.kind, e.actor) for e in life.events if e.kind == "matched"] == [("matched", "ann")]


async def test_one_that_was_removed_and_entered_again_by_hand_is_asked_about_and_bound() -> None:
    world = world_of([LEFT], [], Mode.LEFT_TO_RIGHT)
    world.right.behaviour = Behaviour(delete_feed=True)
    world.start()
    await world.cycle()
    (made,) = world.right.records("customer")
    (mine,) = world.left.records("customer")
    world.wait(60)
    world.right.remove("customer", made)
    again = world.right.add("customer", RIGHT)
    world.wait(60)
    await world.cycle()
    world.left.edit("customer", mine, {"email": "orchard@example.com"})
    world.wait(60)
    await world.cycle()
    assert len(world.right.records("customer")) == 1, "it is not made once more beside the new one"
    (item,) = await questions(world)
    assert [c.key for c in item.candidates] == [again]
    done = await operator_of(world).match_accept([(item.id, again)], "ann")
    assert done.count == 1
    for _ in range(2):
        world.wait(60)
        await world.cycle()
    assert await questions(world) == []
    assert world.right.records("customer")[again]["mail"] == "orchard@example.com"
    assert len(world.right.records("customer")) == 1


async def test_these_two_are_not_the_same_and_it_is_remembered() -> None:
    world = world_of([LEFT], [RIGHT])
    await world.cycle()
    (item,) = await questions(world)
    await operator_of(world).match_reject([(item.id, item.candidates[0].key)], "ann")
    for _ in range(2):
        world.wait(60)
        await world.cycle()
    assert sizes(world) == (2, 2)
    world.wait(7200)
    (key,) = [k for k, w in world.left.records("customer").items() if w["name"] == LEFT["name"]]
    world.left.edit("customer", key, {"email": "office@orchard.example"})
    await world.cycle()
    assert await questions(world) == []


async def test_it_is_none_of_several() -> None:
    other = {**RIGHT, "acct_name": "Orchard Food"}
    world = world_of([LEFT], [RIGHT, other], Mode.LEFT_TO_RIGHT)
    await world.cycle()
    (item,) = await questions(world)
    assert len(item.candidates) == 2
    assert item.candidates[0].score >= item.candidates[1].score
    await operator_of(world).match_reject([(item.id, "")], "ann")
    await world.cycle()
    assert sizes(world) == (1, 3)


async def test_of_two_with_the_same_name_one_is_told_apart_and_the_other_is_bound() -> None:
    same = {"acct_name": "ORCHARD FOODS", "tel": ""}
    world = world_of([{"name": "Orchard Foods"}], [same, same])
    await world.cycle()
    item = next(i for i in await questions(world) if i.side == "left")
    assert len(item.candidates) == 2
    await operator_of(world).match_reject([(item.id, item.candidates[1].key)], "ann")
    await world.cycle()
    life = await world.store.life(item.id)
    assert life is not None
    assert life.row.keys[Side.RIGHT] == item.candidates[0].key


async def test_one_name_in_two_towns_is_not_bound_by_its_name_alone() -> None:
    here = {"name": "Subway", "phoneNumber": "515-555-0100", "address": {"postalCode": "50010"}}
    there = {"acct_name": "Subway", "tel": "310-555-0199", "zip": "90210"}
    world = world_of([here], [there])
    carried = world.setup.flows[0].specs[Side.LEFT].map.get({**here, "id": 1})
    assert carried["postal_code"] == "50010", "the memory platform carries what this test needs"
    await world.cycle()
    assert sizes(world) == (1, 1)
    assert await states(world) == {PairState.UNMATCHED: 2}


async def test_two_that_want_the_same_one_are_asked_about_also_in_different_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syncd.engine.flow_run.BATCH", 1)
    world = world_of([{"name": "Orchard Foods"}] * 2, [{"acct_name": "Orchard Foods", "tel": ""}])
    await world.cycle()
    assert sizes(world) == (2, 1)
    assert await states(world) == {PairState.UNMATCHED: 3}


async def test_nobody_is_asked_about_a_record_that_finds_its_partner_in_a_later_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syncd.engine.flow_run.BATCH", 1)
    world = world_of([LEFT, {"name": RIGHT["acct_name"]}], [RIGHT])
    await world.cycle()
    assert await questions(world) == []
    world.wait(60)
    await world.cycle()
    assert sizes(world) == (2, 2)
    assert await states(world) == {PairState.IN_STEP: 2}


async def test_a_question_about_a_record_of_ours_in_doubt_ends_once_it_is_known_whose_it_is() -> None:
    world = world_of([LEFT], [])
    faults = OrderedFaults()
    world.right.faults = faults
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    world.start()
    await world.cycle()
    world.left.add("customer", {**LEFT, "name": "Orchrad Foods"})
    world.wait(5)
    await world.cycle()
    assert len(await questions(world)) == 1, "it looks like the one that we made, perhaps"
    for _ in range(3):
        world.wait(60)
        await world.cycle()
    assert await questions(world) == []
    assert sizes(world) == (2, 2)


async def test_a_question_whose_candidate_became_another_is_answered_by_itself() -> None:
    world = world_of([LEFT], [RIGHT])
    await world.cycle()
    (item,) = await questions(world)
    world.right.edit("customer", item.candidates[0].key, {"acct_name": "Millbrook", "tel": "319-555-0144"})
    for _ in range(2):
        world.wait(60)
        await world.cycle()
    assert await questions(world) == []
    assert sizes(world) == (2, 2)


async def test_sites_are_matched_through_their_customers_pair() -> None:
    world = World(
        {
            "customer": policy("customer", Mode.BOTH),
            "location": policy("location", Mode.LEFT_TO_RIGHT),
        }
    )
    one = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    two = world.right.add("customer", {"acct_name": "Orchard Foods", "tel": ""})
    world.left.add("location", {"name": "Main plant", "company": {"id": one}, "status": "active"})
    world.right.add("location", {"site_name": "MAIN PLANT", "acct": two})
    for _ in range(2):
        await world.cycle()
        world.wait(60)
    assert len(world.right.records("location")) == 1
    assert (await world.store.counts(await world.store.flow("acme", "location"))).bound == 1


async def test_a_first_sync_that_was_cut_off_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.engine.flow_run.BATCH", 5)
    world = world_of([{"name": f"Customer {n} of Ames"} for n in range(40)], [], Mode.LEFT_TO_RIGHT)
    steps: list[tuple[str, int, int | None]] = []
    connector = world.setup.ends[Side.RIGHT].connector
    submit = connector.submit

    async def dies(request: Any) -> Any:
        if len(world.right.records("customer")) >= 12:
            raise Killed
        return await submit(request)

    connector.submit = dies  # type: ignore[method-assign]
    with pytest.raises(BaseExceptionGroup):
        await world.cycle()
    assert 12 <= len(world.right.records("customer")) < 20
    world.start()
    world.wait(60)

    def follow(_flow: str, phase: str, done: int, total: int | None) -> None:
        steps.append((phase, done, total))

    await world.cycle(progress=follow)
    world.wait(60)
    await world.cycle()
    assert len(world.right.records("customer")) == 40
    assert world.right.duplicates == 0
    deciding = [(done, total) for phase, done, total in steps if phase == "deciding"]
    assert deciding, "the bar goes on"
    assert deciding[0][1] is not None
    assert deciding[0][1] < 40, "what was decided before is not decided again"


async def test_a_held_create_stops_only_what_looks_like_it() -> None:
    world = world_of([LEFT], [])
    manner = Manner(settle_s=None, settle_provenance="unknown")
    world.manners[Side.RIGHT] = manner
    world.start()
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    world.right.add("customer", {"acct_name": "Miller Dental", "tel": "515-555-0111"})
    for _ in range(2):
        world.wait(600)
        await world.cycle()
    names = {w["name"] for w in world.left.records("customer").values()}
    assert names == {"Orchard Foods, Inc.", "Miller Dental"}, "the stranger is created, the double is not"
    (item,) = await questions(world)
    assert item.side == "right"
    held = item.candidates[0].held
    assert held is not None
    with pytest.raises(FixInput, match="held write"):
        await operator_of(world).match_accept([(item.id, item.candidates[0].key)], "ann")
    await operator_of(world).held_settle(held, item.key, "ann")
    world.wait(60)
    await world.cycle()
    assert await questions(world) == []
    assert sizes(world) == (2, 2)


async def test_what_is_not_asked_cannot_be_answered() -> None:
    world = world_of([LEFT], [RIGHT])
    await world.cycle()
    (item,) = await questions(world)
    operator = operator_of(world)
    with pytest.raises(NothingMatched, match="is not asked about"):
        await operator.match_accept([(item.id, "999")], "ann")
    with pytest.raises(NothingMatched, match="to be matched"):
        await operator.match_accept([(999, "1")], "ann")
    await operator.match_accept([(item.id, item.candidates[0].key)], "ann")
    with pytest.raises(NothingMatched):
        await operator.match_accept([(item.id, item.candidates[0].key)], "ann")
