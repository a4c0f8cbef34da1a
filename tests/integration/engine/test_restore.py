"""Yesterday's state is put back after today's postings: nothing is posted twice, and work goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from syncd.connectors.memory import Manner, MemoryPlatform
from syncd.core.errors import FixInput
from syncd.core.model import Side
from syncd.core.policy import FlowPolicy
from syncd.ports import Proof
from syncd.store import migrate, upkeep
from syncd.store.database import InlineDatabase, sqlite_engine
from syncd.store.tables import intent
from tests.integration.engine.test_main_job import INVOICE
from tests.integration.engine.world import World, usual_policies

TODAY = 5
"""Invoices approved after the backup."""


def state(path: Path) -> Engine:
    engine = sqlite_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    return engine


def world_on(path: Path, policies: dict[str, FlowPolicy], before: World | None = None) -> World:
    """A process on a state; beside the platforms that were there before, if any."""
    world = World(policies, database=InlineDatabase(state(path)))
    if before is not None:
        world.left, world.right, world.clock = before.left, before.right, before.clock
        world.manners = before.manners
        world.store = type(world.store)(
            world.store.database, world.clock, world.store.keeper().seal, b"k" * 32
        )
        world.start()
    return world


def approved(left: MemoryPlatform, customer: str, number: str) -> str:
    wire = {**INVOICE, "invoiceNumber": number, "status": "pending_accounting", "customer": {"id": customer}}
    return left.add("invoice", wire)


async def until_evening(tmp_path: Path, policies: dict[str, FlowPolicy]) -> tuple[World, str]:
    """Yesterday one invoice was posted and a backup made; today five more were posted."""
    world = world_on(tmp_path / "state.db", policies)
    customer = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await world.cycle()
    approved(world.left, customer, "S-0")
    await world.cycle()
    assert world.database is not None
    upkeep.copy(sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}"), tmp_path / "yesterday.db")
    world.wait(86_400)
    for number in range(1, TODAY + 1):
        approved(world.left, customer, f"S-{number}")
    await world.cycle()
    assert len(world.right.records("invoice")) == 1 + TODAY
    return world, customer


async def put_back(tmp_path: Path, policies: dict[str, FlowPolicy], before: World) -> World:
    found = upkeep.inspect(tmp_path / "yesterday.db")
    (tmp_path / "restored.db").write_bytes(found.path.read_bytes())
    world = world_on(tmp_path / "restored.db", policies, before)
    k = world.store.keeper()
    await world.store.database.write(lambda c: upkeep.begin_generation(c, k, found, "ann"))
    return world


def unmatched() -> dict[str, FlowPolicy]:
    """Invoices that matching by natural keys would not find again."""
    policies = usual_policies()
    return policies | {"invoice": replace(policies["invoice"], match=())}


@pytest.mark.parametrize("policies", [usual_policies(), unmatched()], ids=["matched", "looked up"])
async def test_nothing_is_posted_twice_from_a_restored_state(
    tmp_path: Path, policies: dict[str, FlowPolicy]
) -> None:
    yesterday, customer = await until_evening(tmp_path, policies)
    world = await put_back(tmp_path, policies, yesterday)
    for _ in range(3):
        await world.cycle()
        world.wait(60)
    assert len(world.right.records("invoice")) == 1 + TODAY
    assert world.right.duplicates == 0
    assert len(await world.store.bindings("acme", "invoice")) == 1 + TODAY
    approved(world.left, customer, "S-new")
    await world.cycle()
    numbers = [wire["doc_no"] for wire in world.right.records("invoice").values()]
    assert sorted(numbers) == sorted([f"S-{n}" for n in range(TODAY + 1)] + ["S-new"])


async def test_without_the_generation_it_would_post_them_again(tmp_path: Path) -> None:
    """What the look-up is for: the same state, put back by hand."""
    yesterday, _ = await until_evening(tmp_path, unmatched())
    (tmp_path / "restored.db").write_bytes((tmp_path / "yesterday.db").read_bytes())
    world = world_on(tmp_path / "restored.db", unmatched(), yesterday)
    await world.cycle()
    assert len(world.right.records("invoice")) == 1 + 2 * TODAY


async def test_an_invoice_that_took_two_tries_is_found_under_its_second_reference(tmp_path: Path) -> None:
    policies = unmatched()
    world = world_on(tmp_path / "state.db", policies)
    customer = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await world.cycle()
    upkeep.copy(sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}"), tmp_path / "yesterday.db")
    hold = await world.store.hold("flow:acme/invoice", "month end", "ann")
    approved(world.left, customer, "S-1")
    await world.cycle()
    await world.store.release([hold.id], "ann")
    await world.cycle()
    references = await world.store.database.read(
        lambda c: c.execute(select(intent.c.reference).where(intent.c.entity == "invoice")).scalars().all()
    )
    assert [reference[-2:] for reference in references] == [".2"]
    restored = await put_back(tmp_path, policies, world)
    await restored.cycle()
    assert len(restored.right.records("invoice")) == 1


async def test_what_nothing_can_prove_is_held_for_a_person(tmp_path: Path) -> None:
    policies = unmatched()
    yesterday, _ = await until_evening(tmp_path, policies)
    unproven = {("invoice", "create"): Proof.NONE}
    yesterday.manners = {Side.RIGHT: Manner(settle_s=30.0, settle_provenance="measured", proofs=unproven)}
    world = await put_back(tmp_path, policies, yesterday)
    await world.cycle()
    assert len(world.right.records("invoice")) == 1 + TODAY
    states = await world.store.database.read(
        lambda c: c.execute(select(intent.c.state).where(intent.c.state == "held")).scalars().all()
    )
    assert len(states) == TODAY


async def test_a_look_up_that_fails_is_tried_again_before_anything_is_sent(tmp_path: Path) -> None:
    policies = unmatched()
    yesterday, _ = await until_evening(tmp_path, policies)
    world = await put_back(tmp_path, policies, yesterday)
    asked = world.setup.ends[Side.RIGHT].connector
    evidence, failures = asked.evidence, iter([FixInput("no")] * TODAY)

    async def failing(request: object) -> object:
        for failure in failures:
            raise failure
        return await evidence(request)  # type: ignore[arg-type]

    asked.evidence = failing  # type: ignore[method-assign, assignment]
    await world.cycle()
    assert len(world.right.records("invoice")) == 1 + TODAY
    world.wait(60)
    await world.cycle()
    assert len(world.right.records("invoice")) == 1 + TODAY
    assert len(await world.store.bindings("acme", "invoice")) == 1 + TODAY


def test_a_backup_is_one_file_for_its_owner_and_replaces_none(tmp_path: Path) -> None:
    engine = state(tmp_path / "state.db")
    target = tmp_path / "copy.db"
    made = upkeep.copy(engine, target)
    assert made.bytes == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in tmp_path.glob("copy.db*")) == ["copy.db"]
    with pytest.raises(FixInput, match="exists"):
        upkeep.copy(engine, target)
    assert upkeep.inspect(target).newest is None


def test_what_is_no_state_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FixInput, match="not there"):
        upkeep.inspect(tmp_path / "nothing.db")
    (tmp_path / "text.db").write_text("hello")
    with pytest.raises(FixInput, match="not a state"):
        upkeep.inspect(tmp_path / "text.db")
    upkeep.copy(state(tmp_path / "state.db"), tmp_path / "cut.db")
    whole = (tmp_path / "cut.db").read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FixInput, match=r"damaged|not a state"):
        upkeep.inspect(tmp_path / "cut.db")
