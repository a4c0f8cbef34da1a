"""Webhooks in: a delivery is a hint to look at some records, stored before it is acknowledged.

Whoever knows the unguessable path may send hints; a forged or repeated one costs a read, never a
posting. Senders differ in what they take for "delivered" (one counts every 200-499), so whatever
is not stored durably is answered with a 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import structlog
from aiohttp import web

from syncd.api.scopes import Scope
from syncd.core.errors import UnreadableAnswer
from syncd.ports import WebhookReceiver
from syncd.secrets.bearer import digest, matches
from syncd.service.access import Route

log = structlog.get_logger(__name__)

LARGEST: Final = 1024 * 1024
"""Bytes of one delivery."""
READ_S: Final = 3.0
"""For the whole body: senders give up after about five seconds."""
AT_ONCE: Final = 64
"""Deliveries of one connection under way; above it the sender is asked to try again."""

StoreHints = Callable[[str, Sequence[tuple[str, str]], str], Awaitable[object]]
"""(connection, [(entity, key)], delivery id); durable when it returns. A known delivery id is no news."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One connection that is sent webhooks: how to read them, and the digest of its path's token."""

    receiver: WebhookReceiver
    digest: str


class Webhooks:
    """``wake(connection)`` is called after hints were stored; it must not wait."""

    def __init__(self, hooks: Mapping[str, Hook], store: StoreHints, wake: Callable[[str], None]) -> None:
        self._hooks = dict(hooks)
        self._store = store
        self._wake = wake
        self._under_way = dict.fromkeys(hooks, 0)

    def routes(self) -> tuple[Route, ...]:
        return (Route("POST", "/webhooks/{connection}/{path_token}", Scope.PUBLIC, self._receive),)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        connection = request.match_info["connection"]
        hook = self._hooks.get(connection)
        # an unknown connection costs the same comparison as a wrong token, and gets the same answer
        known = hook.digest if hook else digest("")
        if not matches(request.match_info["path_token"], known) or hook is None:
            raise web.HTTPNotFound(text="no webhook is expected here")
        if self._under_way[connection] >= AT_ONCE:
            raise web.HTTPServiceUnavailable(text="too many deliveries at once", headers={"Retry-After": "5"})
        self._under_way[connection] += 1
        try:
            await self._take(connection, hook.receiver, request)
        finally:
            self._under_way[connection] -= 1
        return web.json_response({"ok": True})

    async def _take(self, connection: str, receiver: WebhookReceiver, request: web.Request) -> None:
        body = await _body(request)
        try:
            hints = receiver.hints(request.headers, body)
        except UnreadableAnswer as error:
            log.warning("unreadable webhook delivery", connection=connection, reason=error.message)
            raise web.HTTPBadRequest(text="this delivery cannot be read") from None
        try:
            await self._store(connection, hints, _delivery(connection, body))
        except Exception as trouble:
            log.error("webhook delivery not stored", connection=connection, trouble=type(trouble).__name__)
            raise web.HTTPServiceUnavailable(text="not stored; send it again") from None
        self._wake(connection)


def _delivery(connection: str, body: bytes) -> str:
    """By content, so that a repeated delivery is known again and a reused id with new content is not."""
    return sha256(connection.encode() + b"\0" + body).hexdigest()


async def _body(request: web.Request) -> bytes:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="compressed deliveries are not taken")
    body = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > LARGEST:
                    raise web.HTTPRequestEntityTooLarge(max_size=LARGEST, actual_size=len(body))
    except TimeoutError:
        raise web.HTTPServiceUnavailable(text="the delivery did not arrive in time") from None
    return bytes(body)
