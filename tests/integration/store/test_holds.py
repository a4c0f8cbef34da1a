"""Holds take effect where a write is marked as sent; hints are read once, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncd.core.brakes import Brake, Trip
from syncd.core.model import IntentState, PairState
from tests.integration.store.rows import LEFT, RIGHT, Bench, settlement, told, update


@pytest.mark.parametrize(
    "scope",
    [
        "everything",
        "connection:ledger",
        "link:acme",
        "flow:acme/customer",
        "record:acme/customer/F1",
    ],
)
async def test_a_hold_stops_what_is_not_sent_yet(bench: Bench, scope: str) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.planned(row)
    hold = await bench.store.hold(scope, "the schema changed", "monitor")
    assert not await bench.store.mark_sent(made)
    assert await bench.intents() == {}, "dropped: to be planned anew from the latest state"
    life = await bench.life(row.id)
    assert (life.row.state, life.reason) == (PairState.HELD, "the schema changed")
    assert await bench.due() == []
    assert await bench.store.release([hold.id], "ann") == 1
    assert [one.id for one in await bench.due()] == [row.id]
    assert await bench.store.mark_sent(await bench.planned(row))


@pytest.mark.parametrize(
    "scope",
    [
        "connection:field",
        "link:other",
        "flow:acme/invoice",
        "flow:acme/custom",
        "record:acme/customer/F",
        "record:acme/invoice/F1",
    ],
)
async def test_a_hold_of_something_else_does_not(bench: Bench, scope: str) -> None:
    made = await bench.planned(await bench.lone(LEFT, "F1"))
    await bench.store.hold(scope, "elsewhere", "ann")
    assert await bench.store.mark_sent(made)


@pytest.mark.parametrize("key", ["F1", "17"])
async def test_a_records_hold_counts_for_either_of_its_keys(bench: Bench, key: str) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.posted(row, "17")
    await bench.store.hold(f"record:acme/customer/{key}", "being looked at", "ann")
    paired = (await bench.life(row.id)).row
    for side in (LEFT, RIGHT):
        (made,) = await bench.store.write_down(bench.flow, [], [update(paired, side)])
        assert not await bench.store.mark_sent(made)


async def test_an_action_waits_behind_a_hold_as_it_is(bench: Bench) -> None:
    """It is not derived from state: deciding anew would not plan it again."""
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    action = await bench.store.settle(settlement(made, next=told()))
    assert action is not None
    hold = await bench.store.hold("connection:field", "stop", "ann")
    assert not await bench.store.mark_sent(action)
    assert (await bench.intents())[action.id] == "held"
    assert await bench.due() == []
    await bench.store.release([hold.id], "ann")
    (again,) = await bench.store.due_intents("acme", 10)
    assert (again.id, again.request) == (action.id, action.request)


async def test_a_repeat_behind_a_hold_stays_in_doubt(bench: Bench) -> None:
    """What was sent once may have been carried out: it is never forgotten."""
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    await bench.store.uncertain(made, "no answer", 0.0)
    (doubtful,) = await bench.store.due_intents("acme", 10)
    hold = await bench.store.hold("link:acme", "stop", "ann")
    assert not await bench.store.mark_sent(doubtful)
    assert await bench.intents() == {made.id: "uncertain"}
    await bench.store.release([hold.id], "ann")
    bench.wait(31)
    (doubtful,) = await bench.store.due_intents("acme", 10)
    assert doubtful.state is IntentState.UNCERTAIN
    assert await bench.store.mark_sent(doubtful)


async def test_under_two_holds_releasing_one_is_not_enough(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.planned(row)
    first = await bench.store.hold("link:acme", "one", "ann")
    await bench.store.hold("everything", "two", "ben")
    await bench.store.mark_sent(made)
    await bench.store.release([first.id], "ann")
    assert not await bench.store.mark_sent(await bench.planned(row))
    assert (await bench.life(row.id)).reason == "two"


async def test_what_is_in_doubt_for_a_person_is_not_let_loose_by_a_release(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    await bench.store.hold_intent(made, "nothing proves it")
    hold = await bench.store.hold("link:acme", "stop", "ann")
    await bench.store.release([hold.id], "ann")
    assert await bench.intents() == {made.id: "held"}
    assert await bench.due() == []


async def test_the_same_cause_is_held_once(bench: Bench) -> None:
    first = await bench.store.hold("link:acme", "stop", "ann")
    assert (await bench.store.hold("link:acme", "stop", "ann")).id == first.id
    assert len(await bench.store.holds()) == 1
    assert await bench.store.release([first.id], "ann") == 1
    assert await bench.store.release([first.id], "ann") == 0
    assert await bench.store.holds() == []


async def test_the_holds_of_a_link(bench: Bench) -> None:
    for scope in ("everything", "connection:field", "flow:acme/job", "record:acme/job/J1", "link:acme_2"):
        await bench.store.hold(scope, "stop", "ann")
    found = await bench.store.link_holds("acme", ["field", "ledger"])
    assert [one.scope for one in found] == [
        "everything",
        "connection:field",
        "flow:acme/job",
        "record:acme/job/J1",
    ]


async def trips(bench: Bench, *sizes: int) -> Sequence[int]:
    for size in sizes:
        await bench.store.trip(bench.flow, [Trip(Brake.MASS_CHANGE, f"{size} would be rewritten", size)])
    return [hold.id for hold in await bench.store.holds(["flow:acme/customer"])]


async def test_releasing_a_brake_lets_through_what_it_stopped(bench: Bench) -> None:
    await bench.store.release(await trips(bench, 30), "ann")
    assert (await bench.store.flow("acme", "customer")).ceiling == 30
    await bench.store.cycle_done(bench.flow, fingerprint="f", first_sync_done=True)
    assert (await bench.store.flow("acme", "customer")).ceiling == 0, "once, not for ever"


async def test_a_brake_that_trips_again_is_one_hold_as_large_as_it_is_now(bench: Bench) -> None:
    (hold,) = await trips(bench, 30, 30, 35)
    (shown,) = await bench.store.holds()
    assert shown.reason == "35 would be rewritten"
    await bench.store.release([hold], "ann")
    assert (await bench.store.flow("acme", "customer")).ceiling == 35


async def test_releasing_another_hold_takes_nothing_back(bench: Bench) -> None:
    by_hand = await bench.store.hold("flow:acme/customer", "by hand", "ann")
    (brake,) = [i for i in await trips(bench, 30) if i != by_hand.id]
    await bench.store.release([brake], "ann")
    await bench.store.release([by_hand.id], "ann")
    assert (await bench.store.flow("acme", "customer")).ceiling == 30


# -- hints ------------------------------------------------------------------------------------


async def test_a_replayed_delivery_is_refused(bench: Bench) -> None:
    assert await bench.store.add_hints("field", [("invoice", "1"), ("invoice", "1")], "d-1")
    assert not await bench.store.add_hints("field", [("invoice", "2")], "d-1")
    assert await bench.store.add_hints("ledger", [("invoice", "2")], "d-1"), "each connection counts its own"
    assert [(e, key) for _, e, key in await bench.store.hints("field", 10)] == [("invoice", "1")]


async def test_announced_again_while_being_read_is_read_again(bench: Bench) -> None:
    await bench.store.add_hints("field", [("invoice", "1")], "d-1")
    reading = await bench.store.hints("field", 10)
    await bench.store.add_hints("field", [("invoice", "1")], "d-2")
    await bench.store.hints_done([ident for ident, _, _ in reading])
    assert [(e, key) for _, e, key in await bench.store.hints("field", 10)] == [("invoice", "1")]


async def test_a_delivery_is_forgotten_after_a_week(bench: Bench) -> None:
    await bench.store.add_hints("field", [("invoice", "1")], "d-1")
    bench.wait(8 * 86_400)
    assert await bench.store.add_hints("field", [], "d-2")
    assert await bench.store.add_hints("field", [("invoice", "1")], "d-1")
