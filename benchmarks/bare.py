"""The bare loop: aiohttp and orjson send the same requests, with no engine, state or journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from benchmarks.platform import CONCURRENCY, ENTITY
from benchmarks.wire import PAGE


@asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """One pool of connections."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:
        yield opened


async def pull(http: aiohttp.ClientSession, base_url: str) -> int:
    """Every page of the left listing, parsed; the next page is asked for while one is parsed, as the engine
    does. Returns how many records there were."""

    async def page(at: int) -> bytes:
        async with http.get(f"{base_url}/left/{ENTITY}?limit={PAGE}&page={at}") as answer:
            return await answer.read()

    at, records = 1, 0
    upcoming = asyncio.create_task(page(1))
    while True:
        raw = await upcoming
        at += 1
        # the number of pages stands first, so that the next request can leave before this one is parsed
        pages = int(raw[9 : raw.index(b",")])
        if at <= pages:
            upcoming = asyncio.create_task(page(at))
        records += len(orjson.loads(raw)["data"])
        if at > pages:
            return records


async def poll(http: aiohttp.ClientSession, base_url: str, side: str) -> None:
    """One incremental request, answered with nothing."""
    async with http.get(f"{base_url}/{side}/{ENTITY}?since=1&limit={PAGE}&page=1") as answer:
        orjson.loads(await answer.read())


async def get(http: aiohttp.ClientSession, base_url: str, key: int) -> Any:
    """One record."""
    async with http.get(f"{base_url}/left/{ENTITY}/{key}") as answer:
        return orjson.loads(await answer.read())


async def post(http: aiohttp.ClientSession, base_url: str, body: Any) -> Any:
    """One write."""
    headers = {"Content-Type": "application/json"}
    url = f"{base_url}/right/{ENTITY}"
    async with http.post(url, data=orjson.dumps(body), headers=headers) as answer:
        return orjson.loads(await answer.read())


async def post_all(http: aiohttp.ClientSession, base_url: str, bodies: Sequence[Any]) -> None:
    """Every write, at the connection's concurrency."""
    left = iter(bodies)

    async def work() -> None:
        for body in left:
            await post(http, base_url, body)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())


async def latency(http: aiohttp.ClientSession, base_url: str, ms: int) -> None:
    """How long the platform takes over each answer from now on."""
    async with http.put(f"{base_url}/latency/{ms}") as answer:
        await answer.read()
