"""The bad things a server can do, each as a step of ``FaultServer``'s script."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from tests.integration.http.conftest import FaultServer, Step


def answer(
    status: int = 200, body: bytes = b'{"ok":true}', content_type: str = "application/json", **headers: str
) -> Step:
    """A plain answer; ``headers`` with underscores for dashes."""

    async def step(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, content_type=content_type, headers=named)

    return step


def html(status: int = 200) -> Step:
    """A login page."""
    return answer(status, b"<!doctype html><title>Sign in</title>", "text/html")


def reset_before_answer() -> Step:
    """The request arrives and the connection breaks."""

    async def step(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return step


def cut_off(status: int = 200, *, length: int | None = None) -> Step:
    """Half a body, then a reset; with ``length`` one that was announced, else a chunked one."""

    async def step(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        response.content_length = length
        await response.prepare(request)
        await response.write(b'{"data":[1,2,')
        assert request.transport is not None
        request.transport.abort()
        return response

    return step


def never(server: FaultServer) -> Step:
    """No answer at all."""

    async def step(request: web.Request) -> web.StreamResponse:
        await server.closing.wait()
        return web.Response()

    return step


def stalls(server: FaultServer) -> Step:
    """A head and half a body, and then nothing."""

    async def step(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"data":[')
        await server.closing.wait()
        return response

    return step


def endless(megabytes: int) -> Step:
    """A chunked body of that size, without announcing it."""

    async def step(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        block = b" " * (64 * 1024)
        try:
            for _ in range(megabytes * 16):
                await response.write(block)
        except ConnectionError:
            return response  # the client has had enough
        return response

    return step


def compressed(body: bytes, encoding: str = "gzip") -> Step:
    return answer(body=body, Content_Encoding=encoding)


def bomb(megabytes: int = 190) -> bytes:
    """A gzip file of a few hundred KiB that becomes ``megabytes``."""
    return gzip.compress(b" " * (megabytes << 20), 9)
