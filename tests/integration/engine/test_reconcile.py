"""``syncd reconcile``: zero on a healthy link; every difference and cent otherwise, with what explains it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syncd.api.models import Health, Progress
from syncd.api.reconcile import FlowComparison, ReconcileReport
from syncd.connectors.memory import Call, Fault, FaultKind, OrderedFaults
from syncd.core.errors import NothingMatched
from syncd.core.model import Side
from syncd.core.policy import Mode
from syncd.engine.compare import AGREED, DUE
from syncd.engine.reconciling import Reconciler
from syncd.engine.views import flow_status, link_status
from tests.integration.engine.world import World, policy

ACME = {"name": "Acme", "phoneNumber": "1", "status": "active"}


async def at_once(_link: str) -> None:
    """There is no bridge to wait for."""


async def reconciled(world: World, flow: str | None = None) -> ReconcileReport:
    runner = Reconciler({"acme": world.engine}, world.store, world.clock, at_once)
    events = [event async for event in runner.reconcile(flow=flow, actor="dana")]
    assert all(isinstance(event, Progress) for event in events[:-1])
    (report,) = [event for event in events if isinstance(event, ReconcileReport)]
    return report


def flow_of(report: ReconcileReport, name: str) -> FlowComparison:
    return next(flow for flow in report.flows if flow.flow == name)


async def billed(count: int = 3) -> World:
    """Invoices in step, after posting."""
    world = World()
    customer = world.left.add("customer", ACME)
    await world.cycle()
    for n in range(count):
        world.left.add("invoice", bill(customer, n))
    world.wait(60)
    await world.cycle()
    world.wait(60)
    await world.cycle()
    return world


def bill(customer: str, n: int) -> dict[str, Any]:
    return {
        "invoiceNumber": f"S-{n}", "transactionDate": "2026-11-01", "customer": {"id": customer},
        "tax": 0.75, "totalPrice": 10.75 + n, "status": "pending_accounting",
        "items": [{"description": "Visit", "total": 10.0 + n}],
    }  # fmt: skip


async def test_a_healthy_link_comes_to_nothing() -> None:
    world = await billed()
    before = world.writes()
    report = await reconciled(world)
    assert report.clean
    assert report.equal
    assert world.writes() == before
    invoices = flow_of(report, "invoice")
    assert (invoices.complete, invoices.pairs, invoices.differences, invoices.items) == (True, 3, 0, [])
    total = next(a for a in invoices.amounts if a.field == "total")
    assert (total.left, total.right, total.difference) == ("35.25", "35.25", "0.00")


async def test_an_open_conflict_explains_its_difference_to_the_cent() -> None:
    world = await billed()
    key = next(k for k, r in world.left.records("invoice").items() if r["invoiceNumber"] == "S-1")
    world.left.edit("invoice", key, {"totalPrice": 12.0})
    world.wait(60)
    await world.cycle()
    report = await reconciled(world)
    assert report.clean
    assert not report.equal
    invoices = flow_of(report, "invoice")
    assert {(d.field, d.left, d.right, d.explained) for d in invoices.items} == {
        ("total", "12.00", "11.75", "in conflict")
    }
    total = next(a for a in invoices.amounts if a.field == "total")
    assert (total.difference, total.explained, total.unexplained) == ("0.25", "0.25", "0.00")


async def test_a_cent_that_nothing_explains_is_told() -> None:
    """The ledger's figure moved after both agreed, and the flow only takes note of what the ledger does."""
    world = await billed()
    key = next(iter(world.right.records("invoice")))
    world.right.edit("invoice", key, {"doc_total": 10.76})
    world.wait(60)
    await world.cycle()
    report = await reconciled(world, "invoice")
    assert not report.clean
    invoices = flow_of(report, "invoice")
    assert invoices.unexplained == 1
    assert invoices.items[0].explained == ""
    total = next(a for a in invoices.amounts if a.field == "total")
    assert (total.difference, total.unexplained) == ("-0.01", "-0.01")
    (last,) = await world.store.reconciliations("acme")
    assert (last.entity, last.result.unexplained, last.result.actor) == ("invoice", 1, "dana")
    assert last.result.amounts == {"total": "-0.01"}


