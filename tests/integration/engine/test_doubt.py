"""Writes whose outcome is not known, and writes that could not be made yet."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from syncd.connectors.memory import Behaviour, Call, Fault, FaultKind, Manner, OrderedFaults
from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.core.policy import Mode
from syncd.engine.apply import retry_delay
from syncd.engine.recover import Step, next_step
from syncd.ports import OperationSpec, Proof
from tests.integration.engine.world import World, policy

KEYED = OperationSpec(Proof.NATIVE_KEY, native_key_life_s=3600.0)


def one_customer(manner: Manner | None = None) -> tuple[World, OrderedFaults]:
    """A customer to be created on the right, and faults to order there. Nothing is matched: what saves us
    from doubles is only what is under test."""
    world = World(
        {"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())},
        manners={} if manner is None else {Side.RIGHT: manner},
    )
    world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    world.right.faults = faults = OrderedFaults()
    return world, faults


async def intents(world: World) -> dict[IntentState, int]:
    return dict((await world.store.counts(await world.store.flow("acme", "customer"))).intents)


@pytest.mark.parametrize("fault", [FaultKind.LOST_AFTER, FaultKind.UNREADABLE, FaultKind.TRUNCATED])
async def test_carried_out_and_the_answer_lost(fault: FaultKind) -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(fault))
    await world.cycle()
    assert await intents(world) == {IntentState.UNCERTAIN: 1}
    world.wait(29)
    await world.cycle()
    assert world.right.requests[Call.WRITE] == 1
    assert await intents(world) == {IntentState.UNCERTAIN: 1}, "not looked up before its time"
    world.wait(2)
    await world.cycle()
    assert (len(world.right.records("customer")), await intents(world)) == (1, {})
    assert world.right.requests[Call.WRITE] == 1


async def test_never_arrived_it_is_sent_again_under_the_same_reference() -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_BEFORE))
    await world.cycle()
    world.wait(31)
    await world.cycle()
    (record,) = world.right.records("customer").values()
    assert str(record["extRef"]).endswith(".1")
    assert await intents(world) == {}


async def test_executed_late_within_the_settle_time_it_is_posted_once() -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(FaultKind.LATE, after_s=29.0))
    for _ in range(4):
        await world.cycle()
        world.wait(11)
    assert len(world.right.records("customer")) == 1
    assert world.right.duplicates == 0
    assert await intents(world) == {}


async def test_without_a_settle_time_a_person_decides() -> None:
    world, faults = one_customer(Manner(settle_s=None, settle_provenance="unknown"))
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    assert await intents(world) == {IntentState.HELD: 1}
    for _ in range(3):
        world.wait(3600)
        await world.cycle()
    world.start()
    await world.cycle()
    assert world.right.requests[Call.WRITE] == 1


async def test_what_nothing_proves_is_for_a_person() -> None:
    world, faults = one_customer(Manner(settle_s=30.0, proofs={("customer", "create"): Proof.NONE}))
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    world.wait(31)
    await world.cycle()
    assert await intents(world) == {IntentState.HELD: 1}
    assert world.right.requests[Call.WRITE] == 1


async def test_several_records_with_our_reference_are_for_a_person() -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    (reference,) = {str(wire["extRef"]) for wire in world.right.records("customer").values()}
    world.right._created["customer", reference].append(
        world.right.add("customer", {"acct_name": "Orchard Foods", "extRef": reference})
    )
    world.wait(31)
    await world.cycle()
    assert await intents(world) == {IntentState.HELD: 1}


async def test_a_look_up_that_fails_is_repeated_and_nothing_is_guessed() -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_BEFORE))
    faults.order(Call.SEARCH, Fault(FaultKind.UNREADABLE), times=2)
    await world.cycle()
    for _ in range(2):
        world.wait(31)
        await world.cycle()
        assert world.right.requests[Call.WRITE] == 1
    world.wait(31)
    await world.cycle()
    assert len(world.right.records("customer")) == 1


async def test_accepted_settles_when_it_is_seen_posted() -> None:
    world, _ = one_customer()
    world.right.behaviour = Behaviour(posts_after_s=45.0)
    world.start()
    await world.cycle()
    assert await intents(world) == {IntentState.ACCEPTED: 1}
    world.wait(31)
    await world.cycle()
    assert await intents(world) == {IntentState.ACCEPTED: 1}
    world.wait(31)
    await world.cycle()
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert (counts.intents, counts.states) == ({}, {PairState.IN_STEP: 1})
    assert len(world.right.records("customer")) == 1


async def test_confirmed_but_not_readable_yet_it_is_looked_at_again() -> None:
    world, faults = one_customer()
    world.right.behaviour = Behaviour(returns_record=False)
    world.start()
    faults.order(Call.FETCH, Fault(FaultKind.UNREADABLE))
    await world.cycle()
    assert await intents(world) == {IntentState.UNCERTAIN: 1}
    world.wait(31)
    await world.cycle()
    assert (len(world.right.records("customer")), await intents(world)) == (1, {})


async def test_an_update_in_doubt_is_settled_by_its_content() -> None:
    world, faults = one_customer()
    await world.cycle()
    (key,) = world.left.records("customer")
    for fault in (FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE):
        world.wait(600)
        world.left.edit("customer", key, {"email": f"{fault}@example.com"})
        faults.order(Call.WRITE, Fault(fault))
        await world.cycle()
        world.wait(31)
        await world.cycle()
        (ledger,) = world.right.records("customer").values()
        assert ledger["mail"] == f"{fault}@example.com"
        assert await intents(world) == {}


async def test_an_update_in_doubt_that_was_edited_over_is_decided_anew_from_what_is_there() -> None:
    """Seed 50069228: from what was read before it, the source's own edit seemed to stand where we had put
    the owner's value in its place by then."""
    world = World()
    left = world.left.add("customer", {"name": "Orchard Foods", "phoneNumber": "1", "status": "active"})
    await world.cycle()
    (right,) = world.right.records("customer")
    world.right.edit("customer", right, {"acct_name": "Orchard Foods Inc", "tel": "2"})
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    world.wait(60)
    await world.cycle()
    assert await intents(world) == {IntentState.UNCERTAIN: 1}
    world.left.edit("customer", left, {"phoneNumber": "3"})
    world.wait(31)
    await world.engine.drain(scheduled=False)  # it is looked up, and nothing is listed
    (life,) = await world.store.lives("customer", left, "acme")
    assert life.row.state is PairState.CONFLICT, "the phone, which both have entered; the name has arrived"
    assert [event.kind for event in life.events].count("dropped") == 1
    assert world.left.requests[Call.WRITE] == 1


