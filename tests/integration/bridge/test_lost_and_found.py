"""Dropped sockets, half-open sockets, restarts of either end: nothing lost, nothing executed twice."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from syncd.bridge.channel import Limits
from syncd.core.errors import RetryLater, UnreadableAnswer
from tests.integration.bridge.site import (
    TOKEN,
    Product,
    SlowReads,
    Wire,
    bridge_to,
    eventually,
    hub_at,
    ledger,
    redialling,
)


async def test_a_socket_dropped_in_the_middle_of_a_query(tmp_path: Path) -> None:
    reads = SlowReads()
    async with (
        hub_at() as (hub, url),
        Wire(url).relaying() as wire,
        bridge_to(wire.url, tmp_path / "o", reads=reads),
    ):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        asked = asyncio.create_task(channel.query("SELECT 1 AS n", {}))
        await eventually(reads.entered.is_set)
        async with redialling(hub):
            wire.cut()
        reads.gate.set()
        assert await asked == [{"n": 1}]
        assert len(reads.statements) == 1


async def test_an_answer_found_while_the_wire_was_down_is_delivered_later(tmp_path: Path) -> None:
    product = Product()
    product.gate.clear()
    async with (
        hub_at() as (hub, url),
        Wire(url).relaying() as wire,
        bridge_to(wire.url, tmp_path / "o", product=product) as desk,
    ):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        asked = asyncio.create_task(channel.submit(b"<a/>"))
        await eventually(product.entered.is_set)
        wire.refusing = True
        wire.cut()
        product.gate.set()
        await eventually(lambda: bool(desk._answers))
        wire.refusing = False
        assert await asked == b"<done><a/></done>"
        assert product.executed == ["<a/>"]
        await eventually(lambda: not desk._answers)


async def test_a_socket_dropped_while_the_product_has_the_document(tmp_path: Path) -> None:
    product = Product()
    product.gate.clear()
    async with (
        hub_at() as (hub, url),
        Wire(url).relaying() as wire,
        bridge_to(wire.url, tmp_path / "o", product=product),
    ):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        asked = asyncio.create_task(channel.submit(b"<a/>"))
        await eventually(product.entered.is_set)
        for _ in range(3):
            async with redialling(hub):
                wire.cut()
        product.gate.set()
        assert await asked == b"<done><a/></done>"
        assert product.executed == ["<a/>"]


async def test_sockets_dropped_again_and_again_under_load(tmp_path: Path) -> None:
    product = Product()
    url = ledger(tmp_path / "company.db")
    async with (
        hub_at() as (hub, hub_url),
        Wire(hub_url).relaying() as wire,
        bridge_to(wire.url, tmp_path / "o", product=product, reads=url),
    ):
        channel = hub.channel("sage")
        documents = [f"<d n='{n}'/>" for n in range(40)]
        done: list[bytes] = []

        async def deliver(document: str) -> None:
            while True:
                try:
                    done.append(await channel.submit(document.encode()))
                    await channel.query("SELECT 1", {})
                except RetryLater:  # proven not executed: so it may be sent again
                    await asyncio.sleep(0.005)
                else:
                    return

        async def disturb() -> None:
            for count in range(5, 40, 5):
                await eventually(lambda count=count: len(product.executed) >= count)  # type: ignore[misc]
                wire.cut()

        await asyncio.gather(disturb(), *map(deliver, documents))
        assert sorted(set(product.executed)) == sorted(documents)
        assert sorted(done) == sorted(f"<done>{document}</done>".encode() for document in product.executed)


async def test_a_half_open_socket_is_noticed_at_both_ends(tmp_path: Path) -> None:
    limits = Limits(heartbeat_s=0.2)
    async with (
        hub_at(limits=limits) as (hub, url),
        Wire(url).relaying() as wire,
        bridge_to(wire.url, tmp_path / "o", reads=ledger(tmp_path / "c.db"), heartbeat_s=0.2),
    ):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        async with redialling(hub):
            wire.mute()
        assert await channel.query("SELECT 1 AS n", {}) == [{"n": 1}]


async def test_a_hub_that_restarts_finds_its_bridge_again(tmp_path: Path) -> None:
    product = Product()
    product.gate.clear()
    outbox = tmp_path / "outbox"
    async with hub_at() as (hub, url):
        port = int(url.rpartition(":")[2])
        bridge = bridge_to(url, outbox, product=product, reads=ledger(tmp_path / "c.db"))
        desk = await bridge.__aenter__()
        await eventually(lambda: hub.channel("sage").connected)
        orphan = asyncio.create_task(hub.channel("sage").submit(b"<a/>"))
        await eventually(product.entered.is_set)
    orphan.cancel()
    async with hub_at(port) as (hub, _):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        product.gate.set()
        assert await channel.query("SELECT 1 AS n", {}) == [{"n": 1}]
        assert await channel.submit(b"<b/>") == b"<done><b/></done>"
        await eventually(lambda: not desk._answers)  # nobody waits for <a/>: the new hub released it
        await bridge.__aexit__(None, None, None)
    assert product.executed == ["<a/>", "<b/>"]


async def test_a_stopped_bridge_leaves_no_answer_behind_undelivered(tmp_path: Path) -> None:
    """SIGTERM in the middle of a submit, with the wire down: the answer waits on disk."""
    product = Product()
    product.gate.clear()
    outbox = tmp_path / "outbox"
    async with hub_at() as (hub, url), Wire(url).relaying() as wire:
        channel = hub.channel("sage")
        bridge = bridge_to(wire.url, outbox, product=product)
        desk = await bridge.__aenter__()
        await eventually(lambda: channel.connected)
        asked = asyncio.create_task(channel.submit(b"<a/>"))
        await eventually(product.entered.is_set)
        wire.refusing = True
        wire.cut()
        stopping = asyncio.create_task(bridge.__aexit__(None, None, None))
        await eventually(lambda: desk._post is None)
        product.gate.set()
        await stopping
        wire.refusing = False
        async with bridge_to(wire.url, outbox, product=product) as successor:
            assert await asked == b"<done><a/></done>"
            await eventually(lambda: not successor._answers)
    assert product.executed == ["<a/>"]
    with sqlite3.connect(outbox) as file:
        assert file.execute("SELECT body, released FROM submit").fetchall() == [(None, 1)]
    file.close()


async def test_a_bridge_killed_while_the_product_has_the_document_says_unknown(tmp_path: Path) -> None:
    """A real process, killed inside the product's call; its successor must not execute again."""
    ledger_file, outbox = tmp_path / "executed", tmp_path / "outbox"
    async with hub_at() as (hub, url):
        channel = hub.channel("sage")
        doomed = await _bridge_process(url, outbox, ledger_file, "kill")
        await eventually(lambda: channel.connected)
        asked = asyncio.create_task(channel.submit(b"<a/>"))
        assert await doomed.wait() == -9
        successor = await _bridge_process(url, outbox, ledger_file, "live")
        with pytest.raises(UnreadableAnswer, match="look it up before sending again"):
            await asked
        assert await channel.submit(b"<b/>") == b"<done/>"
        successor.terminate()
        assert await successor.wait() == 0
    assert ledger_file.read_text().split() == ["<a/>", "<b/>"]


async def test_another_outbox_cannot_answer_for_what_was_begun(tmp_path: Path) -> None:
    """The server was replaced by a fresh one in the middle of a submit."""
    product, fresh = Product(), Product()
    product.gate.clear()
    async with hub_at() as (hub, url), Wire(url).relaying() as wire:
        channel = hub.channel("sage")
        async with bridge_to(wire.url, tmp_path / "old", product=product):
            await eventually(lambda: channel.connected)
            asked = asyncio.create_task(channel.submit(b"<a/>"))
            await eventually(product.entered.is_set)
            wire.refusing = True
            wire.cut()
            await eventually(lambda: not channel.connected)
            async with bridge_to(url, tmp_path / "new", product=fresh):
                with pytest.raises(UnreadableAnswer, match="replaced before it answered"):
                    await asked
            product.gate.set()
    assert fresh.executed == []


async def _bridge_process(url: str, outbox: Path, executed: Path, what: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.bridge.mortal",
        url,
        str(outbox),
        str(executed),
        what,
        env={**os.environ, "BRIDGE_TOKEN": TOKEN},
        stdout=asyncio.subprocess.DEVNULL,
    )
