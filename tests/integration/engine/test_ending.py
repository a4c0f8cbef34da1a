"""A link that is told to stop, and writes that must not go out as they were once planned."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from syncd.connectors.memory import Call, Fault, FaultKind, OrderedFaults
from syncd.core.model import IntentState, Side
from syncd.core.outcome import Confirmed, Outcome
from syncd.core.policy import Mode
from syncd.ports import Page, Seen, WriteRequest
from tests.integration.engine.operating import operator_of
from tests.integration.engine.world import World, policy


def many(count: int) -> World:
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())})
    for n in range(count):
        world.left.add("customer", {"name": f"Customer {n}", "status": "active"})
    return world


async def intents(world: World) -> dict[IntentState, int]:
    return dict((await world.store.counts(await world.store.flow("acme", "customer"))).intents)


async def test_told_to_stop_it_sends_nothing_more_and_goes_on_at_the_next_start() -> None:
    world = many(30)
    connector = world.setup.ends[Side.RIGHT].connector
    submit = connector.submit

    async def stops_after_it(request: WriteRequest) -> Outcome:
        world.engine.stopping.set()
        return await submit(request)

    connector.submit = stops_after_it  # type: ignore[method-assign]
    await world.cycle()
    on_the_wire = world.right.requests[Call.WRITE]
    assert on_the_wire <= 4, "as many as were under way at once"
    assert await intents(world) == {IntentState.PLANNED: 30 - on_the_wire}
    world.start()
    await world.cycle()
    assert (world.right.requests[Call.WRITE], len(world.right.records("customer"))) == (30, 30)
    assert await intents(world) == {}


async def test_told_to_stop_it_breaks_off_reading() -> None:
    world = many(1)
    connector = world.setup.ends[Side.LEFT].connector

    async def hangs(entity: str, **_: Any) -> Any:
        world.engine.stopping.set()
        await asyncio.Event().wait()
        yield Page(())

    connector.pages = hangs  # type: ignore[method-assign]
    outcome = await world.cycle()
    assert outcome.writes == 0
    world.start()
    await world.cycle()
    assert len(world.right.records("customer")) == 1


async def test_a_write_that_was_put_off_does_not_go_out_with_an_old_body() -> None:
    world = many(1)
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.RETRY_LATER))
    await world.cycle()
    assert await intents(world) == {IntentState.PLANNED: 1}
    (key,) = world.left.records("customer")
    world.left.edit("customer", key, {"name": "Another Name"})
    world.wait(1000)
    await world.cycle()
    (created,) = world.right.records("customer").values()
    assert created["acct_name"] == "Another Name"
    assert world.right.requests[Call.WRITE] == 2, "the refused one, and the one planned anew"


async def test_a_write_that_was_put_off_is_sent_as_it_is_while_nothing_changed() -> None:
    world = many(1)
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.RETRY_LATER))
    await world.cycle()
    world.wait(1000)
    await world.cycle()
    (record,) = world.right.records("customer").values()
    assert str(record["extRef"]).endswith(".1")


async def test_confirmed_by_name_and_not_readable_yet_it_is_never_made_twice() -> None:
    world = many(1)
    connector = world.setup.ends[Side.RIGHT].connector
    submit = connector.submit

    async def tells_the_key_only(request: WriteRequest) -> Outcome:
        done = await submit(request)
        assert isinstance(done, Confirmed)
        return Confirmed(done.key)

    async def lags(request: WriteRequest) -> Sequence[Seen]:
        return []

    connector.submit = tells_the_key_only  # type: ignore[method-assign]
    connector.evidence = lags  # type: ignore[method-assign]
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.FETCH, Fault(FaultKind.UNREADABLE))
    await world.cycle()
    assert await intents(world) == {IntentState.UNCERTAIN: 1}
    world.wait(31)
    await world.cycle()
    assert await intents(world) == {}
    assert world.right.requests[Call.WRITE] == 1


async def test_what_was_taken_in_keeps_its_key_and_is_not_put_in_doubt_by_a_failed_look() -> None:
    world = many(1)
    connector = world.setup.ends[Side.RIGHT].connector
    submit, evidence = connector.submit, connector.evidence

    async def takes_it_in(request: WriteRequest) -> Outcome:
        done = await submit(request)
        assert isinstance(done, Confirmed)
        return Confirmed(done.key, posted=False)

    async def nothing_yet(request: WriteRequest) -> Sequence[Seen]:
        return []

    connector.submit = takes_it_in  # type: ignore[method-assign]
    connector.evidence = nothing_yet  # type: ignore[method-assign]
    await world.cycle()
    (key,) = world.right.records("customer")
    for _ in range(2):
        world.wait(31)
        await world.cycle()
    assert await intents(world) == {IntentState.ACCEPTED: 1}
    world.right.faults = faults = OrderedFaults()
    connector.evidence = evidence  # type: ignore[method-assign]
    faults.order(Call.SEARCH, Fault(FaultKind.UNREADABLE))
    world.wait(31)
    await world.cycle()
    assert await intents(world) == {IntentState.ACCEPTED: 1}
    world.wait(31)
    (accepted,) = await world.store.due_intents("acme", 10)
    assert accepted.remote_key == key
    await world.cycle()
    assert await intents(world) == {}
    assert world.right.requests[Call.WRITE] == 1


async def test_one_record_on_command_waits_for_the_cycle_under_way() -> None:
    world = many(1)
    (key,) = world.left.records("customer")
    async with world.engine.turn:
        sending = asyncio.create_task(operator_of(world).send("acme", "customer", key))
        for _ in range(20):
            await asyncio.sleep(0)
        flow = await world.store.flow("acme", "customer")
        assert (await world.store.counts(flow)).due == 0, "nothing is ordered beside a cycle"
    result = await sending
    assert result.state == "posted"
