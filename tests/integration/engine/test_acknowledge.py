"""What the source is told once the ledger has answered: each step an intent of its own."""

from __future__ import annotations

import orjson
import pytest

from syncd.connectors.memory import Behaviour, Call, Fault, FaultKind, OrderedFaults
from syncd.core.model import PairState, Side
from syncd.core.outcome import Outcome
from syncd.core.policy import Acknowledge, Mode
from syncd.ports import Seen, WriteRequest
from tests.integration.engine.operating import operator_of
from tests.integration.engine.test_main_job import INVOICE
from tests.integration.engine.world import World, policy

TOLD = Acknowledge(
    posted=(("set_external_id", "{key}"), ("set_status", "processed")),
    rejected=(("set_status", "failed"), ("comment", "{reason}")),
)


async def approved(behaviour: Behaviour | None = None) -> tuple[World, str]:
    """An approved invoice of a paired customer, with the next cycle still to come."""
    policies = {
        "customer": policy("customer", Mode.BOTH),
        "invoice": policy(
            "invoice",
            Mode.LEFT_TO_RIGHT,
            create_only=True,
            select={"status": frozenset({"pending_accounting"})},
            acknowledge=TOLD,
        ),
    }
    world = World(policies)
    if behaviour is not None:
        world.left.behaviour = behaviour
        world.start()
    customer = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await world.cycle()
    wire = {name: value for name, value in INVOICE.items() if name != "job"}
    key = world.left.add("invoice", {**wire, "customer": {"id": customer}, "status": "pending_accounting"})
    world.wait(60)
    return world, key


def refused_once(world: World) -> None:
    """The ledger refuses the next write."""
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.REJECTED, words="The period is closed."))


def told(world: World, key: str) -> list[tuple[str, str]]:
    return [(a["action"], a["argument"]) for a in world.left.records("invoice")[key].get("activity", ())]


async def state(world: World) -> PairState:
    (life,) = await world.store.lives("invoice", "S-10442", "acme")
    return life.row.state


async def kinds(world: World) -> list[tuple[str, str]]:
    (life,) = await world.store.lives("invoice", "S-10442", "acme")
    return [(event.kind, event.text.partition(" ")[0]) for event in life.events if event.intent]


async def test_posted_sets_the_external_id_and_then_the_status() -> None:
    world, key = await approved()
    await world.cycle()
    (posted,) = world.right.records("invoice")
    assert told(world, key) == [("set_external_id", posted), ("set_status", "processed")]
    assert world.left.records("invoice")[key]["status"] == "processed"
    assert await state(world) is PairState.IN_STEP
    assert [k for k, _ in await kinds(world)] == [
        "planned",
        "sent",
        "posted",
        "sent",
        "posted",
        "sent",
        "posted",
    ]


async def test_a_refused_invoice_is_failed_with_the_reason_as_a_comment() -> None:
    world, key = await approved()
    refused_once(world)
    await world.cycle()
    assert told(world, key) == [("set_status", "failed"), ("comment", "The period is closed.")]
    assert world.right.records("invoice") == {}
    for _ in range(3):
        world.wait(60)
        await world.cycle()
    assert len(told(world, key)) == 2
    (refused,) = await world.store.quarantined("acme", 10)
    assert refused.reason == "The period is closed."


async def test_a_mended_and_approved_invoice_is_posted_and_told_anew() -> None:
    world, key = await approved()
    refused_once(world)
    await world.cycle()
    world.wait(600)
    world.left.edit("invoice", key, {"transactionDate": "2026-11-01", "status": "pending_accounting"})
    await world.cycle()
    assert len(world.right.records("invoice")) == 1
    assert [action for action, _ in told(world, key)][2:] == ["set_external_id", "set_status"]
    assert await state(world) is PairState.IN_STEP


async def test_an_order_to_try_again_outlives_the_telling_of_the_refusal() -> None:
    """Found by seed 2005871: the order came while it was not known whether the source had been told."""
    world, _ = await approved()
    refused_once(world)
    world.left.faults = losing = OrderedFaults()
    losing.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    (refused,) = await world.store.quarantined("acme", 10)
    await operator_of(world).quarantine_retry([refused.id], "ann")
    for _ in range(2):
        world.wait(61)
        await world.cycle()
    assert len(world.right.records("invoice")) == 1
    assert await state(world) is PairState.IN_STEP


