"""Alerts through the real library to a real socket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from monitor.notify import Channel, ChannelNotifier, apprise_sender, check_address
from syncd.core.errors import FixInput
from syncd.ports.alerting import Alert
from syncd.service.listen import serve
from tests.integration.engine.world import VirtualClock

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ALERT = Alert(
    "SyncdSchemaBreaking",
    "critical",
    {"cause": "drift:7"},
    "field: a field is gone: totalPrice of invoice",
    "field: a field is gone: totalPrice of invoice: writes are held. syncd drift show 7",
    "runbooks/SyncdSchemaBreaking.md",
    True,
    datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
)


async def test_a_webhook_receives_the_alert_and_its_end() -> None:
    received: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        received.append(await request.json())
        return web.Response()

    application = web.Application()
    application.router.add_post("/alerts", take)
    async with serve(application, "127.0.0.1", 0, None) as url:
        channel = Channel("team", url.replace("http://", "json://") + "/alerts", frozenset({"critical"}))
        team = ChannelNotifier([channel], apprise_sender(), VirtualClock())
        await team.notify([ALERT])
        await team.notify([replace(ALERT, firing=False)])
    first, last = received
    assert first["type"] == "failure"
    assert "totalPrice of invoice" in first["title"]
    assert "syncd drift show 7" in first["message"]
    assert last["type"] == "success"


async def test_a_channel_that_is_down_is_tried_again_and_nothing_is_raised() -> None:
    counted: list[bool] = []
    channel = Channel("team", "json://127.0.0.1:9/alerts", frozenset({"critical"}))
    team = ChannelNotifier([channel], apprise_sender(), VirtualClock(), lambda _name, ok: counted.append(ok))
    await team.notify([ALERT])
    await team.flush()
    assert counted == [False, False]


def test_an_address_nobody_knows_is_refused_without_being_quoted() -> None:
    check_address("team", "json://example.com/hook")
    with pytest.raises(FixInput) as wrong:
        check_address("team", "carrierpigeon://secret-token@roof")
    assert "secret-token" not in str(wrong.value)
