"""The process may die at any call: the books end as if it had not, and nothing stands in them twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncd.connectors.memory import Call, Fault, FaultKind, OrderedFaults
from syncd.core.model import PairState
from syncd.core.policy import Acknowledge, Mode
from tests.integration.engine.crashes import Fuse, books, start, survives
from tests.integration.engine.test_main_job import INVOICE
from tests.integration.engine.world import World, policy

TOLD = Acknowledge(
    posted=(("set_external_id", "{key}"), ("set_status", "processed")),
    rejected=(("set_status", "failed"), ("comment", "{reason}")),
)
Step = Callable[[World], object]


def approve(world: World) -> None:
    (key,) = world.left.records("invoice")
    world.left.edit("invoice", key, {"status": "pending_accounting"})


def rename(world: World) -> None:
    (key,) = world.left.records("customer")
    world.left.edit("customer", key, {"email": "office@orchard.example"})
    (key,) = world.right.records("customer")
    world.right.edit("customer", key, {"tel": "555-0199"})


def lose(world: World) -> None:
    """The answer to the next write gets lost on its way back."""
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))


def late(world: World) -> None:
    """The next write is carried out twenty seconds after we gave it up."""
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LATE, after_s=20.0))


SCRIPTS: dict[str, tuple[Step, ...]] = {
    "first sync": (),
    "an approved invoice": (approve,),
    "an approved invoice, its answer lost": (lose, approve),
    "an approved invoice, posted late": (late, approve),
    "edits on both sides": (rename,),
}
"""What people and the network do; between two steps the link runs until it is quiet."""


def begin() -> World:
    """Nothing is matched by natural keys: what keeps a record from being made twice is the intents alone."""
    world = World(
        {
            "customer": policy("customer", Mode.BOTH, match=()),
            "invoice": policy(
                "invoice",
                Mode.LEFT_TO_RIGHT,
                create_only=True,
                match=(),
                select={"status": frozenset({"pending_accounting", "processed"})},
                acknowledge=TOLD,
            ),
        }
    )
    customer = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    invoice = {name: value for name, value in INVOICE.items() if name != "job"}
    world.left.add("invoice", {**invoice, "customer": {"id": customer}})
    return world


async def quiet(world: World, cycles: int = 2) -> None:
    """One cycle looks up what is in doubt, the next does what that has set free."""
    for _ in range(cycles):
        world.wait(31)
        await world.cycle()


async def played(steps: tuple[Step, ...], *crashes: int) -> tuple[World, Fuse]:
    """Play a script. Its last step is followed by a cycle that dies at the first of ``crashes``, the one
    after that at the second, and so on; then the link is started once more and runs until it is quiet."""
    world = begin()
    if steps:
        await world.cycle()
        for step in steps:
            step(world)
    fuse = Fuse()
    for at in (*crashes, None):
        fuse = Fuse(at)
        start(world, fuse)
        world.wait(31)
        if await survives(world):
            break
    world.start()
    world.wait(1)
    await world.cycle()  # at once, with everything still in doubt
    await quiet(world)
    return world, fuse


async def stands_right(world: World, expected: dict[str, Any], where: str) -> None:
    assert world.right.duplicates == world.left.duplicates == 0, where
    assert books(world) == expected, where
    before = world.writes()
    await quiet(world, 1)
    assert world.writes() == before, f"{where}: a quiet link writes nothing"
    for entity in world.policies:
        counts = await world.store.counts(await world.store.flow("acme", entity))
        assert not counts.intents, where
        assert set(counts.states) <= {PairState.IN_STEP, PairState.OUT_OF_SCOPE}, where


async def dies_at(script: str, first: int, stride: int) -> None:
    """Every ``stride``-th moment of the script, from ``first`` on."""
    steps = SCRIPTS[script]
    untouched, fuse = await played(steps)
    expected = books(untouched)
    await stands_right(untouched, expected, script)
    assert fuse.moments > 50
    for at in range(first, fuse.moments + 1, stride):
        world, _ = await played(steps, at)
        await stands_right(world, expected, f"{script}: died {fuse.names[at - 1]} ({at})")


@pytest.mark.parametrize(("first", "script"), list(enumerate(SCRIPTS, 1)))
async def test_dying_at_a_call_changes_nothing_in_the_end(first: int, script: str) -> None:
    await dies_at(script, first, 17)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("script", SCRIPTS)
async def test_dying_at_any_call_changes_nothing_in_the_end(script: str) -> None:
    await dies_at(script, 1, 1)


async def dies_twice(script: str, stride: int) -> None:
    """Around every request it sends, and again while it recovers from that."""
    steps = SCRIPTS[script]
    untouched, fuse = await played(steps)
    expected = books(untouched)
    sending = ("before submit", "after submit", "before settle")
    sent = [at for at, name in enumerate(fuse.names, 1) if name in sending]
    for n, first in enumerate(sent):
        for second in range(1 + n % stride, 60, stride):
            world, _ = await played(steps, first, second)
            await stands_right(world, expected, f"{script}: died at {first}, again at {second}")


async def test_dying_again_while_recovering_changes_nothing_either() -> None:
    await dies_twice("an approved invoice", 41)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("script", ["an approved invoice", "an approved invoice, its answer lost"])
async def test_dying_again_anywhere_while_recovering_changes_nothing_either(script: str) -> None:
    await dies_twice(script, 1)
