"""The gate, over two memory platforms: nothing bad passes, nothing is lost, everything drains once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.contract import Contract
from monitor.watched import Settings
from syncd.core.errors import UnreadableAnswer
from syncd.ports.drift import DriftState
from tests.integration.monitor.watched import Change, WatchedWorld


def renamed(entity: str, wire: dict[str, Any]) -> dict[str, Any]:
    return {("grandTotal" if name == "totalPrice" else name): value for name, value in wire.items()}


def in_cents(entity: str, wire: dict[str, Any]) -> dict[str, Any]:
    if entity != "invoice":
        return wire
    lines = [
        {**line, "price": round(line["price"] * 100), "total": round(line["total"] * 100)}
        for line in wire["items"]
    ]
    return {
        **wire,
        "totalPrice": round(wire["totalPrice"] * 100),
        "tax": round(wire["tax"] * 100),
        "items": lines,
    }


def as_text(entity: str, wire: dict[str, Any]) -> dict[str, Any]:
    return {**wire, "totalPrice": str(wire["totalPrice"])} if entity == "invoice" else wire


def gone(entity: str, wire: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wire.items() if name != "totalPrice"}


def nulled(entity: str, wire: dict[str, Any]) -> dict[str, Any]:
    return {**wire, "totalPrice": None} if entity == "invoice" else wire


CHANGES: dict[str, Change] = {
    "renamed": renamed,
    "cents": in_cents,
    "text": as_text,
    "gone": gone,
    "null": nulled,
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_drift_is_held_before_a_bad_posting_and_drains_once_it_went_back(change: str) -> None:
    world = WatchedWorld()
    await world.history()
    world.drifting.change = CHANGES[change]
    for n in range(500, 506):
        world.invoice(n)
        await world.run()
        assert world.posted() == {}, "not even the first of them"
    (event,) = [e for e in await world.drifts.events() if e.seen.level == "breaking"]
    assert event.held_at is not None
    (hold,) = await world.store.holds()
    assert hold.scope == "flow:acme/invoice"
    assert f"syncd drift show {event.id}" in hold.reason
    world.drifting.change = None
    for n in range(506, 516):
        world.invoice(n)
        world.wait(300)
        await world.run()
    await world.run()
    assert await world.store.holds() == []
    closed = await world.drifts.event(event.id)
    assert closed is not None
    assert closed.state is DriftState.REVERTED
    assert world.posted() == world.owed()
    assert len(world.posted()) == 16


@pytest.mark.parametrize("change", ["renamed", "cents"])
async def test_what_can_be_mended_without_an_engineer_is_mended_by_accepting_it(change: str) -> None:
    world = WatchedWorld()
    await world.history()
    world.drifting.change = CHANGES[change]
    for n in range(500, 504):
        world.invoice(n)
        await world.run()
    (event,) = [e for e in await world.drifts.events() if e.seen.level == "breaking"]
    assert event.seen.correction is not None
    await world.watch.releases.accept(event.id, "dana", "in their release notes")
    for n in range(504, 507):
        world.invoice(n)
        await world.run()
    await world.run()
    assert await world.store.holds() == []
    assert world.posted() == world.owed()
    assert len(world.posted()) == 7
    (proposal,) = await world.drifts.proposals()
    assert proposal.drift == event.id


async def test_what_a_cycle_under_way_puts_away_after_it_was_accepted_drains_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = WatchedWorld()
    await world.history()
    world.drifting.change = as_text
    for n in range(500, 503):
        world.invoice(n)
        await world.run()
    (event,) = await world.drifts.events()
    write_down = world.store.write_down

    async def accepted_meanwhile(*rows: Any) -> Any:
        monkeypatch.undo()
        await world.watch.releases.accept(event.id, "dana", "in their release notes")
        return await write_down(*rows)

    monkeypatch.setattr(world.store, "write_down", accepted_meanwhile)
    world.invoice(503)
    for _ in range(3):
        await world.run()
    assert world.posted() == world.owed()
    assert len(world.posted()) == 4


async def test_a_large_invoice_waits_and_one_that_is_not_alone_does_not_hold_the_others() -> None:
    world = WatchedWorld()
    await world.history()
    large = world.invoice(500)
    wire = world.left.records("invoice")[large]
    times = {"totalPrice": wire["totalPrice"] * 100, "tax": wire["tax"] * 100}
    world.left.edit("invoice", large, times)
    await world.run()
    assert world.posted() == {}
    for n in range(501, 507):
        world.invoice(n)
        await world.run()
    assert len(world.posted()) == 6, "the others flow"
    assert await world.store.holds() == []
    (event,) = await world.drifts.events()
    assert (event.seen.kind, event.seen.action) == ("scale", "quarantine")
    await world.watch.releases.ignore(event.id, "dana", "a new roof")
    await world.run()
    await world.run()
    assert world.posted() == world.owed()


async def test_before_anything_was_learned_a_record_is_only_measured_by_its_lens() -> None:
    world = WatchedWorld()
    await world.history(invoices=8)
    assert world.watch.states("field")["invoice"] == "learning"
    world.drifting.change = gone
    world.invoice(500)
    await world.run()
    assert await world.store.holds() == []


async def accepted_cents(world: WatchedWorld) -> int:
    """Amounts in cents, accepted; everything drained. Returns the drift's number."""
    await world.history()
    world.drifting.change = in_cents
    for n in range(500, 504):
        world.invoice(n)
        await world.run()
    (event,) = [e for e in await world.drifts.events() if e.seen.level == "breaking"]
    await world.watch.releases.accept(event.id, "dana", "in their release notes")
    for _ in range(2):
        await world.run()
    assert world.posted() == world.owed()
    return event.id


