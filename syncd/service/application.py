"""The daemon's applications, put together from what the composition root gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from syncd.api.endpoints import ENDPOINTS
from syncd.api.scopes import Scope
from syncd.bridge import protocol
from syncd.bridge.hub import BridgeHub
from syncd.service import control, document, health
from syncd.service.access import REFUSALS, Find, Gate, Route, Token, nobody
from syncd.service.answers import as_problems, named_hosts
from syncd.service.audited import Audit
from syncd.service.webhooks import Heard, Hook, StoreHints, Webhooks

PROTECTED: Final = web.AppKey("protected", bool)
"""Whether whoever reaches the port still needs a token; ``listen.serve`` asks before a public bind."""

LARGEST_REQUEST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the daemon's application is made of."""

    answering: Sequence[object]
    """Who answers the calls of ``api.endpoints``: each call goes to the first that has a method of its
    name (the ``Operator``, and others beside it)."""
    audit: Audit
    """Who asked for what, before it is done."""
    tokens: Sequence[Token]
    """Of the control API. None at all: nobody may use it."""
    find: Find = nobody
    """Tokens that come and go while the daemon runs."""
    refusals: float = REFUSALS
    """Requests with a wrong token a minute, before such requests are slowed."""
    store_hints: StoreHints
    wake: Callable[[str], None]
    """Connection -> have its links look at their hints soon; must not wait."""
    waiting: health.Waiting
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    heard: Heard | None = None
    """Is told of every webhook delivery."""
    metrics: health.Scrape | None = None
    metrics_scope: Scope = Scope.READ
    hosts: Collection[str] = ()
    """Names this daemon is reached by, besides this machine's own (``public_url``'s host)."""
    routes: Sequence[Route] = ()
    """Of other packages."""


def build(parts: Parts) -> web.Application:
    """Webhooks, control API, health, metrics."""
    application = _application(parts.hosts)
    gate = Gate(parts.tokens, parts.find, parts.refusals)
    served = control.answerers(parts.answering)
    every = (
        *control.routes(parts.answering, parts.audit),
        *document.routes(call for call in ENDPOINTS if call.name in served),
        *Webhooks(parts.hooks, parts.store_hints, parts.wake, parts.heard).routes(),
        *health.routes(parts.waiting, parts.metrics, parts.metrics_scope),
        *parts.routes,
    )
    for route in every:
        application.router.add_route(route.method, route.path, gate.guarded(route))
    application[PROTECTED] = bool(parts.tokens)
    return application


def build_metrics(scrape: health.Scrape) -> web.Application:
    """Metrics alone, without a token: ``listen.serve`` lets only this machine reach it."""
    application = _application(())
    (*_, route) = health.routes(_nothing, scrape, Scope.PUBLIC)
    application.router.add_route(route.method, route.path, route.handler)
    application[PROTECTED] = False
    return application


def build_worker(waiting: health.Waiting, scrape: health.Scrape) -> web.Application:
    """Health and metrics of a worker, without a token: ``listen.serve`` lets only this machine reach it."""
    application = _application(())
    for route in health.routes(waiting, scrape, Scope.PUBLIC):
        application.router.add_route(route.method, route.path, route.handler)
    application[PROTECTED] = False
    return application


def build_waiting(reasons: Sequence[str]) -> web.Application:
    """Health alone, of a process that cannot begin yet and says why."""

    async def waiting() -> Sequence[str]:
        return reasons

    application = _application(())
    for route in health.routes(waiting, None, Scope.PUBLIC):
        application.router.add_route(route.method, route.path, route.handler)
    application[PROTECTED] = True  # nothing here needs a token
    return application


async def _nothing() -> Sequence[str]:
    return ()


def build_bridge(hub: BridgeHub, hosts: Collection[str] = ()) -> web.Application:
    """Where bridges dial in; each shows the token of its connection."""
    application = _application(hosts)
    application.router.add_get(protocol.PATH, hub.handler)

    async def close(_application: web.Application) -> None:
        await hub.close()

    application.on_shutdown.append(close)
    application[PROTECTED] = True
    return application


def _application(hosts: Collection[str]) -> web.Application:
    application = web.Application(
        middlewares=[as_problems, named_hosts(hosts)], client_max_size=LARGEST_REQUEST
    )
    application.on_response_prepare.append(_unversioned)
    return application


async def _unversioned(_request: web.Request, response: web.StreamResponse) -> None:
    """What it is made of, and of which version, is nobody's business."""
    response.headers["Server"] = "syncd"
