"""What a restart finds, and a copy to try things on."""

from __future__ import annotations

from datetime import timedelta

from syncd.core.model import PairState
from tests.integration.store.rows import LEFT, RIGHT, Bench, settlement, told

BOUNDS = {"field": 30.0, "ledger": 30.0}


async def test_what_was_sent_is_in_doubt_until_the_settle_time_is_over(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    assert await bench.store.recover("acme", BOUNDS) == 1
    assert await bench.intents() == {made.id: "uncertain"}
    assert await bench.store.due_intents("acme", 10) == []
    bench.wait(31)
    assert [one.id for one in await bench.store.due_intents("acme", 10)] == [made.id]


async def test_without_a_settle_time_it_is_held_instead_of_guessed(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    assert await bench.store.recover("acme", {"field": 30.0, "ledger": None}) == 1
    assert await bench.intents() == {made.id: "held"}
    assert (await bench.life(row.id)).row.state is PairState.HELD


async def test_what_was_only_planned_is_decided_anew(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.planned(row)
    assert await bench.store.recover("acme", BOUNDS) == 0
    assert await bench.intents() == {}
    assert [one.id for one in await bench.due()] == [row.id]


async def test_an_action_is_kept_for_it_is_not_derived_from_state(bench: Bench) -> None:
    made = await bench.sent(await bench.lone(LEFT, "F1"))
    action = await bench.store.settle(settlement(made, next=told()))
    assert action is not None
    await bench.store.recover("acme", BOUNDS)
    assert [one.id for one in await bench.store.due_intents("acme", 10)] == [action.id]


async def test_the_links_of_others_are_left_alone(bench: Bench) -> None:
    made = await bench.sent(await bench.lone(LEFT, "F1"))
    assert await bench.store.recover("other", BOUNDS) == 0
    assert await bench.intents() == {made.id: "sent"}


async def test_recovering_twice_is_recovering_once(bench: Bench) -> None:
    made = await bench.sent(await bench.lone(LEFT, "F1"))
    assert [await bench.store.recover("acme", BOUNDS) for _ in range(2)] == [1, 0]
    assert await bench.intents() == {made.id: "uncertain"}


async def test_when_the_next_thing_falls_due(bench: Bench) -> None:
    assert await bench.store.next_due_at("acme") is None
    row = await bench.lone(LEFT, "F1")
    await bench.rest(row, PairState.WAITING, waits=(LEFT, "customer", "F2"), due_in_s=300.0)
    assert await bench.store.next_due_at("acme") == bench.clock.at + timedelta(seconds=300)
    made = await bench.sent(await bench.lone(LEFT, "F2"))
    await bench.store.uncertain(made, "no answer", 30.0)
    assert await bench.store.next_due_at("acme") == bench.clock.at + timedelta(seconds=30)


async def test_pruning_forgets_what_is_over_and_nothing_that_is_open(bench: Bench) -> None:
    posted = await bench.posted(await bench.lone(LEFT, "F1"), "17")
    held = await bench.sent(await bench.lone(LEFT, "F2"))
    await bench.store.hold_intent(held, "nothing proves it")
    bench.wait(100)
    assert await bench.store.prune(timedelta(seconds=10)) > 0
    assert await bench.intents() == {held.id: "held"}
    assert (await bench.store.counts(bench.flow)).bound == 1
    assert posted.id not in await bench.intents()


async def test_a_scratch_copy_has_everything_and_moves_nothing(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    before = await bench.life(row.id)
    async with bench.store.scratch() as scratch:
        (copied,) = await scratch.due_pairs(bench.flow, 10)
        assert copied == row
        await scratch.page_seen(bench.streams[RIGHT], [], resume="2", walk_since=None)
        await scratch.hold("everything", "on the copy", "ann")
        await scratch.force(bench.flow, LEFT, bench.streams[LEFT].id, "F1")
    assert await bench.life(row.id) == before
    assert await bench.store.holds() == []
    assert (await bench.store.stream("ledger", "customer")).resume is None
