"""What is not there any more: evidence first, edits win, ends are told once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from syncd.connectors.memory import Behaviour, Call, Fault, FaultKind, OrderedFaults
from syncd.connectors.memory.answers import Refused
from syncd.core.model import Operation, PairState, Side
from syncd.core.outcome import ErrorClass, Outcome
from syncd.core.policy import Acknowledge, Deletes, FlowPolicy, Mode, Posting
from syncd.ports import WriteRequest
from tests.integration.engine.removing import ACME, later, reason, states, swept, world_of
from tests.integration.engine.world import World, policy

# -- evidence -----------------------------------------------------------------------------------


async def test_absence_counts_after_two_complete_sweeps_in_a_row() -> None:
    world = world_of(Deletes.PROPAGATE)
    key = world.left.add("customer", ACME)
    await later(world)
    world.left.remove("customer", key)
    await later(world)
    assert await states(world) == {PairState.IN_STEP: 1}, "a listing of changes says nothing of what is gone"
    await swept(world)
    assert len(world.right.records("customer")) == 1, "once may be an accident"
    await swept(world)
    assert world.right.records("customer") == {}
    assert await states(world) == {PairState.GONE: 1}


async def test_two_sweeps_at_once_count_as_one() -> None:
    world = world_of(Deletes.PROPAGATE)
    key = world.left.add("customer", ACME)
    await later(world)
    world.left.remove("customer", key)
    world.wait(60)
    for _ in range(3):
        await world.engine.sweep()
        world.wait(1)
    await world.cycle()
    assert len(world.right.records("customer")) == 1


async def test_a_record_shown_in_between_is_not_missing() -> None:
    world = world_of(Deletes.PROPAGATE)
    key = world.left.add("customer", ACME)
    await later(world)
    world.left.remove("customer", key)
    await swept(world)
    world.left.restore("customer", key)
    await swept(world)
    world.left.remove("customer", key)
    await swept(world)
    assert len(world.right.records("customer")) == 1, "the two that missed it were not in a row"
    await swept(world)
    assert world.right.records("customer") == {}


async def test_what_the_login_may_not_see_is_not_gone() -> None:
    world = world_of(Deletes.PROPAGATE)
    keys = [world.left.add("customer", {**ACME, "name": f"Customer {n}"}) for n in range(3)]
    await later(world)
    world.left.forbidden.add(("customer", keys[0]))
    for _ in range(3):
        await swept(world)
    assert len(world.right.records("customer")) == 3
    assert await states(world) == {PairState.IN_STEP: 3}


async def test_a_record_that_only_its_listing_hides_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(Deletes.PROPAGATE)
    key = world.left.add("customer", ACME)
    await later(world)
    listing = world.left._listing
    monkeypatch.setattr(world.left, "_listing", lambda *asked: [s for s in listing(*asked) if s.key != key])
    for _ in range(3):
        await swept(world)
    assert await states(world) == {PairState.IN_STEP: 1}, "asked for it by itself, the platform shows it"


async def test_many_disappearances_stop_the_flow_also_where_it_only_holds() -> None:
    world = world_of(Deletes.HOLD)
    keys = [world.left.add("customer", {**ACME, "name": f"Customer {n}"}) for n in range(30)]
    await later(world)
    for key in keys[:20]:
        world.left.remove("customer", key)
    await swept(world)
    await swept(world)
    (hold,) = await world.store.holds()
    assert hold.by == "brake:mass_delete"
    assert "20 of 30 customer records disappeared" in hold.reason
    assert await states(world) == {PairState.IN_STEP: 30}, "nothing is decided until it is released"
    await world.store.release([hold.id], "dana")
    await later(world)
    assert await states(world) == {PairState.IN_STEP: 10, PairState.HELD: 20}
    await later(world)
    assert await world.store.holds() == []


# -- what follows -------------------------------------------------------------------------------


async def test_a_removal_is_held_with_its_evidence() -> None:
    world = world_of(feed=True)
    key = world.left.add("customer", ACME)
    await later(world)
    world.left.remove("customer", key)
    await later(world)
    assert await states(world) == {PairState.HELD: 1}
    assert await reason(world, key) == "removed on the left (its platform says so); the flow holds removals"


async def test_a_record_is_put_away_as_its_platform_does_it_and_once() -> None:
    world = world_of(Deletes.ARCHIVE, feed=True)
    key = world.left.add("customer", ACME)
    await later(world)
    world.left.remove("customer", key)
    await later(world)
    (record,) = world.right.records("customer").values()
    assert record["state_code"] == 3, "inactive"
    assert await states(world) == {PairState.GONE: 1}
    written = world.writes()
    await later(world, 600)
    await later(world, 600)
    assert world.writes() == written


async def test_where_nothing_can_put_it_away_it_is_held() -> None:
    world = World({"job": policy("job", Mode.BOTH, deletes=Deletes.ARCHIVE)})
    world.left.behaviour = Behaviour(delete_feed=True)
    key = world.left.add("job", {"number": "J-1", "name": "Chiller"})
    (world.policies["job"],) = [without(world.policies["job"], "customer", "location")]
    world.start()
    await later(world)
    world.left.remove("job", key)
    await later(world)
    assert "offers no archive of a job" in await reason(world, key, "job")


def without(flow: FlowPolicy, *names: str) -> FlowPolicy:
    return replace(flow, fields=tuple(f for f in flow.fields if f.name not in names))


async def test_an_edit_wins_over_a_removal() -> None:
    world = world_of(Deletes.PROPAGATE, feed=True)
    key = world.left.add("customer", ACME)
    await later(world)
    (other,) = world.right.records("customer")
    world.left.remove("customer", key)
    world.right.edit("customer", other, {"tel": "2"})
    await later(world)
    (record,) = world.left.records("customer").values()
    assert record["phoneNumber"] == "2"
    assert len(world.right.records("customer")) == 1


# -- the end of a document ----------------------------------------------------------------------


def two_way_invoices(**more: Any) -> World:
    posting = Posting(
        Side.RIGHT,
        posted={"status": frozenset({"processed", "paid"})},
        void={"status": frozenset({"void"})},
        voided={"status": frozenset({"void"})},
        action="set_status",
        argument="void",
    )
    invoice = policy("invoice", Mode.BOTH, posting=posting, **more)
    return World({"customer": policy("customer", Mode.BOTH), "invoice": invoice})


async def bill(world: World) -> tuple[str, str]:
    customer = world.left.add("customer", ACME)
    key = world.left.add(
        "invoice",
        {
            "invoiceNumber": "S-1", "transactionDate": "2026-11-01", "customer": {"id": customer},
            "totalPrice": 10.0, "name": "Visit", "status": "draft",
        },
    )  # fmt: skip
    await later(world)
    (other,) = world.right.records("invoice")
    return key, other


def ledger(world: World) -> Mapping[str, Any]:
    (record,) = world.right.records("invoice").values()
    return record


async def test_before_posting_both_may_edit_and_after_it_the_ledger_owns() -> None:
    world = two_way_invoices()
    key, other = await bill(world)
    world.left.edit("invoice", key, {"name": "Two visits"})
    await later(world)
    world.right.edit("invoice", other, {"po_no": "77"})
    await later(world)
    assert (ledger(world)["descr"], world.left.records("invoice")[key]["customerPo"]) == ("Two visits", "77")
    world.right.edit("invoice", other, {"state_code": 3})
    await later(world)
    world.right.edit("invoice", other, {"descr": "Three visits"})
    await later(world)
    assert world.left.records("invoice")[key]["name"] == "Three visits"
    world.left.edit("invoice", key, {"name": "Four visits"})
    await later(world)
    assert await states(world, "invoice") == {PairState.CONFLICT: 1}
    assert ledger(world)["descr"] == "Three visits"


async def test_a_document_voided_at_its_source_is_voided_in_the_ledger_by_an_action_and_once() -> None:
    world = two_way_invoices()
    key, other = await bill(world)
    world.right.edit("invoice", other, {"state_code": 3})
    await later(world)
    world.left.edit("invoice", key, {"status": "void"})
    await later(world)
    actions = [entry.action for entry in world.right.log if entry.action]
    assert actions == ["set_status"]
    assert ledger(world)["state_code"] == 6
    for _ in range(3):
        await later(world, 600)
    assert [entry.action for entry in world.right.log if entry.action] == ["set_status"]
    assert await states(world, "invoice") == {PairState.IN_STEP: 1}


async def test_a_document_voided_in_the_ledger_before_its_creation_was_found_is_for_a_person() -> None:
    """The answer was lost: by the time it was looked up, its people had voided it, and that is no echo."""
    world = two_way_invoices()
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER), after=1)  # its customer goes first
    _, other = await bill(world)
    world.right.edit("invoice", other, {"state_code": 6})
    await later(world, 20)
    assert (await world.store.counts(await world.store.flow("acme", "invoice"))).intents, "it is in doubt"
    await later(world)
    assert await states(world, "invoice") == {PairState.HELD: 1}


async def test_a_void_at_the_source_while_our_edit_there_was_in_doubt_is_carried_over() -> None:
    """What is read back is not all our own doing: somebody voided the document meanwhile (seed 30003953)."""
    world = two_way_invoices()
    key, other = await bill(world)
    world.left.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    world.right.edit("invoice", other, {"descr": "Two visits"})
    await later(world)
    assert world.left.records("invoice")[key]["name"] == "Two visits"
    world.left.edit("invoice", key, {"status": "void"})
    await later(world)
    await later(world)
    assert ledger(world)["state_code"] == 6


async def test_where_a_void_is_final_the_telling_is_refused_and_the_void_carried_over() -> None:
    """As ServiceTrade is taken to do it: it checks no version, and refuses such a step of a status."""
    world = two_way_invoices(acknowledge=Acknowledge(posted=(("set_status", "processed"),)))

    def voided_before_it_is_told(entity: str, operation: Operation, _: Mapping[str, Any]) -> Refused | None:
        if (entity, operation) != ("invoice", Operation.ACTION):
            return None
        (document,) = world.left.records("invoice")
        world.left.edit("invoice", document, {"status": "void"})
        return Refused(ErrorClass.VALIDATION, "Invalid status transition")

    world.left.refuse = voided_before_it_is_told
    key, _ = await bill(world)
    assert await states(world, "invoice") == {PairState.QUARANTINED: 1}
    await later(world)
    assert (world.left.records("invoice")[key]["status"], ledger(world)["state_code"]) == ("void", 6)
    assert await states(world, "invoice") == {PairState.IN_STEP: 1}


async def test_a_void_that_the_ledger_does_not_show_is_not_repeated() -> None:
    world = two_way_invoices()
    key, other = await bill(world)
    world.left.edit("invoice", key, {"status": "void"})
    await later(world)
    world.right.edit("invoice", other, {"state_code": 3, "descr": "a note"})  # shown as living again
    for _ in range(3):
        await later(world, 600)
    assert len([entry for entry in world.right.log if entry.action]) == 1


# -- listings that leave something out ------------------------------------------------------------


async def test_one_record_we_may_not_see_stops_only_what_needs_to_know_what_is_not_there() -> None:
    world = world_of()
    keys = [world.left.add("customer", {**ACME, "name": f"Customer {n}"}) for n in range(3)]
    await later(world)
    hidden = next(iter(world.right.records("customer")))
    world.right.edit("customer", hidden, {"mail": "new@example.com"})
    world.right.forbidden.add(("customer", hidden))
    world.left.edit("customer", keys[2], {"phoneNumber": "2"})
    new = world.left.add("customer", {**ACME, "name": "Customer 9"})
    world.wait(60)
    outcome = await world.cycle()
    assert "incomplete" in outcome.flows["customer"].incomplete
    assert {r["tel"] for r in world.right.records("customer").values()} == {"1", "2"}, "changes go on"
    assert len(world.right.records("customer")) == 3, "it could be there, where we may not look"
    assert "left something out" in await reason(world, new)
    world.right.forbidden.clear()
    await later(world, 600)
    await later(world, 600)
    assert len(world.right.records("customer")) == 4


# -- a write that met a change ----------------------------------------------------------------------


def meets(world: World, operation: Operation, entity: str, key: str, patch: Mapping[str, Any]) -> None:
    """The right side's people save the record just before the next such write arrives there."""
    connector = world.setup.ends[Side.RIGHT].connector
    usual = connector.submit

    async def late(request: WriteRequest) -> Outcome:
        if request.operation is operation:
            connector.submit = usual  # type: ignore[method-assign]
            world.right.edit(entity, key, dict(patch))
        return await usual(request)

    connector.submit = late  # type: ignore[method-assign]


