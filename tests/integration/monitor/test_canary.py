"""What customers write stays with them: planted values are in no event, hold, alert, report or log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.desk import DriftDesk
from monitor.drift_alerts import due
from monitor.report import page
from tests.integration.monitor.test_gate import CHANGES
from tests.integration.monitor.watched import WatchedWorld

CANARY = "CANARY-7731"
AMOUNT = 7731.77


def planted(entity: str, wire: dict[str, Any]) -> dict[str, Any]:
    """A canary in a value, in a key, in a dynamic map and in a new field."""
    if entity != "invoice":
        return wire
    lines = [{**line, "description": f"{CANARY} inspection"} for line in wire["items"]]
    return {
        **wire,
        "name": f"{CANARY} roof",
        "terms": CANARY,
        "items": lines,
        f"{CANARY} field": CANARY,
        "custom": {f"{CANARY} Jane Doe": CANARY, f"{CANARY} John Roe": CANARY},
    }


@pytest.mark.parametrize("change", CHANGES)
async def test_nothing_of_a_customer_is_told(change: str, capsys: pytest.CaptureFixture[str]) -> None:
    world = WatchedWorld()
    world.drifting.change = planted
    await world.history()
    world.drifting.change = lambda entity, wire: CHANGES[change](entity, planted(entity, wire))
    for n in range(500, 505):
        key = world.invoice(n)
        world.left.edit("invoice", key, {"tax": 77.31, "totalPrice": AMOUNT})
        await world.run()
    desk = DriftDesk(world.watch, world.clock)
    views = await desk.drifts(everything=True)
    assert views
    alerts, _ = due(await world.drifts.events(), {}, world.clock.now(), [timedelta(hours=1)])
    told = [
        *(view.model_dump_json() for view in views),
        *(page(view) for view in views),
        *(f"{alert.summary} {alert.description} {alert.labels}" for alert in alerts),
        *(hold.reason for hold in await world.store.holds()),
        *(one.reason for one in await world.store.quarantined(None, 100)),
        *capsys.readouterr(),
    ]
    for text in told:
        assert CANARY not in text
        assert "7731" not in text
