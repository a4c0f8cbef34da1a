"""The version that a platform answers in: known from the contract's file, and told with what came with it."""

from __future__ import annotations

from monitor.contract import Contract
from monitor.versions import Versions
from syncd.ports import Exchange
from tests.integration.monitor.watched import WatchedWorld

FILED = Contract.parse(
    "x-platform: memory\nx-operation: invoice\nx-version: {asked: '75', served: '75'}\ntype: object\n"
)


def _answer(version: str) -> Exchange:
    return Exchange("GET", "/invoices", 200, {"Api-Version": version}, asked=({"api-version": "75"},))


async def test_another_version_than_the_filed_one_is_news_and_told_with_what_came_with_it() -> None:
    world = WatchedWorld(contracts={"invoice": FILED})
    await world.watch.load()
    await world.history()
    world.watch.exchange("field", _answer("75"))
    await world.run()
    assert await world.drifts.events() == []
    world.watch.exchange("field", _answer("76"))
    world.drifting.change = lambda entity, wire: (
        {name: value for name, value in wire.items() if name != "totalPrice"} if entity == "invoice" else wire
    )
    for n in range(500, 504):
        world.invoice(n)
        await world.run()
    events = {event.seen.kind: event for event in await world.drifts.events()}
    assert events["served_version"].seen.before == {"value": "75"}
    told = f"version '76' is served since 2026-11-02 09:06 UTC (drift {events['served_version'].id})"
    assert events["field_gone"].seen.repair.splitlines()[-1] == told


async def test_a_contract_says_in_which_version_it_was_learned() -> None:
    versions = Versions()
    versions.exchange("field", _answer("74"))
    stated = versions.stated(FILED)
    assert (stated.asked_version, stated.served_version) == ("75", "74")
    assert Contract.parse(stated.text()).served_version == "74"
