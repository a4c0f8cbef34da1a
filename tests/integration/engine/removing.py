"""A link whose records go away, and how its pairs stand then."""

from __future__ import annotations

from typing import Any

from syncd.connectors.memory import Behaviour
from syncd.core.model import PairState
from syncd.core.policy import Deletes, Mode
from syncd.engine.sweep import APART_S
from tests.integration.engine.world import World, policy

ACME = {"name": "Acme", "phoneNumber": "1", "status": "active"}


def world_of(deletes: Deletes = Deletes.HOLD, *, feed: bool = False, **more: Any) -> World:
    world = World({"customer": policy("customer", Mode.BOTH, deletes=deletes, **more)})
    world.left.behaviour = Behaviour(delete_feed=feed)
    world.start()
    return world


async def states(world: World, entity: str = "customer") -> dict[PairState, int]:
    return dict((await world.store.counts(await world.store.flow("acme", entity))).states)


async def reason(world: World, key: str, entity: str = "customer") -> str:
    (life,) = await world.store.lives(entity, key, None)
    return life.reason


async def later(world: World, seconds: float = 60.0) -> None:
    world.wait(seconds)
    await world.cycle()


async def swept(world: World) -> None:
    world.wait(APART_S)
    await world.engine.sweep()
    await world.cycle()
