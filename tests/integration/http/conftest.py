"""A platform that misbehaves on order: a real server on a free port, scripted request by request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from syncd.http import AuthScheme, HttpClient, NoAuth

Step = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FastClock:
    """Sleeping costs no time and is written down."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Heard:
    """One request as the server saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FaultServer:
    """``script[path]`` is a list of steps; the last one repeats. Other paths answer 200 ``{"ok":true}``."""

    script: dict[str, list[Step]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def on(self, path: str, *steps: Step) -> None:
        self.script[path] = list(steps)

    def count(self, path: str) -> int:
        return sum(1 for request in self.heard if request.path == path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api")
        self.heard.append(Heard(request.method, path, request.headers, await request.read()))
        steps = self.script.get(path)
        if not steps:
            return web.json_response({"ok": True})
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        return await step(request)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[FaultServer]]]:
    """Starts fault servers; each is gone when the test ends."""
    runners: list[tuple[web.AppRunner, FaultServer]] = []

    async def _start(**site: Any) -> FaultServer:
        server = FaultServer()
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, **site).start()
        server.port = runner.addresses[0][1]
        runners.append((runner, server))
        return server

    yield _start
    for runner, server in runners:
        server.closing.set()
        await runner.cleanup()


@pytest.fixture
async def server(start: Callable[..., Awaitable[FaultServer]]) -> FaultServer:
    return await start()


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


ClientFor = Callable[..., HttpClient]


@pytest.fixture
async def client_for(clock: FastClock) -> AsyncIterator[ClientFor]:
    """Builds clients for a server; each is closed when the test ends."""
    clients: list[HttpClient] = []

    def build(server: FaultServer, *, auth: AuthScheme | None = None, **options: Any) -> HttpClient:
        settings: dict[str, Any] = {"concurrency": 4, "base_url": server.url, "timeout_s": 5.0} | options
        client = HttpClient(connection="acme", auth=auth or NoAuth(), clock=clock, **settings)
        clients.append(client)
        return client

    yield build
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(server: FaultServer, client_for: ClientFor) -> HttpClient:
    return client_for(server)
