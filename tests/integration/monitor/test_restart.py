"""What the watch knows survives its process; and a connection without links is watched all the same."""

from __future__ import annotations

from datetime import timedelta

from monitor.gating import Watched
from monitor.watch import Watch
from syncd.app.watching import walk
from syncd.ports.drift import DriftState
from tests.integration.monitor.test_gate import gone, renamed
from tests.integration.monitor.watched import WatchedWorld


async def _held() -> WatchedWorld:
    world = WatchedWorld()
    await world.history()
    world.drifting.change = renamed
    for n in range(500, 504):
        world.invoice(n)
        await world.run()
    await world.watch.close()
    return world


async def _restarted(world: WatchedWorld) -> None:
    change = world.drifting.change
    world.start()
    world.drifting.change = change
    await world.watch.load()


async def test_a_hold_outlives_its_process_and_what_was_learned_too() -> None:
    world = await _held()
    await _restarted(world)
    assert world.watch.states("field")["invoice"] == "checked"
    world.invoice(504)
    await world.run()
    assert world.posted() == {}
    (event,) = await world.drifts.events()
    await world.watch.releases.accept(event.id, "dana", "release notes")
    for n in range(505, 507):
        world.invoice(n)
        await world.run()
    await world.run()
    assert world.posted() == world.owed()


async def test_a_platform_that_goes_back_while_nobody_runs_is_noticed() -> None:
    world = await _held()
    world.drifting.change = None
    await _restarted(world)
    for n in range(504, 514):
        world.invoice(n)
        world.wait(300)
        await world.run()
    await world.run()
    assert await world.store.holds() == []
    assert world.posted() == world.owed()


async def test_what_was_accepted_is_still_read_through_its_corrected_lens() -> None:
    world = await _held()
    (event,) = await world.drifts.events()
    await world.watch.releases.accept(event.id, "dana", "release notes")
    await _restarted(world)
    await world.relens("field")
    for n in range(504, 508):
        world.invoice(n)
        await world.run()
    await world.run()
    assert world.posted() == world.owed()


async def test_a_connection_without_links_is_watched_and_holds_nothing() -> None:
    world = WatchedWorld()
    await world.history()
    watch = Watch(world.store, world.drifts, world.clock, secret=b"s")
    lenses = {entity: spec.map for entity, spec in world.drifting.capabilities.entities.items()}
    watch.add(Watched("solo", "memory"), lenses)
    mark = None
    for n in range(3):
        mark = await walk(watch, "solo", world.drifting, "invoice", None)
        world.invoice(600 + n, "paid")
    assert mark is not None
    assert watch.states("solo")["invoice"] == "checked"
    world.drifting.change = gone
    for n in range(60):
        world.invoice(700 + n, "paid")
    await walk(watch, "solo", world.drifting, "invoice", None)
    found = [event for event in await world.drifts.events() if event.seen.connection == "solo"]
    assert {event.seen.path for event in found} >= {"totalPrice"}
    assert all(event.state is DriftState.OPEN for event in found)
    assert await world.store.holds() == []


async def test_each_nearer_step_of_a_countdown_is_news_and_the_last_ones_are_graver() -> None:
    world = WatchedWorld()
    ends = world.clock.now() + timedelta(days=20)
    world.watch.said("field", {"secret_expires_at": ends.isoformat()})
    await world.watch.tick()
    seen = []
    for _ in range(20):
        await world.watch.tick()
        (event,) = await world.drifts.events()
        seen.append((event.seen.after["days"], event.seen.level))
        world.wait(86_400)
    assert list(dict.fromkeys(seen)) == [(30, "risky"), (14, "risky"), (7, "breaking"), (1, "breaking")]
