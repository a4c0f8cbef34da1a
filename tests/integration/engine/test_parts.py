"""Sets and lines of which both sides change a part: over two platforms, and then it is quiet."""

from __future__ import annotations

from dataclasses import replace

from syncd.connectors.memory import Behaviour
from syncd.core.model import PairState
from syncd.core.policy import FlowPolicy, Mode, Rule
from tests.integration.engine.world import World, policy

ACME = {"name": "Acme", "status": "active", "tags": ["vip"]}


def by_union(flow: FlowPolicy) -> FlowPolicy:
    return replace(
        flow, fields=tuple(replace(f, rule=Rule.UNION) if f.name == "tags" else f for f in flow.fields)
    )


def lines_alone(flow: FlowPolicy) -> FlowPolicy:
    """The lines by themselves; totals are what each product makes of them."""
    names = {"tax", "retainage", "total"}
    kept = (f for f in flow.fields if f.name not in names)
    return replace(flow, fields=tuple(replace(f, group="") if f.name == "lines" else f for f in kept))


async def quiet(world: World) -> bool:
    written = world.writes()
    for _ in range(2):
        world.wait(600)
        await world.cycle()
    return world.writes() == written


async def test_words_added_and_dropped_on_both_sides_come_together() -> None:
    world = World({"customer": by_union(policy("customer", Mode.BOTH))})
    key = world.left.add("customer", ACME)
    await world.cycle()
    (other,) = world.right.records("customer")
    assert world.right.records("customer")[other]["keywords"] == "vip"
    world.wait(60)
    world.left.edit("customer", key, {"tags": ["night", "vip"]})
    world.right.edit("customer", other, {"keywords": "no fax"})  # vip is dropped here
    world.wait(60)
    await world.cycle()
    assert world.left.records("customer")[key]["tags"] == ["night", "no fax"]
    assert world.right.records("customer")[other]["keywords"] == "night;no fax"
    assert await quiet(world)


async def bill() -> tuple[World, str, str]:
    invoices = lines_alone(policy("invoice", Mode.BOTH))
    world = World({"customer": policy("customer", Mode.BOTH), "invoice": invoices})
    world.left.behaviour = world.right.behaviour = Behaviour(line_keys=True)
    customer = world.left.add("customer", ACME)
    items = [{"description": "Visit", "total": 10.0}, {"description": "Filter", "total": 5.0}]
    document = {"invoiceNumber": "S-1", "transactionDate": "2026-11-01", "customer": {"id": customer}}
    key = world.left.add("invoice", {**document, "totalPrice": 15.0, "items": items})
    world.policies["invoice"] = invoices
    await world.cycle()
    world.wait(60)
    (other,) = world.right.records("invoice")
    return world, key, other


async def test_each_side_changes_its_own_line() -> None:
    world, key, other = await bill()
    ours = [dict(line) for line in world.left.records("invoice")[key]["items"]]
    theirs = [dict(line) for line in world.right.records("invoice")[other]["detail"]]
    ours[0]["total"] = 12.0
    theirs[1]["descr"] = "Filter, large"
    world.left.edit("invoice", key, {"items": ours})
    world.right.edit("invoice", other, {"detail": [*theirs, {"descr": "Travel", "ext": 3.0, "ln": 3}]})
    world.wait(60)
    await world.cycle()
    left = [(i["description"], i["total"]) for i in world.left.records("invoice")[key]["items"]]
    right = [(i["descr"], i["ext"]) for i in world.right.records("invoice")[other]["detail"]]
    assert left == right == [("Visit", 12.0), ("Filter, large", 5.0), ("Travel", 3.0)]
    assert await quiet(world)


async def test_the_same_line_changed_on_both_sides_is_for_a_person() -> None:
    world, key, other = await bill()
    ours = [dict(line) for line in world.left.records("invoice")[key]["items"]]
    theirs = [dict(line) for line in world.right.records("invoice")[other]["detail"]]
    ours[0]["total"], theirs[0]["ext"] = 12.0, 13.0
    world.left.edit("invoice", key, {"items": ours})
    world.right.edit("invoice", other, {"detail": theirs})
    world.wait(60)
    await world.cycle()
    counts = await world.store.counts(await world.store.flow("acme", "invoice"))
    assert counts.states == {PairState.CONFLICT: 1}