def checks_versions(world: World) -> World:
    world.right.behaviour = Behaviour(conditional_write=True)
    world.start()
    return world


async def removed_on_the_left(world: World) -> tuple[str, str]:
    left = world.left.add("customer", ACME)
    await later(world)
    (right,) = world.right.records("customer")
    world.left.remove("customer", left)
    return left, right


async def test_a_removal_that_met_a_change_of_no_matter_is_carried_out_from_a_new_look() -> None:
    world = checks_versions(world_of(Deletes.PROPAGATE, feed=True))
    _, other = await removed_on_the_left(world)
    meets(world, Operation.DELETE, "customer", other, {"memo": "call first"})
    await later(world)
    assert list(world.right.records("customer")) == [other], "refused: it is another version"
    await later(world)
    assert await states(world) == {PairState.GONE: 1}
    assert world.right.records("customer") == {}


async def test_a_removal_that_met_an_edit_gives_way_to_it() -> None:
    world = checks_versions(world_of(Deletes.PROPAGATE, feed=True))
    _, other = await removed_on_the_left(world)
    meets(world, Operation.DELETE, "customer", other, {"tel": "2"})
    for _ in range(2):
        await later(world)
    (record,) = world.left.records("customer").values()
    assert (list(world.right.records("customer")), record["phoneNumber"]) == ([other], "2")


