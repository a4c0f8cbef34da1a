"""Who may call what: tokens, scopes, and the routes that ask for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from aiolimiter import AsyncLimiter

from syncd.api.scopes import Scope, carrying, granted
from syncd.secrets.bearer import matches

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the daemon. Other packages bring theirs as these."""

    method: str
    path: str
    scope: Scope
    handler: Handler


@dataclass(frozen=True, slots=True)
class Token:
    """Who holds it (for the audit), its digest, and what it may do."""

    name: str
    digest: str
    scopes: frozenset[Scope] = granted((Scope.OPERATE, Scope.RESOLVE))


Find = Callable[[str], Awaitable[Token | None]]
"""A token by its value, from where tokens come and go while the daemon runs."""


async def nobody(_offered: str) -> Token | None:
    """Where no tokens are kept."""
    return None


REFUSALS: Final = 30.0
HOLDER: Final = web.RequestKey("holder", Token)
"""On a request that was let in: the token it came with."""


class Gate:
    """Lets requests through to their routes. ``find``: for tokens that are not among ``tokens``;
    ``refusals``: how many a minute are answered before all are slowed."""

    def __init__(self, tokens: Sequence[Token], find: Find = nobody, refusals: float = REFUSALS) -> None:
        self._tokens = tuple(tokens)
        self._find = find
        self._failures = AsyncLimiter(refusals, 60)

    def guarded(self, route: Route) -> Handler:
        """The handler of ``route`` behind its scope: 401 without a known token, 403 without the scope."""
        if route.scope is Scope.PUBLIC:
            return route.handler

        async def checked(request: web.Request) -> web.StreamResponse:
            holder = await self._holder(request)
            if holder is None:
                await self._refuse(request)
            elif route.scope not in holder.scopes:
                named = " or ".join(repr(one.value) for one in carrying(route.scope))
                raise web.HTTPForbidden(
                    text=f"this token does not have the scope {named}; `syncd token list` shows whose has"
                )
            else:
                request[HOLDER] = holder
            return await route.handler(request)

        return checked

    async def _holder(self, request: web.Request) -> Token | None:
        """Looks at every token, known or not, so that time tells nothing."""
        scheme, _, offered = request.headers.get("Authorization", "").partition(" ")
        found = None
        for token in self._tokens:
            if matches(offered, token.digest):
                found = token
        if scheme.lower() != "bearer":
            return None
        return found or await self._find(offered)

    async def _refuse(self, request: web.Request) -> None:
        """The same answer whatever was wrong. Many refusals are slowed for everyone but token holders."""
        if not self._failures.has_capacity():
            raise web.HTTPTooManyRequests(text="too many refused requests", headers={"Retry-After": "60"})
        await self._failures.acquire()
        log.warning("control API refused a request", peer=request.remote, path=request.path)
        raise web.HTTPUnauthorized(
            text="this token is not known here", headers={"WWW-Authenticate": "Bearer"}
        )
