"""Webhooks: registering them, what they carry, and how often they are tried."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.sandbox_servicetrade.conftest import Account, Open

FAST = {"webhook_batch_s": "0.02", "webhook_retry_s": "0", "webhook_timeout_s": "0.3"}
INVOICES = [{"entityType": 9001, "actions": ["created", "updated", "deleted"]}]


class Listener:
    """A receiver that answers as it is told and keeps what it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        """Statuses of the next answers; 204 after these."""
        self.silent = False
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.headers: list[Any] = []

    async def take(self, request: web.Request) -> web.Response:
        self.headers.append(request.headers)
        if self.silent:
            await asyncio.sleep(30)
        await self.messages.put(await request.json())
        return web.Response(status=self.answers.pop(0) if self.answers else 204)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


@pytest.fixture
async def account(open_account: Open) -> Account:
    return await open_account(**FAST)


async def subscribed(account: Account, url: str, events: Any = INVOICES, **more: Any) -> Any:
    return await account.write("POST", "/webhook", {"hookUrl": url, "entityEvents": events, **more})


async def touch(account: Account, count: int = 1) -> list[int]:
    """Change so many invoices; their ids."""
    invoices = (await account.get("/invoice", limit=count))["invoices"]
    for invoice in invoices:
        await account.write("PUT", f"/invoice/{invoice['id']}", {"notes": "changed"})
    return [invoice["id"] for invoice in invoices]


async def received(listener: Listener) -> Any:
    return await asyncio.wait_for(listener.messages.get(), 10)


async def settled(account: Account, count: int) -> list[Any]:
    """The log, once so many deliveries were delivered or given up."""
    while True:
        deliveries: list[Any] = (await account.control.view("webhooks"))["deliveries"]
        if sum(d["outcome"] != "pending" for d in deliveries) >= count:
            return deliveries
        await asyncio.sleep(0.02)


async def test_hooks_are_registered_listed_and_deleted(account: Account, listener: Listener) -> None:
    hook = await subscribed(account, listener.url)
    assert (hook["enabled"], hook["confirmed"], hook["hookUrl"]) == (True, True, listener.url)
    assert [h["id"] for h in (await account.get("/webhook"))["webhooks"]] == [hook["id"]]
    assert (await account.ask("DELETE", f"/webhook/{hook['id']}"))[0] == 204
    assert (await account.get("/webhook"))["webhooks"] == []


async def test_the_url_of_a_hook_cannot_be_changed(account: Account, listener: Listener) -> None:
    hook = await subscribed(account, listener.url)
    status, _ = await account.ask("PUT", f"/webhook/{hook['id']}", {"hookUrl": "http://127.0.0.1:1/"})
    assert status == 400


async def test_registering_needs_the_account_admin(open_account: Open) -> None:
    account = await open_account(account_admin="false")
    body = {"hookUrl": "http://127.0.0.1:1/", "entityEvents": INVOICES}
    assert (await account.ask("POST", "/webhook", body))[0] == 403


@pytest.mark.parametrize(
    "events", [[], [{"entityType": 77, "actions": ["created"]}], [{"entityType": 3, "actions": ["seen"]}]]
)
async def test_events_that_do_not_exist_are_refused(account: Account, events: Any) -> None:
    body = {"hookUrl": "http://127.0.0.1:1/", "entityEvents": events}
    assert (await account.ask("POST", "/webhook", body))[0] == 400


async def test_a_message_holds_ids_and_no_signature(account: Account, listener: Listener) -> None:
    await subscribed(account, listener.url)
    (ident,) = await touch(account)
    message = await received(listener)
    assert isinstance(message["timestamp"], str)
    (entry,) = message["data"]
    assert entry["entity"] == {
        "type": "invoice",
        "id": ident,
        "uri": f"https://app.servicetrade.com/api/invoice/{ident}",
    }
    assert (entry["action"], entry["userId"]) == ("updated", None)
    assert not [name for name in listener.headers[0] if "sign" in name.lower() or name == "Authorization"]


async def test_one_message_batches_many_records(open_account: Open, listener: Listener) -> None:
    account = await open_account(**{**FAST, "webhook_batch_s": "0.5"})
    await subscribed(account, listener.url)
    idents = await touch(account, 4)
    message = await received(listener)
    assert [entry["entity"]["id"] for entry in message["data"]] == idents


async def test_changesets_come_only_for_the_tracked_fields(account: Account, listener: Listener) -> None:
    events = [{"entityType": 3, "actions": ["updated"]}, *INVOICES]
    await subscribed(account, listener.url, events, includeChangesets=True)
    job = (await account.get("/job", limit=1))["jobs"][0]
    await account.write("PUT", f"/job/{job['id']}", {"status": "completed"})
    (entry,) = (await received(listener))["data"]
    assert entry["changeset"] == [{"field": "status", "oldValue": "scheduled", "newValue": "completed"}]
    await touch(account)
    (entry,) = (await received(listener))["data"]
    assert "changeset" not in entry


async def test_every_hook_of_the_account_gets_every_message(account: Account, listener: Listener) -> None:
    await subscribed(account, listener.url, [{"entityType": 3, "actions": ["updated"]}])
    await subscribed(account, listener.url)
    await touch(account)
    first, second = await received(listener), await received(listener)
    assert first["data"] == second["data"]
    assert first["messageId"] != second["messageId"]


@pytest.mark.parametrize("status", [302, 401, 404, 499])
async def test_any_answer_below_500_counts_as_delivered(
    account: Account, listener: Listener, status: int
) -> None:
    listener.answers = [status]
    await subscribed(account, listener.url)
    await touch(account)
    (delivery,) = await settled(account, 1)
    assert (delivery["outcome"], delivery["tries"], delivery["status"]) == ("delivered", 1, status)


async def test_a_failing_receiver_is_tried_again(account: Account, listener: Listener) -> None:
    listener.answers = [500, 503]
    await subscribed(account, listener.url)
    await touch(account)
    (delivery,) = await settled(account, 1)
    assert (delivery["outcome"], delivery["tries"]) == ("delivered", 3)
    messages = [await received(listener) for _ in range(3)]
    assert len({message["messageId"] for message in messages}) == 1


async def test_a_silent_receiver_loses_the_message_after_three_tries(
    account: Account, listener: Listener
) -> None:
    listener.silent = True
    await subscribed(account, listener.url)
    await touch(account)
    (delivery,) = await settled(account, 1)
    assert (delivery["outcome"], delivery["tries"], delivery["status"]) == ("dropped", 3, None)


async def test_deliveries_fail_and_repeat_on_order(account: Account, listener: Listener) -> None:
    await subscribed(account, listener.url)
    await account.control.act("webhooks/fail", times=3)
    await touch(account)
    (lost,) = await settled(account, 1)
    assert lost["outcome"] == "dropped"
    await account.control.act("webhooks/repeat", times=1)
    await touch(account)
    first, second = await received(listener), await received(listener)
    assert first == second


async def test_a_write_whose_answer_is_lost_is_announced_all_the_same(
    account: Account, listener: Listener
) -> None:
    await subscribed(account, listener.url)
    invoice = (await account.get("/invoice", limit=1))["invoices"][0]
    await account.control.order(Fault(kind=FaultKind.COMMIT_THEN_STATUS, method="PUT"))
    status, _ = await account.ask("PUT", f"/invoice/{invoice['id']}", {"notes": "kept"})
    assert status == 503
    assert (await received(listener))["data"][0]["entity"]["id"] == invoice["id"]