async def test_a_removal_that_is_refused_for_something_else_is_quarantined_and_not_tried_for_ever() -> None:
    world = checks_versions(world_of(Deletes.PROPAGATE, feed=True))
    left, _ = await removed_on_the_left(world)
    in_use = Refused(ErrorClass.CONFLICT, "It is used by other records.")
    world.right.refuse = lambda entity, operation, wire: in_use if operation is Operation.DELETE else None
    for _ in range(3):
        await later(world)
    assert world.right.requests[Call.WRITE] == 2, "its creation, and one try"
    assert await states(world) == {PairState.QUARANTINED: 1}
    assert await reason(world, left) == "It is used by other records."


async def test_a_change_that_is_refused_for_something_else_is_quarantined_and_not_tried_for_ever() -> None:
    world = checks_versions(world_of())
    left = world.left.add("customer", ACME)
    await later(world)
    taken = Refused(ErrorClass.CONFLICT, "Another customer is called so.")
    world.right.refuse = lambda entity, operation, wire: taken if operation is Operation.UPDATE else None
    world.left.edit("customer", left, {"name": "Apex"})
    for _ in range(3):
        await later(world)
    assert world.right.requests[Call.WRITE] == 2, "its creation, and one try"
    assert await states(world) == {PairState.QUARANTINED: 1}
    assert await reason(world, left) == "Another customer is called so."


async def test_a_void_that_met_a_change_of_no_matter_is_carried_out_from_a_new_look() -> None:
    world = checks_versions(two_way_invoices())
    key, other = await bill(world)
    world.right.edit("invoice", other, {"state_code": 3})
    await later(world)
    world.left.edit("invoice", key, {"status": "void"})
    meets(world, Operation.ACTION, "invoice", other, {"memo": "call first"})
    await later(world)
    assert ledger(world)["state_code"] == 3, "refused: it is another version"
    await later(world)
    assert ledger(world)["state_code"] == 6
    assert [entry.action for entry in world.right.log if entry.action] == ["set_status"]
    assert await states(world, "invoice") == {PairState.IN_STEP: 1}
