"""Liveness, readiness and metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as TEXT

from syncd.api.scopes import Scope
from syncd.service.access import Handler, Route

Scrape = Callable[[], Awaitable[bytes]]
"""All metrics in Prometheus' text format."""
Waiting = Callable[[], Awaitable[Sequence[str]]]
"""What the daemon still waits for before it can work; empty: ready."""


def routes(waiting: Waiting, metrics: Scrape | None, metrics_scope: Scope) -> tuple[Route, ...]:
    """``metrics_scope``: ``READ``, or ``PUBLIC`` where only the machine itself reaches the port."""
    health = (
        Route("GET", "/health/live", Scope.PUBLIC, _live),
        Route("GET", "/health/ready", Scope.PUBLIC, _ready(waiting)),
    )
    return health if metrics is None else (*health, _metrics(metrics, metrics_scope))


async def _live(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"live": True})


def _ready(waiting: Waiting) -> Handler:
    async def ready(_request: web.Request) -> web.StreamResponse:
        reasons = list(await waiting())
        return web.json_response(
            {"ready": not reasons, "waiting_for": reasons}, status=503 if reasons else 200
        )

    return ready


def _metrics(scrape: Scrape, scope: Scope) -> Route:
    async def metrics(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=await scrape(), headers={"Content-Type": TEXT})

    return Route("GET", "/metrics", scope, metrics)
