"""Middlewares: every answer is meant for the one who asked, and every error is a small JSON document."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from syncd.api.errors import Problem, problem
from syncd.core.errors import RetryLater, SyncdError

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_KIND_OF_STATUS: Final = {404: "nothing_matched", 429: "retry_later", 503: "retry_later"}
_REMEDIES: Final = {
    401: "pass a token of this daemon: `syncd token create` makes one",
    404: "the client may be newer than this daemon",
}


def named_hosts(hosts: Collection[str]) -> Middleware:
    """421 for a request that names another host (DNS rebinding), 403 for a foreign page's request.

    Health is exempt: probes ask by address.
    """
    known = LOOPBACK_NAMES | {host.lower() for host in hosts}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/health/"):
            if _host(f"//{request.headers.get('Host', '')}") not in known:
                raise web.HTTPMisdirectedRequest(text="this daemon is not known by that name")
            origin = request.headers.get("Origin")
            if origin is not None and _host(origin) not in known:
                raise web.HTTPForbidden(text="requests from other sites' pages are refused")
        return await handler(request)

    return check


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as ``Problem``; nothing of a traceback leaves the daemon. The id finds it in the log."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        kind = _KIND_OF_STATUS.get(refusal.status, "fix_input")
        found = Problem(
            error=refusal.text or refusal.reason,
            remedy=_REMEDIES.get(refusal.status, ""),
            id=uuid4().hex,
            kind=kind,
        )
        kept = {name: refusal.headers[name] for name in _HEADERS if name in refusal.headers}
        return _answer(refusal.status, found, kept)
    except SyncdError as error:
        status, found = problem(error, uuid4().hex)
        log.warning("a request failed", id=found.id, kind=found.kind, path=_route(request))
        retry = error.after_s if isinstance(error, RetryLater) else None
        return _answer(status, found, {"Retry-After": str(max(1, round(retry)))} if retry else {})
    except (asyncio.CancelledError, ConnectionResetError):
        raise
    except Exception as trouble:
        found = unexpected(trouble, _route(request))
        return _answer(500, found, {})


_HEADERS: Final = ("WWW-Authenticate", "Retry-After", "Allow")


def unexpected(trouble: Exception, where: str) -> Problem:
    """A failure nobody foresaw: its whole story in the log, an id on the wire."""
    ident = uuid4().hex
    log.error("an unexpected failure", id=ident, where=where, exc_info=trouble)
    return Problem(
        error="the daemon failed unexpectedly", remedy=f"look for {ident} in its log", id=ident, kind="failed"
    )


def _route(request: web.Request) -> str:
    """The route's pattern, never the path: a webhook's path holds its token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"


def _answer(status: int, found: Problem, headers: dict[str, str]) -> web.Response:
    return web.Response(
        status=status, text=found.model_dump_json(), content_type="application/json", headers=headers
    )
