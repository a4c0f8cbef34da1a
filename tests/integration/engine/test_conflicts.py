"""Conflicts, from both sides changing one field to what a person said being carried out and proven."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncd.api.conflicts import Choice, ConflictView
from syncd.core.errors import FixInput, NeedsConfirmation, NothingMatched
from syncd.core.model import Side
from syncd.core.policy import Mode, Posting
from syncd.core.reconcile import Why
from syncd.engine.conflicts import ConflictDesk
from tests.integration.engine.world import World, policy

ACME = {"name": "Acme", "phoneNumber": "1", "address": {"street": "Main 1", "city": "Ames"}}


def desk(world: World) -> ConflictDesk:
    return ConflictDesk({"acme": world.engine}, world.store, lambda: None)


def name_on(world: World, side: Side, field: str = "name") -> Any:
    platform = world.left if side is Side.LEFT else world.right
    (record,) = platform.records("customer").values()
    lens = world.setup.flows[0].specs[side].map
    return lens.get(record).get(field)


async def in_conflict(field: str = "name") -> World:
    """A customer in step, then renamed on both sides, differently."""
    world = World({"customer": policy("customer", Mode.BOTH)})
    key = world.left.add("customer", ACME)
    await world.cycle()
    (other,) = world.right.records("customer")
    world.wait(600)
    world.left.edit("customer", key, {"name": "Acme North"}, by="ann")
    world.right.edit("customer", other, {"acct_name": "Acme South"}, by="bob")
    world.wait(600)
    await world.cycle()
    return world


async def only(world: World) -> ConflictView:
    (one,) = (await desk(world).conflicts(limit=10)).items
    return one


async def test_a_conflict_keeps_every_version_and_says_who_and_when() -> None:
    world = await in_conflict()
    one = await only(world)
    (field,) = one.fields
    assert (field.name, field.base_left, field.base_right) == ("name", "Acme", "Acme")
    assert (field.left, field.right) == ("Acme North", "Acme South")
    assert (one.left_by, one.right_by) == ("ann", "bob")
    assert one.left_at is not None
    assert one.right_at is not None
    assert (one.flow, one.unit, one.why, one.label) == ("customer", "name", Why.BOTH_CHANGED, "Acme North")
    assert one.takes == ["left", "right", "base", "value"]
    assert await desk(world).conflict(one.id) == one


async def test_the_other_fields_flow_meanwhile_and_the_conflict_keeps_its_number() -> None:
    world = await in_conflict()
    before = await only(world)
    (key,) = world.left.records("customer")
    world.left.edit("customer", key, {"phoneNumber": "2"})
    world.wait(600)
    await world.cycle()
    assert name_on(world, Side.RIGHT, "phone") == "2"
    after = await only(world)
    assert (after.id, after.since, after.version) == (before.id, before.since, before.version)


@pytest.mark.parametrize(
    ("take", "values", "both"),
    [
        ("left", {}, "Acme North"),
        ("right", {}, "Acme South"),
        ("base", {}, "Acme"),
        ("value", {"name": "Acme Centre"}, "Acme Centre"),
    ],
)
async def test_what_a_person_says_is_carried_out_by_the_next_cycle(
    take: Any, values: dict[str, str], both: str
) -> None:
    world = await in_conflict()
    one = await only(world)
    before = world.writes()
    choice = Choice(id=one.id, version=one.version, take=take, values=values)
    told = await desk(world).conflicts_resolve([choice], "dana")
    assert (told.count, told.refused) == (1, [])
    assert world.writes() == before, "saying it writes nothing"
    assert (await only(world)).resolved == f"{take} by dana"
    world.wait(60)
    await world.cycle()
    assert name_on(world, Side.LEFT) == name_on(world, Side.RIGHT) == both
    assert (await desk(world).conflicts(limit=10)).total == 0
    (life,) = await world.store.lives("customer", next(iter(world.left.records("customer"))), None)
    kinds = [(event.kind, event.actor) for event in life.events]
    assert ("resolved", "dana") in kinds
    assert ("planned", "dana") in kinds
    written = world.writes()
    world.wait(600)
    await world.cycle()
    await world.cycle()
    assert world.writes() == written, "and then it is quiet"


async def test_a_decision_on_values_that_have_changed_is_shown_again() -> None:
    world = await in_conflict()
    one = await only(world)
    (key,) = world.left.records("customer")
    world.left.edit("customer", key, {"name": "Acme Far North"})
    world.wait(600)
    await world.cycle()
    told = await desk(world).conflicts_resolve([Choice(id=one.id, version=one.version, take="left")], "dana")
    assert told.count == 0
    (refusal,) = told.refused
    assert refusal.now is not None
    assert refusal.now.fields[0].left == "Acme Far North"


async def test_values_that_change_before_the_decision_is_carried_out_stop_it() -> None:
    world = await in_conflict()
    one = await only(world)
    await desk(world).conflicts_resolve([Choice(id=one.id, version=one.version, take="left")], "dana")
    (key,) = world.right.records("customer")
    world.right.edit("customer", key, {"acct_name": "Acme Deep South"})
    world.wait(600)
    before = world.writes()
    await world.cycle()
    assert world.writes() == before
    again = await only(world)
    assert (again.resolved, again.fields[0].right) == ("", "Acme Deep South")
    (life,) = await world.store.lives("customer", key, None)
    assert [e.actor for e in life.events if e.kind == "resolution_refused"] == ["dana"]


async def test_a_filter_decides_many_once_their_number_is_named() -> None:
    world = World({"customer": policy("customer", Mode.BOTH)})
    keys = [world.left.add("customer", {"name": f"Customer {n}"}) for n in range(7)]
    await world.cycle()
    world.wait(600)
    for key, other in zip(keys, list(world.right.records("customer")), strict=True):
        world.left.edit("customer", key, {"name": f"Left {key}"})
        world.right.edit("customer", other, {"acct_name": f"Right {key}"})
    world.wait(600)
    await world.cycle()
    names: dict[str, Any]
    table, names = desk(world), {"link": "acme", "flow": "customer", "field": "name"}
    first = await table.conflicts(**names, limit=4)
    assert (len(first.items), first.total) == (4, 7)
    assert first.next is not None
    second = await table.conflicts(**names, limit=4, after=first.next)
    assert (len(second.items), second.next) == (3, None)
    dry = await table.conflicts_resolve_all(**names, take="right", expect=None, dry_run=True, actor="dana")
    assert dry.count == 7
    with pytest.raises(NeedsConfirmation, match="7 conflicts"):
        await table.conflicts_resolve_all(**names, take="right", expect=6, dry_run=False, actor="dana")
    done = await table.conflicts_resolve_all(**names, take="right", expect=7, dry_run=False, actor="dana")
    assert done.count == 7
    world.wait(60)
    await world.cycle()
    assert {r["name"] for r in world.left.records("customer").values()} == {f"Right {key}" for key in keys}
    assert (await table.conflicts(limit=4)).total == 0


async def test_a_group_is_decided_as_a_whole() -> None:
    world = World({"customer": policy("customer", Mode.BOTH)})
    key = world.left.add("customer", ACME)
    await world.cycle()
    world.wait(600)
    (other,) = world.right.records("customer")
    world.left.edit("customer", key, {"address": {"street": "Side 2"}})
    world.right.edit("customer", other, {"town": "Boone"})
    world.wait(600)
    await world.cycle()
    one = await only(world)
    assert (one.unit, [f.name for f in one.fields][:2]) == ("address", ["street", "city"])
    with pytest.raises(FixInput, match="one value is needed for each of city"):
        await desk(world).conflicts_resolve(
            [Choice(id=one.id, version=one.version, take="value", values={"city": "Nevada"})], "dana"
        )
    await desk(world).conflicts_resolve([Choice(id=one.id, version=one.version, take="right")], "dana")
    await world.cycle()
    assert (name_on(world, Side.LEFT, "street"), name_on(world, Side.LEFT, "city")) == ("Main 1", "Boone")


async def test_a_posted_document_is_never_edited_by_a_decision() -> None:
    world = World(
        {
            "customer": policy("customer", Mode.BOTH),
            "invoice": policy("invoice", Mode.LEFT_TO_RIGHT, create_only=True),
        }
    )
    customer = world.left.add("customer", ACME)
    bill = {
        "invoiceNumber": "S-1", "transactionDate": "2026-11-01", "customer": {"id": customer},
        "totalPrice": 10.0, "items": [{"description": "Visit", "total": 10.0}],
    }  # fmt: skip
    key = world.left.add("invoice", bill)
    await world.cycle()
    world.wait(600)
    world.left.edit("invoice", key, {"totalPrice": 12.0})
    world.wait(600)
    await world.cycle()
    one = await only(world)
    assert (one.why, one.takes) == (Why.POSTED, ["right"])
    told = await desk(world).conflicts_resolve([Choice(id=one.id, version=one.version, take="left")], "dana")
    assert "void or reversal" in told.refused[0].reason
    await desk(world).conflicts_resolve([Choice(id=one.id, version=one.version, take="right")], "dana")
    await world.cycle()
    (posted,) = world.right.records("invoice").values()
    assert Decimal(str(posted["doc_total"])) == 10
    assert (await desk(world).conflicts(limit=10)).total == 0


@pytest.mark.parametrize("ends", [{"create_only": True}, {"posting": Posting(Side.RIGHT)}], ids=str)
async def test_a_document_that_stood_in_the_ledger_before_is_not_offered_to_be_edited_there(
    ends: dict[str, Any],
) -> None:
    world = World(
        {
            "customer": policy("customer", Mode.BOTH),
            "invoice": policy("invoice", Mode.LEFT_TO_RIGHT, **ends),
        }
    )
    customer = world.left.add("customer", ACME)
    await world.cycle()
    ((theirs, _),) = world.right.records("customer").items()
    dated = "2026-11-01"
    bill = {"invoiceNumber": "S-1", "transactionDate": dated, "customer": {"id": customer}}
    world.left.add("invoice", bill | {"totalPrice": 10.0})
    world.right.add("invoice", {"doc_no": "S-1", "doc_date": dated, "acct": int(theirs), "doc_total": 12.0})
    world.wait(600)
    await world.cycle()
    one = await only(world)
    assert (one.why, one.takes) == (Why.FIRST_DIFFERENCE, ["right"])


async def test_what_is_not_open_is_nothing_to_decide() -> None:
    world = await in_conflict()
    with pytest.raises(NothingMatched, match="no conflict 99"):
        await desk(world).conflict(99)
    told = await desk(world).conflicts_resolve([Choice(id=99, version="x", take="left")], "dana")
    assert told.refused[0].reason == "it is not open any more"


@pytest.mark.parametrize("typed", ["not a date"])
async def test_a_typed_value_must_be_one_of_its_field(typed: str) -> None:
    world = World({"customer": policy("customer", Mode.BOTH), "payment": policy("payment", Mode.BOTH)})
    left = world.left.add(
        "payment", {"referenceNumber": "7", "paymentDate": "2026-11-01", "paymentAmount": 5}
    )
    right = world.right.add("payment", {"check_no": "7", "paid_on": "2026-11-02", "paid_amt": 5})
    assert left != right
    await world.cycle()
    rows = (await desk(world).conflicts(limit=10)).items
    dates = [one for one in rows if one.unit == "date"]
    for one in dates:
        with pytest.raises(FixInput, match="no value of this field"):
            await desk(world).conflicts_resolve(
                [Choice(id=one.id, version=one.version, take="value", values={"date": typed})], "dana"
            )