async def test_an_acceptance_can_be_taken_back_and_the_mistake_holds_again() -> None:
    world = WatchedWorld()
    ident = await accepted_cents(world)
    await world.watch.releases.revert(ident, "dana", "it was a mistake of theirs")
    assert [hold.scope for hold in await world.store.holds()] == ["flow:acme/invoice"]
    assert await world.drifts.proposals() == []
    assert await world.drifts.grants() == []
    before = world.posted()
    world.invoice(510)
    for _ in range(2):
        await world.run()
    assert world.posted() == before, "still in cents: nothing leaves"
    world.drifting.change = None
    for n in range(511, 521):
        world.invoice(n)
        world.wait(300)
        await world.run()
    await world.run()
    assert await world.store.holds() == []
    assert world.posted() == world.owed()


async def test_what_was_accepted_for_a_time_and_is_not_mended_is_told_of_and_then_held() -> None:
    world = WatchedWorld(settings=Settings(grant=timedelta(days=8)))
    ident = await accepted_cents(world)
    world.wait(2 * 86_400)
    await world.run()
    (told,) = [e for e in await world.drifts.events() if e.seen.kind == "acceptance_ends"]
    assert told.seen.after == {"drift": ident, "days": 7}
    world.wait(5 * 86_400)
    await world.run()
    (told,) = [e for e in await world.drifts.events() if e.seen.kind == "acceptance_ends"]
    assert told.seen.after["days"] == 1
    world.wait(2 * 86_400)
    await world.run()
    world.invoice(510)
    before = world.posted()
    await world.run()
    assert [hold.scope for hold in await world.store.holds()] == ["flow:acme/invoice"]
    assert world.posted() == before, "neither cents for dollars nor anything else"
    await world.watch.releases.accept(ident, "dana", "for another while")
    for _ in range(2):
        await world.run()
    assert world.posted() == world.owed()


async def test_what_stands_in_the_file_needs_no_grant_any_more() -> None:
    filed = "x-platform: memory\nx-operation: invoice\ntype: object\nproperties:\n  type:\n    type: string\n"
    contracts = {"invoice": Contract.parse(f"{filed}    enum: [invoice, vendorbill]\n")}
    world = WatchedWorld(contracts=contracts, settings=Settings(grant=timedelta(days=8)))
    await world.history()
    world.drifting.change = lambda entity, wire: {**wire, "type": "service"} if entity == "invoice" else wire
    for n in range(500, 503):
        world.invoice(n)
        await world.run()
    (event,) = await world.drifts.events()
    await world.watch.releases.accept(event.id, "dana", "in their release notes")
    world.watch.releases.text = lambda _platform, _operation: (
        f"{filed}    enum: [invoice, vendorbill, service]\n"
    )
    world.wait(9 * 86_400)
    for n in range(503, 505):
        world.invoice(n)
        await world.run()
    assert await world.drifts.proposals() == []
    assert await world.drifts.events() == []
    assert world.posted() == world.owed()


async def test_a_listing_that_is_not_what_it_was_holds_its_connection_until_it_is() -> None:
    world = WatchedWorld()
    await world.history()
    pages, broken = world.drifting.pages, True

    async def unreadable(*asked: Any, **named: Any) -> Any:
        if broken:
            raise UnreadableAnswer("memory: the answer holds no list")
        async for page in pages(*asked, **named):
            yield page

    world.drifting.pages = unreadable  # type: ignore[method-assign]
    for _ in range(3):
        await world.run()
    scopes = {hold.scope for hold in await world.store.holds()}
    assert "connection:field" in scopes
    assert {e.seen.kind for e in await world.drifts.events()} == {"envelope"}
    broken = False
    world.invoice(500)
    for _ in range(7):
        await world.run()
    assert await world.store.holds() == []
    assert world.posted() == world.owed()