async def test_what_a_listing_shows_from_before_a_telling_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed 40069580: as it was before it was told `failed`, it was decided anew, and left its quarantine."""
    world, key = await approved()
    refused_once(world)
    world.left.faults = losing = OrderedFaults()
    losing.order(Call.WRITE, Fault(FaultKind.LOST_BEFORE))
    await world.cycle()
    world.left.edit("invoice", key, {"name": "Visit"})
    before = Seen(key, orjson.dumps(world.left.records("invoice")[key]))
    listing = world.left._listing
    monkeypatch.setattr(world.left, "_listing", lambda *of: [before] if of[0] == "invoice" else listing(*of))
    world.wait(600)  # the telling is sent again, and then the listing is read
    await world.cycle()
    assert told(world, key)[0] == ("set_status", "failed")
    assert world.right.records("invoice") == {}
    assert await state(world) is PairState.QUARANTINED


async def test_a_refused_invoice_is_back_in_quarantine_when_its_next_try_is_called_off() -> None:
    """Seed 50009159: edited before it was told `failed`, it was planned once more; told then, it was neither
    to be sent on any more nor in quarantine."""
    world, key = await approved()
    refused_once(world)
    assert isinstance(world.right.faults, OrderedFaults)
    world.right.faults.order(Call.WRITE, Fault(FaultKind.RETRY_LATER))
    world.left.faults = losing = OrderedFaults()
    losing.order(Call.WRITE, Fault(FaultKind.LOST_BEFORE))
    await world.cycle()
    world.left.edit("invoice", key, {"name": "Visit"})
    world.wait(5)
    await world.cycle()
    world.wait(60)
    await world.engine.drain(scheduled=False)  # the telling falls due, and nothing is listed
    assert await state(world) is PairState.IN_FLIGHT
    world.wait(600)
    await world.cycle()
    assert told(world, key) == [("set_status", "failed"), ("comment", "The period is closed.")]
    (refused,) = await world.store.quarantined("acme", 10)
    assert refused.reason == "The period is closed."
    assert world.right.records("invoice") == {}


async def test_a_refused_invoice_stays_in_quarantine_when_a_hold_stops_the_telling() -> None:
    """Found by seed 1000469: once released it was taken for posted, and an edit put it out of sight."""
    world, key = await approved()
    refused_once(world)
    world.left.faults = losing = OrderedFaults()
    losing.order(Call.WRITE, Fault(FaultKind.RETRY_LATER))
    await world.cycle()
    hold = await operator_of(world).hold("link:acme", "drill", "ann")
    world.wait(61)
    await world.cycle()
    assert told(world, key) == []
    assert await state(world) is PairState.QUARANTINED
    await operator_of(world).release([hold.id], "ann")
    await world.cycle()
    assert told(world, key) == [("set_status", "failed"), ("comment", "The period is closed.")]
    world.left.edit("invoice", key, {"transactionDate": "2026-11-01"})
    world.wait(61)
    await world.cycle()
    (refused,) = await world.store.quarantined("acme", 10)
    assert refused.reason == "The period is closed."


async def test_a_refused_action_does_not_take_the_invoice_back_and_is_retried_on_command() -> None:
    world, key = await approved()
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.REJECTED, words="No right to set ids."))
    await world.cycle()
    assert len(world.right.records("invoice")) == 1
    assert await state(world) is PairState.QUARANTINED
    assert told(world, key) == []
    (refused,) = await world.store.quarantined("acme", 10)
    world.wait(60)
    await operator_of(world).quarantine_retry([refused.id], "ann")
    await world.cycle()
    assert [action for action, _ in told(world, key)] == ["set_external_id", "set_status"]
    assert len(world.right.records("invoice")) == 1


async def test_an_action_whose_answer_is_lost_is_done_once() -> None:
    world, key = await approved()
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    await world.cycle()
    for _ in range(2):
        world.wait(31)
        await world.cycle()
    assert [action for action, _ in told(world, key)] == ["set_external_id", "set_status"]


async def test_an_action_that_never_arrived_is_done_after_the_look_up() -> None:
    world, key = await approved()
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_BEFORE), after=1)
    await world.cycle()
    assert [action for action, _ in told(world, key)] == ["set_external_id"]
    world.wait(31)
    await world.cycle()
    assert [action for action, _ in told(world, key)] == ["set_external_id", "set_status"]


async def test_a_hold_of_the_source_keeps_what_it_must_be_told() -> None:
    world, key = await approved()
    hold = await world.store.hold("connection:field", "the schema changed", "monitor")
    await world.cycle()
    assert len(world.right.records("invoice")) == 1
    assert told(world, key) == []
    await world.store.release([hold.id], "ann")
    await world.cycle()
    assert [action for action, _ in told(world, key)] == ["set_external_id", "set_status"]


async def test_what_was_voided_before_it_was_told_stays_void() -> None:
    """The telling would have put `processed` over a void that nobody knew of yet."""
    world, key = await approved()
    hold = await world.store.hold("connection:field", "the schema changed", "monitor")
    await world.cycle()
    world.left.edit("invoice", key, {"status": "void"})
    await world.store.release([hold.id], "ann")
    await world.cycle()
    assert [action for action, _ in told(world, key)] == ["set_external_id"]
    assert world.left.records("invoice")[key]["status"] == "void"
    world.wait(60)
    await world.cycle()
    assert world.left.records("invoice")[key]["status"] == "void"


def as_told(world: World, key: str, patch: dict[str, str]) -> None:
    """The source's people enter something after we looked, and before `processed` arrives."""
    connector = world.setup.ends[Side.LEFT].connector
    usual = connector.submit

    async def late(request: WriteRequest) -> Outcome:
        if request.action == "set_status":
            connector.submit = usual  # type: ignore[method-assign]
            world.left.edit("invoice", key, patch)
        return await usual(request)

    connector.submit = late  # type: ignore[method-assign]


async def test_where_versions_are_checked_what_was_voided_right_after_the_look_stays_void() -> None:
    world, key = await approved(Behaviour(conditional_write=True))
    as_told(world, key, {"status": "void"})
    await world.cycle()
    world.wait(60)
    await world.cycle()
    assert world.left.records("invoice")[key]["status"] == "void"
    assert [action for action, _ in told(world, key)] == ["set_external_id"]


async def test_a_telling_that_met_another_change_is_told_all_the_same() -> None:
    world, key = await approved(Behaviour(conditional_write=True))
    as_told(world, key, {"memo": "call first"})
    await world.cycle()
    assert [action for action, _ in told(world, key)] == ["set_external_id"]
    world.wait(60)
    await world.cycle()
    assert told(world, key)[1:] == [("set_status", "processed")]
    assert world.left.records("invoice")[key]["memo"] == "call first"
    assert await state(world) is PairState.IN_STEP
