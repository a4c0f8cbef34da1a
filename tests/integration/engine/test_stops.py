"""What stops writes: a hold placed at the last moment, and the brakes; and how they let go."""

from __future__ import annotations

from syncd.connectors.memory import Behaviour
from syncd.core.brakes import Brake
from syncd.core.model import PairState, Side
from syncd.core.outcome import Outcome
from syncd.core.policy import Deletes, Limits, Mode
from syncd.ports import WriteRequest
from tests.integration.engine.world import World, policy

LIMITS = Limits(deletes_count=1, changed_floor=2, writes_per_record_hour=3)


async def in_step(count: int, **more: object) -> tuple[World, list[str]]:
    """So many customers, paired and equal."""
    world = World({"customer": policy("customer", Mode.BOTH, **{"limits": LIMITS, **more})})
    world.left.behaviour = Behaviour(delete_feed=True)
    world.start()
    keys = [world.left.add("customer", {"name": f"Customer {n}", "status": "active"}) for n in range(count)]
    await world.cycle()
    world.wait(600)
    await world.cycle()
    return world, keys


def mails(world: World) -> int:
    return sum(bool(wire.get("mail")) for wire in world.right.records("customer").values())


async def test_a_hold_placed_between_planning_and_sending_stops_it() -> None:
    world, (key,) = await in_step(1)
    world.left.edit("customer", key, {"email": "a@example.com"})
    sent = world.engine.store.mark_sent

    async def held_first(intent: object) -> bool:
        await world.store.hold("link:acme", "just in time", "ann")
        return await sent(intent)  # type: ignore[arg-type]

    world.engine.store.mark_sent = held_first  # type: ignore[method-assign]
    before_writes = world.writes()
    outcome = await world.cycle()
    assert outcome.flows["customer"].tally.held == 1
    assert world.writes() == before_writes
    del world.engine.store.mark_sent
    (hold,) = await world.store.holds()
    world.left.edit("customer", key, {"email": "b@example.com"})
    world.wait(60)
    await world.cycle()
    await world.store.release([hold.id], "ann")
    await world.cycle()
    (ledger,) = world.right.records("customer").values()
    assert ledger["mail"] == "b@example.com", "planned anew from the latest state"
    assert world.writes() == before_writes + 1


async def test_a_hold_placed_while_a_write_is_on_the_wire_lets_it_finish() -> None:
    world, (key,) = await in_step(1)
    world.left.edit("customer", key, {"email": "a@example.com"})
    connector = world.setup.ends[Side.RIGHT].connector
    submit = connector.submit

    async def held_meanwhile(request: WriteRequest) -> Outcome:
        await world.store.hold("link:acme", "too late for this one", "ann")
        return await submit(request)

    connector.submit = held_meanwhile  # type: ignore[method-assign]
    await world.cycle()
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert (mails(world), counts.states) == (1, {PairState.IN_STEP: 1})


async def test_everything_changed_at_once_stops_the_flow_before_any_write() -> None:
    world, keys = await in_step(4)
    for key in keys:
        world.left.edit("customer", key, {"email": f"{key}@example.com"})
    outcome = await world.cycle()
    assert [trip.brake for trip in outcome.flows["customer"].trips] == [Brake.MASS_CHANGE]
    assert mails(world) == 0
    for _ in range(3):
        world.wait(60)
        await world.cycle()
    (hold,) = await world.store.holds()
    assert (hold.scope, hold.by) == ("flow:acme/customer", "brake:mass_change")
    await world.store.release([hold.id], "ann")
    await world.cycle()
    assert mails(world) == 4
    assert await world.store.holds() == []


async def test_released_for_so_many_one_more_trips_again() -> None:
    world, keys = await in_step(5)
    for key in keys[:3]:
        world.left.edit("customer", key, {"email": f"{key}@example.com"})
    await world.cycle()
    (hold,) = await world.store.holds()
    await world.store.release([hold.id], "ann")
    world.left.edit("customer", keys[3], {"email": "one@more.example"})
    world.wait(60)
    await world.cycle()
    assert mails(world) == 0
    (again,) = await world.store.holds()
    assert again.reason == "4 of 5 customer records would be rewritten"


async def test_many_removals_at_once_are_stopped() -> None:
    world, keys = await in_step(4, deletes=Deletes.PROPAGATE)
    for key in keys[:2]:
        world.left.remove("customer", key)
    outcome = await world.cycle()
    assert [trip.brake for trip in outcome.flows["customer"].trips] == [Brake.MASS_DELETE]
    assert len(world.right.records("customer")) == 4


async def test_a_record_written_again_and_again_is_stopped() -> None:
    world, (key,) = await in_step(1)
    for n in range(6):
        world.left.edit("customer", key, {"email": f"{n}@example.com"})
        await world.cycle()
        world.wait(60)
    (ledger,) = world.right.records("customer").values()
    assert ledger["mail"] == "1@example.com", "its create and two updates, then the brake"
    assert [hold.by for hold in await world.store.holds()] == ["brake:loop"]


async def test_a_brake_of_one_flow_leaves_the_others_running() -> None:
    world, keys = await in_step(4)
    world.policies |= {"job": policy("job", Mode.LEFT_TO_RIGHT)}
    world.start()
    for key in keys:
        world.left.edit("customer", key, {"email": f"{key}@example.com"})
    world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": keys[0]}})
    await world.cycle()
    assert mails(world) == 0
    assert len(world.right.records("job")) == 1


async def test_a_flow_that_observes_writes_nothing() -> None:
    world = World({"customer": policy("customer", Mode.OBSERVE)})
    world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    world.right.add("customer", {"acct_name": "ORCHARD FOODS", "tel": "555-0100"})
    world.right.add("customer", {"acct_name": "Somebody else", "tel": ""})
    for _ in range(2):
        await world.cycle()
        world.wait(60)
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert world.writes() == 0
    assert counts.bound == 1
