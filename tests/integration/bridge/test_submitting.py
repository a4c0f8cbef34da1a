"""Documents into the product: each at most once, with leave, in short sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from syncd.bridge import protocol
from syncd.bridge.channel import Limits
from syncd.bridge.protocol import Answer, Go, Hello, Outcome, Query, Ready, Release, Submit, Welcome
from syncd.core.errors import FixInput, RenewCredentials, RetryLater, UnreadableAnswer
from tests.integration.bridge.site import LOGIN, PASSWORD, TOKEN, Product, bridge_to, eventually, hub_at


async def test_a_document_goes_in_and_its_answer_comes_back(tmp_path: Path) -> None:
    product = Product()
    async with hub_at() as (hub, url), bridge_to(url, tmp_path / "o", product=product):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        assert await channel.submit("<née/>".encode()) == "<done><née/></done>".encode()


async def test_a_session_serves_a_burst_and_then_gives_its_licence_back(tmp_path: Path) -> None:
    product = Product()
    async with hub_at() as (hub, url), bridge_to(url, tmp_path / "o", product=product):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        await asyncio.gather(*(channel.submit(f"<d{n}/>".encode()) for n in range(20)))
        await eventually(lambda: product.licences == 0)
    assert len(product.executed) == 20
    assert product.most_licences == 1


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("SetDataSource", RetryLater),
        ("IntializeAPI", RetryLater),
        ("IsValidUser", RenewCredentials),
        ("GetExclusiveAccess", RetryLater),
    ],
)
async def test_a_session_that_is_refused_executes_nothing(
    tmp_path: Path, step: str, error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    product = Product()
    product.results[step] = 7
    login = replace(LOGIN, exclusive=True)
    async with hub_at() as (hub, url), bridge_to(url, tmp_path / "o", product=product, login=login):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        with pytest.raises(error, match="sage: the product"):
            await channel.submit(b"<a/>")
        assert product.licences == 0
        product.results.clear()
        assert await channel.submit(b"<b/>") == b"<done><b/></done>"
    assert product.executed == ["<b/>"]
    assert PASSWORD not in "".join(capsys.readouterr())


async def test_an_object_that_breaks_leaves_an_unknown_outcome_and_no_values(tmp_path: Path) -> None:
    product = Product()
    product.breaks = True
    async with hub_at() as (hub, url), bridge_to(url, tmp_path / "o", product=product):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        with pytest.raises(UnreadableAnswer, match="OSError") as unknown:
            await channel.submit(b"<canary/>")
        assert "canary" not in unknown.value.message
        await eventually(lambda: product.licences == 0)
        product.breaks = False
        assert await channel.submit(b"<b/>") == b"<done><b/></done>"


async def test_a_document_withdrawn_before_its_turn_is_never_executed(tmp_path: Path) -> None:
    product = Product()
    product.gate.clear()
    async with (
        hub_at(limits=Limits(queue_s=0.2)) as (hub, url),
        bridge_to(url, tmp_path / "o", product=product),
    ):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        first = asyncio.create_task(channel.submit(b"<first/>"))
        await eventually(product.entered.is_set)
        cancelled = asyncio.create_task(channel.submit(b"<cancelled/>"))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(RetryLater, match="withdrawn and not executed"):
            await channel.submit(b"<late/>")
        product.gate.set()
        assert await first == b"<done><first/></done>"
        assert await channel.submit(b"<last/>") == b"<done><last/></done>"
    assert product.executed == ["<first/>", "<last/>"]


async def test_what_a_bridge_does_not_do_is_refused_at_once(tmp_path: Path) -> None:
    async with hub_at() as (hub, url), bridge_to(url, tmp_path / "o"):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        with pytest.raises(FixInput, match="submits nothing"):
            await channel.submit(b"<a/>")
        with pytest.raises(FixInput, match="reads no database"):
            await channel.query("SELECT 1", {})
        with pytest.raises(FixInput, match="too large"):
            await channel.submit(b"x" * protocol.FRAME_BYTES)


# -- a hub that repeats itself, spoken by hand -------------------------------------------------


class HandHub:
    """The hub's end of one socket, said word by word."""

    def __init__(self) -> None:
        self.ws: web.WebSocketResponse | None = None
        self.hellos = 0

    async def handler(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        assert isinstance(protocol.from_bridge(await ws.receive_bytes()), Hello)
        await ws.send_bytes(protocol.encode(Welcome(protocol.PROTOCOL, "sage")))
        self.ws = ws
        self.hellos += 1
        await asyncio.get_running_loop().create_future()
        return ws

    async def say(self, *messages: protocol.Message) -> None:
        assert self.ws is not None
        for message in messages:
            await self.ws.send_bytes(protocol.encode(message))

    async def hear(self) -> protocol.FromBridge:
        assert self.ws is not None
        return protocol.from_bridge(await self.ws.receive_bytes(timeout=5))

    async def answer(self) -> tuple[Answer, bytes]:
        """The next answer, whole."""
        header, body = await self.hear(), b""
        assert isinstance(header, Answer)
        while len(body) < header.size:
            part = await self.hear()
            assert isinstance(part, protocol.Part)
            body += part.data
        return header, body


@asynccontextmanager
async def hand_hub() -> AsyncIterator[tuple[HandHub, str]]:
    hub = HandHub()
    application = web.Application()
    application.router.add_get(protocol.PATH, hub.handler)
    runner = web.AppRunner(application, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield hub, f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_repeated_id_is_executed_once_while_it_waits_runs_and_is_answered(tmp_path: Path) -> None:
    product = Product()
    product.gate.clear()
    async with hand_hub() as (hub, url), bridge_to(url, tmp_path / "o", product=product):
        await eventually(lambda: hub.hellos == 1)
        again = Submit("one", b"<a/>")
        await hub.say(again, again)
        ready = await hub.hear()
        assert isinstance(ready, Ready)
        await hub.say(again, Go("one", ready.turn), Go("one", ready.turn))
        await eventually(product.entered.is_set)
        await hub.say(again)
        product.gate.set()
        assert (await hub.answer())[1] == b"<done><a/></done>"
        await hub.say(again, Release("one"), again)
        header, _ = await hub.answer()
        assert (header.id, header.outcome) == ("one", Outcome.UNKNOWN)
    assert product.executed == ["<a/>"]


async def test_nothing_begins_without_a_leave_of_this_turn(tmp_path: Path) -> None:
    product = Product()
    async with hand_hub() as (hub, url), bridge_to(url, tmp_path / "o", product=product):
        await eventually(lambda: hub.hellos == 1)
        await hub.say(Go("one", 1), Submit("one", b"<a/>"))
        ready = await hub.hear()
        assert isinstance(ready, Ready)
        await hub.say(Go("one", ready.turn - 1), Go("one", ready.turn + 1), Query("q", "SELECT 1", {}, 1, 1))
        assert (await hub.answer())[0].id == "q"
        assert product.executed == []
        await hub.say(Go("one", ready.turn))
        assert (await hub.answer())[1] == b"<done><a/></done>"


async def test_an_id_of_an_earlier_process_is_not_executed_again(tmp_path: Path) -> None:
    product = Product()
    async with hand_hub() as (hub, url):
        async with bridge_to(url, tmp_path / "o", product=product) as desk:
            await eventually(lambda: hub.hellos == 1)
            await hub.say(Submit("one", b"<a/>"))
            ready = await hub.hear()
            assert isinstance(ready, Ready)
            await hub.say(Go("one", ready.turn))
            await hub.answer()
            await hub.say(Release("one"))
            await eventually(lambda: not desk._answers)
        async with bridge_to(url, tmp_path / "o", product=product):
            await eventually(lambda: hub.hellos == 2)
            await hub.say(Submit("one", b"<a/>"))
            header, _ = await hub.answer()
            assert header.outcome is Outcome.UNKNOWN
    assert product.executed == ["<a/>"]


# -- a bridge that keeps silent, spoken by hand ------------------------------------------------


@asynccontextmanager
async def hand_bridge(url: str, **hello: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    said = {"protocol": protocol.PROTOCOL, "version": "0", "journal": "j", "queries": True, "submits": True}
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/bridge/v1", headers={"Authorization": f"Bearer {TOKEN}"}) as ws,
    ):
        await ws.send_bytes(protocol.encode(Hello(**{**said, **hello})))
        yield ws


async def test_begun_and_unanswered_is_unknown(tmp_path: Path) -> None:
    async with hub_at(limits=Limits(submit_s=0.05)) as (hub, url), hand_bridge(url) as ws:
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        asked = asyncio.create_task(channel.submit(b"<a/>"))
        await ws.receive_bytes()
        submit = protocol.from_hub(await ws.receive_bytes())
        assert isinstance(submit, Submit)
        await ws.send_bytes(protocol.encode(Ready(submit.id, 1)))
        with pytest.raises(UnreadableAnswer, match="no answer within"):
            await asked
        assert protocol.from_hub(await ws.receive_bytes()) == Go(submit.id, 1)
        assert protocol.from_hub(await ws.receive_bytes()) == Release(submit.id)


async def test_what_the_hub_does_not_know_is_released(tmp_path: Path) -> None:
    async with hub_at() as (_, url), hand_bridge(url) as ws:
        await ws.receive_bytes()
        for stray in (Ready("gone", 4), Answer("gone", Outcome.DONE, 3)):
            await ws.send_bytes(protocol.encode(stray))
            assert protocol.from_hub(await ws.receive_bytes()) == Release("gone")


@pytest.mark.parametrize(
    "answer",
    [
        [Answer("", Outcome.DONE, 10**12)],
        [Answer("", Outcome.DONE, -1)],
        [Answer("", Outcome.DONE, 4), protocol.Part("", 2, b"xx")],
        [Answer("", Outcome.DONE, 4), protocol.Part("", 0, b"xxxxx")],
        [protocol.Part("", 0, b"xx")],
        [Answer("", Outcome.DONE, 2), protocol.Part("", 0, b"no")],
    ],
)
async def test_an_answer_that_makes_no_sense_is_unreadable(answer: list[Any]) -> None:
    async with hub_at() as (hub, url), hand_bridge(url) as ws:
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        asked = asyncio.create_task(channel.query("SELECT 1", {}))
        await ws.receive_bytes()
        query = protocol.from_hub(await ws.receive_bytes())
        assert isinstance(query, Query)
        for message in answer:
            fields = {name: getattr(message, name) for name in message.__struct_fields__}
            await ws.send_bytes(protocol.encode(type(message)(**{**fields, "id": query.id})))
        with pytest.raises(UnreadableAnswer):
            await asked


async def test_a_bridge_of_another_protocol_is_turned_away() -> None:
    async with hub_at() as (hub, url), hand_bridge(url, protocol=99) as ws:
        frame = await ws.receive(timeout=5)
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, protocol.CLOSE_PROTOCOL)
        assert not hub.channel("sage").connected


async def test_a_bridge_that_talks_nonsense_is_disconnected() -> None:
    async with hub_at() as (hub, url), hand_bridge(url) as ws:
        await ws.receive_bytes()
        await ws.send_bytes(b"\xc1 nonsense")
        assert (await ws.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        await eventually(lambda: not hub.channel("sage").connected)
