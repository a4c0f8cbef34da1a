"""Plays the transport faults of a ``FaultPlan`` on any aiohttp server, as a middleware."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from syncd.sandbox.faults import TRANSPORT, Fault, FaultKind, FaultPlan

_LOGIN_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head>"
    "<body><form method='post'><input name='username'><input name='password'></form></body></html>"
)
_CHUNK: Final = b" " * 65536
_CARRIED_OUT: Final = frozenset(
    {
        FaultKind.LOST_ANSWER,
        FaultKind.DELAY,
        FaultKind.COMMIT_THEN_STATUS,
        FaultKind.TRUNCATED,
        FaultKind.WRONG_TYPE,
    }
)


def failing(plan: FaultPlan) -> Middleware:
    """A middleware that plays the plan's transport faults; put it first, before authentication."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = plan.pick(TRANSPORT, method=request.method, path=request.path)
        if fault is None:
            return await handler(request)
        if fault.kind not in _CARRIED_OUT:
            return await _instead(request, fault)
        if fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
        return await _spoiled(request, fault, await _carried_out(request, handler))

    return middleware


async def _carried_out(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as refused:
        return web.Response(status=refused.status, body=refused.text)


async def _instead(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case FaultKind.LOST_BEFORE:
            return _drop(request)
        case FaultKind.HANG:
            await asyncio.sleep(fault.seconds)
            return _drop(request)
        case FaultKind.HTML:
            return web.Response(text=_LOGIN_PAGE, content_type="text/html")
        case FaultKind.REDIRECT:
            return web.Response(status=302, headers={"Location": fault.location})
        case FaultKind.HUGE:
            return web.Response(body=_blanks(fault.size), content_type="application/json")
        case FaultKind.GZIP_BOMB:
            return web.Response(
                body=await asyncio.to_thread(_bomb, fault.size),
                headers={"Content-Encoding": "gzip"},
                content_type="application/json",
            )
        case _:
            return _failed(fault)


async def _spoiled(request: web.Request, fault: Fault, answer: web.StreamResponse) -> web.StreamResponse:
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    match fault.kind:
        case FaultKind.LOST_ANSWER:
            return _drop(request)
        case FaultKind.COMMIT_THEN_STATUS:
            return _failed(fault)
        case FaultKind.TRUNCATED:
            return await _truncated(request, fault, answer.status, body)
        case FaultKind.WRONG_TYPE:
            return web.Response(
                status=answer.status, body=_retyped(body, fault.field), content_type=answer.content_type
            )
        case _:
            return answer


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("dropped on order")


def _failed(fault: Fault) -> web.Response:
    headers = {}
    if fault.retry_after_s is not None:
        at = datetime.now(UTC) + timedelta(seconds=fault.retry_after_s)
        headers["Retry-After"] = (
            format_datetime(at, usegmt=True) if fault.retry_after_as_date else str(fault.retry_after_s)
        )
    return web.json_response(
        {"messages": {"error": [f"Status {fault.status} on order"]}}, status=fault.status, headers=headers
    )


async def _truncated(request: web.Request, fault: Fault, status: int, body: bytes) -> web.StreamResponse:
    part = body[: len(body) // 2]
    if not fault.full_length:
        return web.Response(status=status, body=part, content_type="application/json")
    answer = web.StreamResponse(
        status=status, headers={"Content-Length": str(len(body)), "Content-Type": "application/json"}
    )
    await answer.prepare(request)
    await answer.write(part)
    return _close(request, answer)


def _close(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """End the connection after what was written, short of the promised length."""
    if request.transport is not None:
        request.transport.close()
    return answer


async def _blanks(size: int) -> AsyncIterator[bytes]:
    sent = 0
    while sent < size:
        piece = _CHUNK[: size - sent]
        sent += len(piece)
        yield piece


def _bomb(size: int) -> bytes:
    return gzip.compress(b" " * size, compresslevel=9)


def _retyped(body: bytes, field: str) -> bytes:
    """The same JSON with every value under ``field`` of another type."""

    def changed(value: Any) -> Any:
        return [value] if isinstance(value, dict | list) else {"value": value}

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: changed(below) if key == field else walk(below) for key, below in node.items()}
        return [walk(below) for below in node] if isinstance(node, list) else node

    return orjson.dumps(walk(orjson.loads(body))) if body else body
