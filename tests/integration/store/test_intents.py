"""Writes on disk: put down before they leave, one create a natural key, every end one transaction."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from syncd.core.model import IntentState, Operation, PairState
from syncd.core.outcome import ErrorClass
from syncd.core.reconcile import Conflict, Why
from syncd.ports import Verdict
from syncd.store import settling
from syncd.store.tables import pair
from tests.integration.store.rows import LEFT, RIGHT, Bench, create, observation, settlement, told, update


async def test_an_intent_is_read_back_as_it_was_put_down(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.planned(row, fields=("name",), again=True, actor="ann")
    (kept,) = await bench.store.due_intents("acme", 10)
    assert kept == replace(made, fields=["name"], then=[], then_if_rejected=[])
    assert made.request.reference == "sy-F1.1"
    assert made.bases == {LEFT: {"name": "a"}}


async def test_a_pair_whose_write_is_under_way_is_never_due(bench: Bench) -> None:
    """Whatever wakes it meanwhile, and also while a person has to say whether it was carried out."""
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    await bench.store.force(bench.flow, LEFT, bench.streams[LEFT].id, "F1")
    assert await bench.due() == []
    await bench.store.uncertain(made, "no answer", 30.0)
    assert await bench.due() == []
    await bench.store.hold_intent(made, "nobody knows")
    assert await bench.due() == []


async def test_verdicts_and_intents_of_one_batch_happen_together(bench: Bench) -> None:
    one, two = await bench.lone(LEFT, "F1"), await bench.lone(LEFT, "F2")
    new = create(two)
    unsavable = replace(new, request=replace(new.request, body={"name": object()}))
    verdict = Verdict(pair=one.id, state=PairState.OUT_OF_SCOPE, hashes=one.hashes)
    with pytest.raises(TypeError):
        await bench.store.write_down(bench.flow, [verdict], [unsavable])
    assert {row.id for row in await bench.due()} == {one.id, two.id}
    assert await bench.intents() == {}


async def test_one_create_of_a_natural_key_at_a_time(bench: Bench) -> None:
    """Two records that look the same must not be created side by side: the second may be the first."""
    one, two = await bench.lone(LEFT, "F1"), await bench.lone(LEFT, "F2")
    natural = "0:orchard"
    made = await bench.store.write_down(
        bench.flow, [], [create(one, natural=natural), create(two, natural=natural)]
    )
    assert [m.pair for m in made] == [one.id]
    assert (await bench.life(two.id)).row.state is PairState.WAITING
    bench.wait(3)
    assert [row.id for row in await bench.due()] == [two.id]
    assert await bench.store.write_down(bench.flow, [], [create(two, natural=natural)]) == []
    await bench.store.mark_sent(made[0])
    await bench.store.settle(settlement(made[0]))
    bench.wait(3)
    assert len(await bench.store.write_down(bench.flow, [], [create(two, natural=natural)])) == 1


async def test_another_link_on_the_same_ledger_waits_too(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.planned(row, natural="0:orchard")
    other = await bench.store.flow("other", "customer")
    await bench.store.consume(other, {LEFT: await bench.store.stream("field", "customer")}, historical=False)
    (theirs,) = await bench.store.due_pairs(other, 10)
    assert await bench.store.write_down(other, [], [create(theirs, natural="0:orchard")]) == []


async def test_references_never_repeat(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    first = await bench.planned(row)
    await bench.store.drop(first, "out of date", due_in_s=0.0)
    second = await bench.sent(row)
    await bench.store.drop(second, "looked up: not carried out", due_in_s=0.0)
    third = await bench.posted(row)
    bench.wait(60)
    assert await bench.store.prune(timedelta(seconds=30))
    references = {first.request.reference, second.request.reference}
    assert len(references) == 2
    (now,) = await bench.store.write_down(bench.flow, [], [update((await bench.life(row.id)).row)])
    assert now.request.reference.endswith(".4")
    assert third.id != now.id


async def test_what_was_sent_stays_on_record_when_it_is_dropped(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    unsent = await bench.planned(row)
    await bench.store.drop(unsent, "out of date", due_in_s=0.0)
    assert await bench.intents() == {}
    sent = await bench.sent(row)
    await bench.store.drop(sent, "looked up: not carried out", due_in_s=0.0)
    assert await bench.intents() == {sent.id: "rejected"}
    assert [one.id for one in await bench.due()] == [row.id]


async def test_only_what_is_planned_is_sent_and_only_once(bench: Bench) -> None:
    made = await bench.planned(await bench.lone(LEFT, "F1"))
    assert await bench.store.mark_sent(made)
    assert not await bench.store.mark_sent(made)


async def test_settling_binds_and_journals_and_moves_the_bases_together(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.posted(row, "17")
    life = await bench.life(row.id)
    assert life.row.keys == {LEFT: "F1", RIGHT: "17"}
    assert life.row.bases == {LEFT: {"name": "a"}, RIGHT: {"name": "A"}}
    assert life.row.state is PairState.IN_STEP
    assert [event.kind for event in life.events] == ["planned", "sent", "posted"]
    assert await bench.store.counterparts("acme", [(LEFT, "customer", "F1"), (RIGHT, "customer", "17")]) == {
        (LEFT, "customer", "F1"): "17",
        (RIGHT, "customer", "17"): "F1",
    }


async def test_a_settlement_that_fails_leaves_nothing_behind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)

    class Killed(Exception):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(settling, "_wake", killed)  # the last thing it does
        with pytest.raises(Killed):
            await bench.store.settle(settlement(made))
    life = await bench.life(row.id)
    assert (life.row.keys, life.row.bases, life.row.state) == ({LEFT: "F1"}, {}, PairState.IN_FLIGHT)
    assert await bench.intents() == {made.id: "sent"}


async def test_what_follows_is_an_intent_of_its_own_in_the_same_transaction(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    next_ = replace(told("set_external_id"), then=(told().request,))
    following = await bench.store.settle(settlement(made, next=next_))
    assert following is not None
    assert (following.request.action, following.side) == ("set_external_id", LEFT)
    assert [one.action for one in following.then] == ["set_status"]
    assert await bench.intents() == {made.id: "posted", following.id: "planned"}
    assert (await bench.life(row.id)).row.state is PairState.IN_FLIGHT


async def test_conflicts_found_while_confirming_keep_the_pair_open(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    wrong = Conflict("amounts", ("total",), Why.AMOUNT)
    await bench.store.settle(settlement(made, conflicts=(wrong,)))
    assert (await bench.life(row.id)).row.state is PairState.CONFLICT


async def test_more_to_decide_makes_the_pair_due_again(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.posted(row, again=True)
    assert [one.id for one in await bench.due()] == [row.id]


async def test_a_record_seen_before_its_create_settled_is_one_pair(bench: Bench) -> None:
    """The ledger was read between our write and its answer: its lone pair is merged, with its history."""
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    lone = await bench.lone(RIGHT, "17", "A")
    await bench.rest(lone, PairState.WAITING, reason="a create is not settled yet")
    await bench.store.settle(settlement(made, "17"))
    assert await bench.count(pair) == 1
    assert "waiting" in [event.kind for event in (await bench.life(row.id)).events]
    await bench.consume()
    assert await bench.due() == []


async def test_binding_merges_lone_pairs_and_their_history(bench: Bench) -> None:
    left = await bench.lone(LEFT, "F1", natural="orchard")
    right = await bench.lone(RIGHT, "17", natural="orchard")
    await bench.rest(right, PairState.QUARANTINED, reason="it could be any of 2")
    found = await bench.store.candidates(
        bench.flow, bench.streams[RIGHT].id, RIGHT, [(left.id, ("orchard",))]
    )
    assert found == {left.id: [["17"]]}
    await bench.store.bind(bench.flow, RIGHT, bench.streams[RIGHT].id, [(left.id, "17")])
    life = await bench.life(left.id)
    assert life.row.keys == {LEFT: "F1", RIGHT: "17"}
    assert [event.kind for event in life.events] == ["quarantined", "matched"]
    assert await bench.count(pair) == 1
    assert [row.id for row in await bench.due()] == [left.id]
    assert await bench.store.candidates(bench.flow, bench.streams[RIGHT].id, RIGHT, [(99, ("orchard",))]) == {
        99: [[]]
    }, "what has its partner is no candidate any more"


async def test_a_record_that_is_being_created_is_no_candidate(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1", natural="orchard")
    await bench.planned(row)
    assert await bench.store.candidates(bench.flow, bench.streams[LEFT].id, LEFT, [(99, ("orchard",))]) == {
        99: [[]]
    }
    assert await bench.store.open_creates(bench.flow) == {RIGHT}


async def test_a_refusal_quarantines_the_record_with_the_platforms_words(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    await bench.store.rejected(made, ErrorClass.VALIDATION, "The period is closed.", "date", None)
    (refused,) = await bench.store.quarantined("acme", 10)
    assert (refused.id, refused.code, refused.reason, refused.field) == (
        row.id,
        "validation",
        "The period is closed.",
        "date",
    )
    assert refused.attempts == 1
    assert await bench.due() == []


async def test_a_refused_action_does_not_take_back_what_was_posted(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    action = await bench.store.settle(settlement(made, next=told()))
    assert action is not None
    await bench.store.mark_sent(action)
    await bench.store.rejected(action, ErrorClass.VALIDATION, "No such status.", "", None)
    life = await bench.life(row.id)
    assert life.row.keys == {LEFT: "F1", RIGHT: "17"}
    assert (await bench.intents())[made.id] == "posted"
    assert life.row.state is PairState.QUARANTINED
    assert await bench.store.requeue([row.id], "ann") == 1
    (again,) = await bench.store.due_intents("acme", 10)
    assert again.id == action.id


async def test_retried_later_is_sent_again_when_its_time_has_come(bench: Bench) -> None:
    made = await bench.sent(await bench.lone(LEFT, "F1"))
    await bench.store.retry_later(made, ErrorClass.RATE_LIMIT, "busy", 60.0)
    assert await bench.store.due_intents("acme", 10) == []
    assert await bench.store.next_due_at("acme") is not None
    bench.wait(61)
    (due,) = await bench.store.due_intents("acme", 10)
    assert (due.state, due.attempts) == (IntentState.PLANNED, 1)


async def test_accepted_is_not_posted(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    await bench.store.accepted(made, "batch 4", 30.0)
    assert (await bench.life(row.id)).row.state is PairState.IN_FLIGHT
    bench.wait(31)
    (due,) = await bench.store.due_intents("acme", 10)
    assert due.state is IntentState.ACCEPTED


async def test_in_doubt_without_a_bound_is_held_for_a_person(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    made = await bench.sent(row)
    await bench.store.uncertain(made, "no answer", None)
    assert await bench.intents() == {made.id: "held"}
    assert (await bench.life(row.id)).row.state is PairState.HELD
    assert "no answer" in (await bench.life(row.id)).reason


async def test_an_order_stands_until_it_is_carried_out(bench: Bench) -> None:
    """Also while the record waits for another, and when its write is dropped unsent."""
    await bench.see(LEFT, "F1")
    ident = await bench.store.force(bench.flow, LEFT, bench.streams[LEFT].id, "F1")
    await bench.consume()
    (row,) = await bench.due()
    assert (row.id, row.forced) == (ident, True)
    await bench.rest(row, PairState.WAITING, waits=(LEFT, "customer", "F2"), due_in_s=0.0)
    assert [one.forced for one in await bench.due()] == [True]
    made = await bench.planned(row)
    await bench.store.drop(made, "out of date", due_in_s=0.0)
    assert [one.forced for one in await bench.due()] == [True]
    await bench.posted(row)
    assert not (await bench.life(ident)).row.forced


async def test_who_waits_for_a_record_is_woken_when_it_is_paired(bench: Bench) -> None:
    jobs = await bench.store.flow("acme", "job")
    stream = await bench.store.stream("field", "job")
    await bench.store.page_seen(stream, [observation("J1")], resume=None, walk_since=None)
    stream = await bench.store.stream("field", "job")
    await bench.store.consume(jobs, {LEFT: stream}, historical=False)
    (job,) = await bench.store.due_pairs(jobs, 10)
    waiting = Verdict(
        pair=job.id,
        state=PairState.WAITING,
        hashes=job.hashes,
        waits=(LEFT, "customer", "F1"),
        due_in_s=300.0,
    )
    await bench.store.write_down(jobs, [waiting], [])
    assert await bench.store.due_pairs(jobs, 10) == []
    await bench.posted(await bench.lone(LEFT, "F1"))
    assert [row.id for row in await bench.store.due_pairs(jobs, 10)] == [job.id]


async def test_how_busy_a_record_was(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.posted(row)
    paired = (await bench.life(row.id)).row
    for _ in range(2):
        (made,) = await bench.store.write_down(bench.flow, [], [update(paired)])
        await bench.store.mark_sent(made)
        await bench.store.settle(settlement(made))
    assert await bench.store.busiest([row.id], 3600.0) == 3
    bench.wait(3601)
    assert await bench.store.busiest([row.id], 3600.0) == 0


async def test_a_delete_that_was_carried_out_leaves_the_pair_gone(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    await bench.posted(row)
    paired = (await bench.life(row.id)).row
    new = update(paired)
    request = replace(new.request, operation=Operation.DELETE, body={})
    (made,) = await bench.store.write_down(bench.flow, [], [replace(new, request=request)])
    await bench.store.mark_sent(made)
    removed = replace(settlement(made).observed, gone=True, content_hash=b"gone")  # type: ignore[type-var]
    await bench.store.settle(replace(settlement(made, bases=None), observed=removed))
    assert (await bench.life(row.id)).row.state is PairState.GONE
    assert await bench.store.counterparts("acme", [(LEFT, "customer", "F1")]) == {}
    await bench.consume()
    assert await bench.due() == []
