"""An operator over a test world."""

from __future__ import annotations

from syncd.engine.decisions import LocalDecisions
from syncd.engine.operate import LocalOperator
from tests.integration.engine.world import World


async def _ready(_link: str) -> None:
    """No bridge to wait for."""


def decisions_of(world: World) -> LocalDecisions:
    """What a person may say about the world's conflicts, and have compared."""
    return LocalDecisions({"acme": world.engine}, world.store, world.clock, ready=_ready)


def operator_of(world: World) -> LocalOperator:
    """What a person may do with the world's one link."""
    return LocalOperator(
        {"acme": world.engine},
        world.store,
        world.clock,
        {"field": ("memory", None), "ledger": ("memory", None)},
        version="test",
        daemon=False,
        intervals={"acme": 60.0},
        ready=_ready,
    )