async def test_what_no_listing_of_changes_would_have_shown_is_found_and_then_decided() -> None:
    """A record changed behind the watermark: the full read sees it, the next cycle carries it over."""
    world = await billed()
    key = next(iter(world.left.records("customer")))
    world.left.edit("customer", key, {"phoneNumber": "2"})
    rows = world.left._rows["customer"][key]
    rows[-1] = replace(rows[-1], modified=rows[-1].modified - timedelta(days=1))
    world.wait(3600)
    await world.cycle()
    (record,) = world.right.records("customer").values()
    assert record["tel"] == "1", "its stamp is old: a listing of changes leaves it out"
    customers = flow_of(await reconciled(world), "customer")
    assert [(d.field, d.explained) for d in customers.items] == [("phone", DUE)]
    await world.cycle()
    (record,) = world.right.records("customer").values()
    assert record["tel"] == "2"
    assert (await reconciled(world)).equal


async def test_a_difference_that_a_one_way_flow_leaves_is_explained_as_agreed() -> None:
    world = World({"customer": policy("customer", Mode.LEFT_TO_RIGHT)})
    world.left.add("customer", ACME)
    await world.cycle()
    world.wait(60)
    (other,) = world.right.records("customer")
    world.right.edit("customer", other, {"tel": "9"})
    world.wait(60)
    await world.cycle()
    report = await reconciled(world)
    assert report.clean
    assert [(d.field, d.explained) for d in flow_of(report, "customer").items] == [("phone", AGREED)]


async def test_unpaired_records_are_counted_and_summed_by_why() -> None:
    world = await billed()
    customer = next(iter(world.left.records("customer")))
    world.left.add("invoice", {**bill(customer, 7), "status": "draft"})
    world.left.add("invoice", {**bill(customer, 8), "transactionDate": None})
    world.wait(60)
    await world.cycle()
    invoices = flow_of(await reconciled(world), "invoice")
    lone = {(one.side, one.why): (one.count, one.amounts["total"]) for one in invoices.unpaired}
    assert lone == {
        ("left", "its status does not send it on yet"): (1, "17.75"),
        ("left", "invoice.date is empty and the right side needs it"): (1, "18.75"),
    }


async def test_a_side_that_does_not_show_everything_is_no_proof() -> None:
    world = await billed()
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.PAGE, Fault(FaultKind.INCOMPLETE), times=5)
    report = await reconciled(world)
    assert not report.clean
    assert not any(flow.complete for flow in report.flows if flow.flow == "customer")


async def test_an_unknown_flow_is_told() -> None:
    world = await billed(0)
    with pytest.raises(NothingMatched, match="no flow 'bill'"):
        await reconciled(world, "bill")
    assert world.setup.ends[Side.LEFT].connection == "field"


async def test_status_shows_how_the_last_comparison_ended() -> None:
    world = await billed()
    await reconciled(world)
    (line,) = [one for one in await world.store.flow_lines("acme") if one.flow.entity == "invoice"]
    status = flow_status(world.setup.flow("invoice"), line)
    assert status.reconciled is not None
    assert (status.reconciled.pairs, status.reconciled.unexplained, status.reconciled.amounts) == (3, 0, {})
    key = next(iter(world.right.records("invoice")))
    world.right.edit("invoice", key, {"doc_total": 10.76})
    world.wait(60)
    await world.cycle()
    await reconciled(world)
    lines = await world.store.flow_lines("acme")
    shown = link_status(world.setup, lines, [], {}, world.clock.now(), None)
    assert shown.health is Health.ACTION_REQUIRED
