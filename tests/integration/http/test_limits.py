"""A body that is too large costs neither memory nor patience."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys

import pytest

from syncd.core.errors import UnreadableAnswer
from syncd.http import HttpClient
from tests.integration.http.conftest import ClientFor, FaultServer, Step
from tests.integration.http.faults import answer, bomb, compressed, endless

READ_IN_A_PROCESS_OF_ITS_OWN = """
import asyncio, json, resource, sys
from datetime import UTC, datetime
from syncd.core.errors import UnreadableAnswer
from syncd.http import HttpClient, NoAuth

class Clock:
    def now(self): return datetime.now(UTC)
    async def sleep(self, seconds): pass

def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    client = HttpClient(connection="acme", base_url=sys.argv[1], auth=NoAuth(), clock=Clock(), concurrency=1)
    async with client:
        await client.read("/small")
        before = peak()
        try:
            await client.read("/large")
        except UnreadableAnswer as error:
            print(json.dumps({"error": error.message, "grown_kib": peak() - before}))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(endless(50), id="50 MB unannounced"),
        pytest.param(answer(body=b"[" + b" " * (50 << 20) + b"]"), id="50 MB announced"),
        pytest.param(compressed(bomb()), id="gzip bomb"),
    ],
)
async def test_memory_stays_small(server: FaultServer, fault: Step) -> None:
    server.on("/large", fault)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READ_IN_A_PROCESS_OF_ITS_OWN, server.url, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    found = json.loads(printed)
    assert "larger than" in found["error"]
    assert found["grown_kib"] < 32 * 1024
    assert server.count("/large") == 1, "asking again would bring it again"


async def test_the_limit_holds_before_and_after_decompression(
    server: FaultServer, client_for: ClientFor
) -> None:
    client = client_for(server, max_body_bytes=1000)
    exact, more = b"[" + b"1" * 998 + b"]", b"[" + b"1" * 999 + b"]"
    for step in (answer(body=exact), compressed(gzip.compress(exact))):
        server.on("/page", step)
        assert len((await client.read("/page")).body) == 1000
    for step in (answer(body=more), compressed(gzip.compress(more)), endless(1)):
        server.on("/page", step)
        with pytest.raises(UnreadableAnswer, match="larger than 1000 bytes") as raised:
            await client.read("/page")
        assert raised.value.remedy == "ask for smaller pages"


async def test_an_absurd_ratio_is_a_bomb_below_the_limit_too(server: FaultServer, client: HttpClient) -> None:
    server.on("/page", compressed(bomb(8)))
    with pytest.raises(UnreadableAnswer):
        await client.read("/page")


async def test_endless_headers_are_no_answer(server: FaultServer, client: HttpClient) -> None:
    server.on("/page", answer(X_Long="x" * 200_000))
    with pytest.raises(UnreadableAnswer, match="not HTTP"):
        await client.read("/page")


async def test_an_error_with_a_huge_body_is_just_an_error(server: FaultServer, client: HttpClient) -> None:
    huge = answer(503, b"x" * (1 << 20))
    server.on("/page", huge, huge, answer())
    assert (await client.read("/page")).ok
