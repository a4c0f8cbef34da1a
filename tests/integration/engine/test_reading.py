"""Reading: what is not whole decides nothing, another map reads everything anew, a plan moves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert

from syncd.connectors.memory import FIELD, Behaviour, Call, Fault, FaultKind, OrderedFaults
from syncd.core.model import PairState, Side
from syncd.core.policy import Mode
from syncd.engine.setup import link_setup
from syncd.mapping.atoms import Text
from syncd.mapping.entity_map import FieldMap
from syncd.store.tables import link_line
from tests.integration.engine.operating import operator_of
from tests.integration.engine.test_main_job import first_sync
from tests.integration.engine.world import World, policy


def customers(count: int, *, page_size: int = 100) -> World:
    world = World({"customer": policy("customer", Mode.BOTH)})
    world.left.behaviour = Behaviour(page_size=page_size)
    world.start()
    for n in range(count):
        world.left.add("customer", {"name": f"Customer {n}", "status": "active"})
    return world


@pytest.mark.parametrize(
    "fault", [FaultKind.UNREADABLE, FaultKind.TRUNCATED, FaultKind.RETRY_LATER, FaultKind.LOST_BEFORE]
)
async def test_a_side_that_cannot_be_read_decides_nothing(fault: FaultKind) -> None:
    """What it does not show could exist there already."""
    world = customers(1)
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.PAGE, Fault(fault))
    outcome = await world.cycle()
    assert outcome.flows["customer"].error
    assert world.writes() == 0
    (link,) = (await operator_of(world).status()).links
    assert link.health.value == "error"
    await world.cycle()
    assert len(world.right.records("customer")) == 1
    assert (await operator_of(world).status()).links[0].health.value != "error"


async def test_what_an_incomplete_listing_shows_is_used_and_its_watermark_stays() -> None:
    world = customers(2)
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.PAGE, Fault(FaultKind.INCOMPLETE))
    outcome = await world.cycle()
    assert "incomplete" in outcome.flows["customer"].incomplete
    assert len(world.right.records("customer")) == 1, "the right was listed in full: it is not there"
    assert not (await world.store.flow("acme", "customer")).first_sync_done
    assert (await world.store.stream("field", "customer")).watermark is None
    await world.cycle()
    assert len(world.right.records("customer")) == 2


async def test_a_broken_walk_goes_on_where_it_was() -> None:
    world = customers(10, page_size=2)
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.PAGE, Fault(FaultKind.UNREADABLE), after=3)
    await world.cycle()
    asked = world.left.requests[Call.PAGE]
    world.start()
    await world.cycle()
    assert world.left.requests[Call.PAGE] - asked < 5
    assert len(world.right.records("customer")) == 10


async def test_pages_that_shift_hide_nothing() -> None:
    world = customers(10, page_size=3)
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.PAGE, Fault(FaultKind.PAGE_SHIFT), after=1)
    for _ in range(2):
        await world.cycle()
    assert len(world.right.records("customer")) == 10
    assert world.right.duplicates == 0


async def test_a_session_that_ends_in_the_middle_is_renewed() -> None:
    world = customers(6, page_size=2)
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.PAGE, Fault(FaultKind.LOGIN_EXPIRED), after=1)
    await world.cycle()
    assert len(world.right.records("customer")) == 6


async def test_only_what_changed_is_read_again_and_unchanged_records_are_not_mapped() -> None:
    world = customers(5)
    await world.cycle()
    world.wait(3600)
    outcome = await world.cycle()
    assert outcome.flows["customer"].changed == 0
    assert outcome.writes == 0


async def test_another_map_reads_everything_anew() -> None:
    """A field that is mapped from now on is seen in every record, not only in those that change."""
    world = customers(2)
    (one, _) = world.left.records("customer")
    world.left.edit("customer", one, {"siteCode": "50010"})
    await world.cycle()
    world.wait(3600)
    await world.cycle()
    for side, platform in ((Side.LEFT, world.left), (Side.RIGHT, world.right)):
        lens = platform.shape.maps["customer"]
        path = "siteCode" if side is Side.LEFT else "site_code"
        wider = replace(lens, fields=(*lens.fields, FieldMap("custom.site", path, Text())))
        platform.shape = replace(platform.shape, maps={**platform.shape.maps, "customer": wider})
    old = world.policies["customer"]
    world.policies["customer"] = replace(
        old, fields=(*old.fields, replace(old.fields[0], name="custom.site"))
    )
    world.start()
    outcome = await world.cycle()
    assert outcome.flows["customer"].read >= 2
    codes = [wire.get("site_code") for wire in world.right.records("customer").values()]
    assert "50010" in codes
    world.wait(3600)
    assert (await world.cycle()).flows["customer"].changed == 0
    assert FIELD.maps["customer"] is not world.left.shape.maps["customer"]


async def test_a_record_of_the_wrong_type_is_refused_by_name_and_heals() -> None:
    world, customer, _ = await first_sync()
    world.wait(600)
    world.left.edit("customer", customer, {"name": {"first": "Ann"}})
    await world.cycle()
    (refused,) = await world.store.quarantined("acme", 10)
    assert refused.field == "name"
    assert "Ann" not in refused.reason
    world.wait(600)
    world.left.edit("customer", customer, {"name": "Ann's Orchard"})
    await world.cycle()
    (ledger,) = world.right.records("customer").values()
    assert ledger["acct_name"] == "Ann's Orchard"


async def test_a_removal_is_held_and_a_return_is_noticed() -> None:
    world = customers(1)
    world.left.behaviour = Behaviour(delete_feed=True)
    world.start()
    await world.cycle()
    world.wait(600)
    await world.cycle()
    (key,) = world.left.records("customer")
    wire = dict(world.left.records("customer")[key])
    world.left.remove("customer", key)
    for _ in range(3):
        await world.cycle()
        world.wait(30)
    (life,) = await world.store.lives("customer", key, "acme")
    assert life.row.state is PairState.HELD
    assert [event.kind for event in life.events].count("held") == 1, "said once, however often it is seen"
    assert len(world.right.records("customer")) == 1
    world.left._keep("customer", key, wire, world.clock.now())
    await world.cycle()
    (life,) = await world.store.lives("customer", key, "acme")
    assert life.row.state is PairState.IN_STEP


# -- plan and explain -------------------------------------------------------------------------


async def test_a_plan_says_what_would_be_written_and_persists_nothing() -> None:
    world, customer, invoice = await first_sync()
    world.wait(600)
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    world.left.edit("customer", customer, {"email": "office@orchard.example"})
    stream = await world.store.stream("field", "invoice")
    before = world.writes()
    plan = await operator_of(world).plan("acme")
    assert plan.counts["invoice.create.right"] == 1
    assert plan.counts["customer.update.right"] == 1
    shown = {(item.flow, item.verb, item.side): item for item in plan.items}
    (email,) = shown["customer", "update", "right"].fields
    assert (email.name, email.before, email.after, email.why) == (
        "email",
        None,
        "office@orchard.example",
        "changed on the left only",
    )
    assert world.writes() == before
    assert await world.store.stream("field", "invoice") == stream
    await world.cycle()
    assert world.writes() > before


async def test_a_plan_before_the_first_sync() -> None:
    world = customers(3)
    plan = await operator_of(world).plan("acme")
    assert plan.counts == {"customer.create.right": 3}
    assert (await world.store.stream("field", "customer")).watermark is None
    assert (await world.store.counts(await world.store.flow("acme", "customer"))).states == {}


async def test_where_a_plan_is_cut_short_it_shows_what_would_be_written() -> None:
    world, _, invoice = await first_sync()
    world.wait(600)
    for name in ("Orchard Street", "Mill Road"):
        world.left.add("customer", {"name": name, "status": "active"})
        world.right.add("customer", {"acct_name": name, "state_code": 1})
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    plan = await operator_of(world).plan("acme", limit=1)
    assert [(item.flow, item.verb) for item in plan.items] == [("invoice", "create")]
    assert plan.counts["customer.adopt"] == plan.truncated == 2


async def test_a_run_that_finds_no_news_counts_as_a_success() -> None:
    """It leaves the flows' rows alone; that it came to its end stands in the link's line."""
    world, _, _ = await first_sync()
    world.wait(600)
    now = world.clock.now()
    ends = {"customer": "", "left": "field", "right": "ledger", "health": "on_time", "rank": 0}
    row = insert(link_line).values(link="acme", since=now, updated_at=now, last_success_at=now, **ends)
    await world.store.database.write(lambda c: c.execute(row).rowcount)
    assert {line.last_success_at for line in await world.store.flow_lines("acme")} == {now}


async def test_the_life_of_a_record_by_its_number_and_by_either_key() -> None:
    world, _, invoice = await first_sync()
    world.left.edit("invoice", invoice, {"status": "pending_accounting"})
    world.wait(60)
    await world.cycle()
    operator = operator_of(world)
    (ledger,) = world.right.records("invoice")
    lives = [(await operator.explain("invoice", ident))[0] for ident in ("S-10442", invoice, ledger)]
    assert lives[0] == lives[1] == lives[2]
    life = lives[0]
    assert (life.left_key, life.right_key, life.state) == (invoice, ledger, "in_step")
    kinds = [event.kind for event in life.events]
    assert {"seen", "planned", "sent", "posted"} <= set(kinds)
    assert [k for k in kinds if k in ("planned", "sent", "posted")] == ["planned", "sent", "posted"]
    total = next(field for field in life.fields if field.name == "total")
    assert (total.left, total.right, total.differs) == ("418.25", "418.25", False)


def test_a_flow_that_one_platform_lacks_only_observes() -> None:
    world = World()
    ends = dict(world.setup.ends)
    entities = {k: v for k, v in ends[Side.RIGHT].connector.capabilities.entities.items() if k != "customer"}
    poorer = replace(ends[Side.RIGHT].connector.capabilities, entities=entities)
    ends[Side.RIGHT].connector._capabilities = poorer  # type: ignore[attr-defined]
    setup = link_setup("acme", ends, world.policies, world.tables)
    flow = setup.flow("customer")
    assert flow is not None
    assert set(flow.specs) == {Side.LEFT}