async def test_a_busy_platform_is_asked_again_ever_more_seldom() -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(FaultKind.RETRY_LATER), times=3)
    start = world.clock.now()
    tries = []
    for _ in range(60):
        before = world.right.requests[Call.WRITE]
        await world.cycle()
        if world.right.requests[Call.WRITE] > before:
            tries.append((world.clock.now() - start).total_seconds())
        world.wait(1)
    assert len(tries) == 4
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 2 * gaps[0]
    assert len(world.right.records("customer")) == 1


async def test_it_waits_as_long_as_the_platform_asked() -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(FaultKind.RETRY_LATER, after_s=100.0))
    await world.cycle()
    world.wait(99)
    await world.cycle()
    assert world.right.requests[Call.WRITE] == 1
    world.wait(2)
    await world.cycle()
    assert len(world.right.records("customer")) == 1


@pytest.mark.parametrize(
    ("attempts", "asked", "delay"),
    [
        (0, None, 2.0),
        (1, None, 4.0),
        (3, None, 16.0),
        (99, None, 900.0),
        (0, 5.0, 5.0),
        (0, 1e9, 900.0),
        (0, -3.0, 0.0),
    ],
)
def test_how_long_until_the_next_try(attempts: int, asked: float | None, delay: float) -> None:
    assert retry_delay(attempts, asked) == delay


@pytest.mark.parametrize(
    ("says", "state", "operation", "age_s", "step"),
    [
        ("what is planned is sent", IntentState.PLANNED, OperationSpec(Proof.NONE), 0, Step.SEND),
        ("nothing proves it", IntentState.UNCERTAIN, OperationSpec(Proof.NONE), 60, Step.HOLD),
        ("not declared at all", IntentState.UNCERTAIN, None, 60, Step.HOLD),
        ("a look-up proves it", IntentState.UNCERTAIN, OperationSpec(Proof.LOOKUP), 60, Step.LOOK_UP),
        ("its content proves it", IntentState.UNCERTAIN, OperationSpec(Proof.CONTENT), 60, Step.COMPARE),
        ("its key is alive", IntentState.UNCERTAIN, KEYED, 60, Step.SEND),
        ("its key has expired", IntentState.UNCERTAIN, KEYED, 3601, Step.LOOK_UP),
        ("accepted is looked for", IntentState.ACCEPTED, KEYED, 60, Step.LOOK_UP),
    ],
)  # fmt: skip
async def test_how_a_write_in_doubt_is_settled(
    says: str, state: IntentState, operation: OperationSpec | None, age_s: float, step: Step
) -> None:
    world, faults = one_customer()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    world.wait(31)
    (intent,) = await world.store.due_intents("acme", 1)
    assert intent.request.operation is Operation.CREATE
    now = world.clock.now()
    aged = replace(intent, state=state, sent_at=now - timedelta(seconds=age_s))
    assert next_step(aged, operation, now) is step
