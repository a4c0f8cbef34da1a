"""Webhooks in: a delivery is a hint to look at some records, stored before it is acknowledged.

Every address has an unguessable part; what more proves a delivery, its connector declares. A forged or
repeated one costs a read at most, never a posting. Senders differ in what they take for "delivered"
(one counts every 200-499), so whatever is not stored durably is answered with a 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Protocol

import structlog
from aiohttp import web

from syncd.api.scopes import Scope
from syncd.core.errors import UnreadableAnswer
from syncd.http.signatures import PathOnly
from syncd.ports import WebhookReceiver
from syncd.ports.webhooks import UNREADABLE, Delivery, Forged, Handshake, WebhookVerifier
from syncd.secrets.bearer import digest, matches
from syncd.service.access import Route

log = structlog.get_logger(__name__)

LARGEST: Final = 1024 * 1024
"""Bytes of one delivery."""
READ_S: Final = 3.0
"""For the whole body: senders give up after about five seconds."""
AT_ONCE: Final = 64
"""Deliveries of one connection under way; above it the sender is asked to try again."""

StoreHints = Callable[[str, Sequence[tuple[str, str]], str], Awaitable[bool]]
"""(connection, [(entity, key)], delivery id); durable when it returns. False: that delivery was known."""


class Heard(Protocol):
    """Is told of every delivery; must not wait."""

    def announced(self, connection: str) -> None: ...

    def rejected(self, connection: str, reason: str) -> None:
        """``reason``: one of ``ports.webhooks.REJECTIONS``."""
        ...


class Unheard:
    """Where nobody counts."""

    def announced(self, connection: str) -> None:
        """Nothing."""

    def rejected(self, connection: str, reason: str) -> None:
        """Nothing."""


_PATH_ONLY: Final = PathOnly()


@dataclass(frozen=True, slots=True)
class Hook:
    """One connection that is sent webhooks: how to read and prove them, and the digest of its path's
    token."""

    receiver: WebhookReceiver
    digest: str
    verifier: WebhookVerifier = _PATH_ONLY


class Webhooks:
    """``wake(connection)`` is called after hints were stored; it must not wait."""

    def __init__(
        self,
        hooks: Mapping[str, Hook],
        store: StoreHints,
        wake: Callable[[str], None],
        heard: Heard | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hooks = dict(hooks)
        self._store = store
        self._wake = wake
        self._heard: Heard = heard or Unheard()
        self._now = now
        self._under_way = dict.fromkeys(hooks, 0)

    def routes(self) -> tuple[Route, ...]:
        """GET is for platforms that ask whether we are there."""
        path = "/webhooks/{connection}/{path_token}"
        return tuple(Route(method, path, Scope.PUBLIC, self._receive) for method in ("POST", "GET"))

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
            return await self._take(connection, hook, request)
        finally:
            self._under_way[connection] -= 1

    async def _take(self, connection: str, hook: Hook, request: web.Request) -> web.StreamResponse:
        delivery = Delivery(_headers(request), dict(request.query), await _body(request))
        verdict = hook.verifier.examine(delivery, self._now())
        if isinstance(verdict, Forged):
            self._rejected(connection, verdict.doubt.value)
            raise web.HTTPUnauthorized(text="this delivery is not proven")
        if isinstance(verdict, Handshake):
            return web.Response(text=verdict.text, content_type="text/plain")
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ["POST"])
        try:
            hints = hook.receiver.hints(request.headers, delivery.body)
        except UnreadableAnswer as error:
            self._rejected(connection, UNREADABLE)
            log.warning("unreadable webhook delivery", connection=connection, reason=error.message)
            raise web.HTTPBadRequest(text="this delivery cannot be read") from None
        try:
            news = await self._store(connection, hints, _known_by(connection, verdict.ident, delivery.body))
        except Exception as trouble:
            log.error("webhook delivery not stored", connection=connection, trouble=type(trouble).__name__)
            raise web.HTTPServiceUnavailable(text="not stored; send it again") from None
        self._heard.announced(connection)
        if news:
            self._wake(connection)
        return web.json_response({"ok": True})

    def _rejected(self, connection: str, reason: str) -> None:
        self._heard.rejected(connection, reason)
        log.warning("webhook delivery refused", connection=connection, reason=reason)


def _headers(request: web.Request) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        found.setdefault(name.lower(), []).append(value)
    return found


def _known_by(connection: str, ident: str, body: bytes) -> str:
    """By content too, so that an event's name used again with other content is not taken for the same."""
    return sha256(b"\0".join((connection.encode(), ident.encode(), body))).hexdigest()


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
