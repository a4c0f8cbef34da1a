"""What a platform publishes about itself: a change is told before an answer shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.describing import Describing, described
from syncd.ports import Description
from tests.integration.monitor.watched import WatchedWorld


def published(properties: dict[str, Any]) -> Description:
    invoice = {"type": "object", "properties": properties, "required": ["invoiceNumber"]}
    document = {"openapi": "3.0.1", "paths": {}, "components": {"schemas": {"Invoice": invoice}}}
    return Description("openapi", json.dumps(document).encode(), {"invoice": "Invoice", "job": "Job"})


PLAIN: dict[str, Any] = {"invoiceNumber": {"type": "string"}, "totalPrice": {"type": "number"}}


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        ({"invoiceNumber": {"type": "string"}}, "field_gone"),
        (PLAIN | {"totalPrice": {"type": "string"}}, "type_changed"),
    ],
)
async def test_a_published_change_of_what_we_map_is_told_and_stops_nothing(
    now: dict[str, Any], kind: str
) -> None:
    world = WatchedWorld()
    await world.history(invoices=8)
    describing = Describing(world.watch, world.clock)
    await describing.look("field", published(PLAIN))
    await describing.look("field", published(PLAIN | {"memo": {"type": "string"}}))
    assert await world.drifts.events() == [], "the first look, and a new field"
    await describing.look("field", published(now))
    (event,) = [e for e in await world.drifts.events() if e.seen.level != "additive"]
    assert (event.seen.kind, event.seen.path, event.seen.level) == (kind, "totalPrice", "risky")
    assert event.held_at is None
    for n in range(600, 607):
        world.invoice(n)
        await world.run()
    assert event.id in {e.id for e in await world.drifts.events()}
    assert await world.store.holds() == []
    assert len(world.posted()) == 7, "answers are as they were"


def test_a_kind_of_record_that_is_not_described_is_left_out() -> None:
    assert list(described(published(PLAIN), "acme")) == ["invoice"]
