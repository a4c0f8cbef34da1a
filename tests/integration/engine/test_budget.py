"""What a link may send within an hour, and the switch that stops everything."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.connectors.memory import Call
from syncd.core.brakes import Budget, Spent, over_budget
from syncd.core.model import IntentState, Side
from syncd.core.policy import Mode
from syncd.store import migrate
from syncd.store.database import ThreadedDatabase, sqlite_engine
from syncd.store.sql import SqlStore
from tests.integration.engine.operating import operator_of
from tests.integration.engine.world import OpenSeal, World, policy


def limited(world: World, **budget: Any) -> World:
    """The same state under a budget, as after a restart with another configuration."""
    world.store = SqlStore(
        world.store.database, world.clock, OpenSeal(), b"k" * 32, {"acme": Budget(**budget)}
    )
    world.start()
    return world


def customers(count: int) -> World:
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())})
    for n in range(count):
        world.left.add("customer", {"name": f"Customer {n} of Ames", "status": "active"})
    return world


def written(world: World) -> int:
    return world.right.requests[Call.WRITE]


@pytest.mark.parametrize(
    ("says", "spent", "amount", "budget", "stopped"),
    [
        ("no budget", Spent(10**6, Decimal(10**9)), "5", Budget(), False),
        ("the last write", Spent(9), "0", Budget(writes=10), False),
        ("one too many", Spent(10), "0", Budget(writes=10), True),
        ("to the cent", Spent(1, Decimal("90.00")), "10.00", Budget(amount=Decimal(100)), False),
        ("a cent too much", Spent(1, Decimal("90.00")), "10.01", Budget(amount=Decimal(100)), True),
        ("one that is too large by itself", Spent(), "500.00", Budget(amount=Decimal(100)), True),
        ("nothing is moved", Spent(1, Decimal("100.00")), "0", Budget(amount=Decimal(100)), False),
    ],
)
def test_over_budget(says: str, spent: Spent, amount: str, budget: Budget, stopped: bool) -> None:
    trip = over_budget("acme", spent, Decimal(amount), budget)
    assert (trip is not None) is stopped
    assert trip is None or trip.message.startswith("acme has sent")


async def test_above_its_budget_a_link_stops_and_says_how_it_is_released() -> None:
    world = limited(customers(10), writes=4)
    await world.cycle()
    assert written(world) == 4
    (link,) = (await operator_of(world).status()).links
    (hold,) = link.holds
    assert (hold.scope, hold.by, hold.release) == ("link:acme", "brake:budget", f"syncd release {hold.id}")
    assert "4 writes within an hour" in hold.reason
    assert link.budget is not None
    assert (link.budget.writes, link.budget.writes_most) == (4, 4)
    world.wait(4000)
    await world.cycle()
    assert written(world) == 4, "held until a person releases it, whatever the hour"
    for expected in (8, 10):
        (hold,) = (await operator_of(world).status()).links[0].holds
        await operator_of(world).release([hold.id], "ann")
        await world.cycle()
        assert written(world) == expected, "one more budget, and not a budget without end"
    assert world.right.duplicates == 0


async def test_it_survives_a_restart_and_runs_out_with_the_hour() -> None:
    world = limited(customers(3), writes=4)
    await world.cycle()
    limited(world, writes=4)
    for n in range(4):
        world.left.add("customer", {"name": f"New {n}", "status": "active"})
    world.wait(3700)
    await world.cycle()
    assert written(world) == 7, "the first three are an hour old"
    world.left.add("customer", {"name": "One more", "status": "active"})
    limited(world, writes=4)
    world.wait(60)
    await world.cycle()
    assert written(world) == 7


async def test_money_is_counted_as_its_source_says_it() -> None:
    flows = {
        "invoice": policy(
            "invoice", Mode.LEFT_TO_RIGHT, create_only=True, post_existing=True,
            select={"status": frozenset({"pending_accounting"})},
        )
    }  # fmt: skip
    world = limited(World(flows), amount=Decimal(250))
    for n, total in enumerate(("100.00", "-100.00", "100.00", "900.00")):
        world.left.add(
            "invoice",
            {
                "invoiceNumber": f"S-{n}00",
                "transactionDate": "2026-11-01",
                "totalPrice": total,
                "status": "pending_accounting",
            },
        )
    await world.cycle()
    posted = {w["doc_no"] for w in world.right.records("invoice").values()}
    assert posted == {"S-000", "S-100"}, "a credit counts like a charge"
    for _ in range(2):
        (hold,) = (await operator_of(world).status()).links[0].holds
        await operator_of(world).release([hold.id], "ann")
        await world.cycle()
    assert len(world.right.records("invoice")) == 4, "also the one that is larger than a whole budget"


async def test_stopping_everything_stops_the_rest_of_a_batch(tmp_path: Path) -> None:
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}")
    migrate.upgrade(engine)
    world = World(
        {"customer": policy("customer", Mode.LEFT_TO_RIGHT, match=())}, database=ThreadedDatabase(engine)
    )
    for n in range(60):
        world.left.add("customer", {"name": f"Customer {n} of Ames", "status": "active"})
    connector = world.setup.ends[Side.RIGHT].connector
    submit, stopped = connector.submit, asyncio.Event()
    on_the_wire = asyncio.Event()

    async def slow(request: Any) -> Any:
        on_the_wire.set()
        await stopped.wait()
        return await submit(request)

    connector.submit = slow  # type: ignore[method-assign]
    running = asyncio.create_task(world.cycle())
    await on_the_wire.wait()
    await world.store.counts(await world.store.flow("acme", "customer"))
    held = await operator_of(world).hold("everything", "wrong totals", "ann")
    stopped.set()
    await running
    assert written(world) == held.under_way <= 7, "what had been sent may finish; nothing else leaves"
    counts = await world.store.counts(await world.store.flow("acme", "customer"))
    assert IntentState.SENT not in counts.intents
    (link,) = (await operator_of(world).status()).links
    assert [h.release for h in link.holds] == [f"syncd release {held.id}"]
    connector.submit = submit  # type: ignore[method-assign]
    await operator_of(world).release([held.id], "ann")
    await world.cycle()
    assert (len(world.right.records("customer")), world.right.duplicates) == (60, 0)
    await world.store.close()
