"""What one announcement sets going, and what it leaves alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from syncd.core.model import Side
from syncd.ports import Page
from tests.integration.engine.world import World

CUSTOMER = {"name": "Orchard Foods", "phoneNumber": "555-0100", "status": "active"}


def asked(world: World, side: Side) -> list[str]:
    """What is asked of a side from now on: listings by their entity, records by entity and key."""
    seen: list[str] = []
    connector = world.setup.ends[side].connector
    pages, fetch = connector.pages, connector.fetch

    def listed(entity: str, **more: Any) -> AsyncIterator[Page]:
        seen.append(entity)
        return pages(entity, **more)

    async def fetched(entity: str, key: str) -> Any:
        seen.append(f"{entity} {key}")
        return await fetch(entity, key)

    connector.pages, connector.fetch = listed, fetched  # type: ignore[method-assign]
    return seen


async def settled() -> World:
    world = World()
    await world.cycle()
    world.wait(60)
    return world


async def test_an_announcement_reads_its_record_and_the_other_sides_listing_of_that_flow_alone() -> None:
    world = await settled()
    customer = world.left.add("customer", CUSTOMER)
    on_left, on_right = asked(world, Side.LEFT), asked(world, Side.RIGHT)
    await world.store.add_hints("field", [("customer", customer)], "d-1")
    outcome = await world.engine.drain(scheduled=False)
    assert list(outcome.flows) == ["customer"]
    assert outcome.flows["customer"].tally.created == 1
    assert on_left == [f"customer {customer}"]
    assert on_right[0] == "customer"
    assert "job" not in on_right


async def test_what_waited_for_an_announced_record_is_written_in_the_same_run() -> None:
    world = await settled()
    customer = world.left.add("customer", CUSTOMER)
    world.left.add("job", {"number": "J-1", "name": "Boiler", "customer": {"id": customer}})
    await world.cycle(entities=["job"])
    assert not world.right.records("job"), "its customer is not there yet"
    world.wait(60)
    await world.store.add_hints("field", [("customer", customer)], "d-1")
    on_right = asked(world, Side.RIGHT)
    outcome = await world.engine.drain(scheduled=False)
    assert list(outcome.flows) == ["customer", "job"]
    assert len(world.right.records("job")) == 1
    assert "job" in on_right, "what stands there by now is read before it is made there"


async def test_a_quiet_link_costs_a_look_and_two_listings_a_flow() -> None:
    world = await settled()
    await world.cycle()
    looked: list[str] = []
    states = world.store.states

    async def counted(*given: Any) -> Any:
        looked.append("states")
        return await states(*given)

    world.store.states = counted  # type: ignore[method-assign, assignment]
    outcome = await world.cycle()
    assert outcome.writes == 0
    assert len(looked) == 2
