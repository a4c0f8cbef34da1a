"""The HTTP surface of a sandbox: counts requests, plays faults, admits callers, answers refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from syncd.sandbox.failing import failing
from syncd.sandbox.faults import FaultKind, FaultPlan

_MAX_BODY: Final = 101 * 1024 * 1024
_EXPIRE: Final = frozenset({FaultKind.EXPIRE_TOKEN})
_SHIFT: Final = frozenset({FaultKind.SHIFT_PAGES})
_WELL_KNOWN: Final = "/.well-known/"
"""What a host tells everybody (RFC 8615): the monitor looks there, beside what the account allows."""

Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
"""(verb, path, handler)"""


class Refusal(Exception):
    """The platform refuses a request, in its own words."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


class Surface:
    """One account's API. ``admit`` raises ``Refusal`` for a caller who is nobody; ``open_paths`` need none.
    ``expire`` ends every token and session. ``unknown``: the body of a 404 for an address that is none."""

    def __init__(
        self,
        faults: FaultPlan,
        routes: Sequence[Route],
        *,
        admit: Callable[[web.Request], None],
        expire: Callable[[], None],
        open_paths: frozenset[str] = frozenset(),
        unknown: Callable[[web.Request], Any] = lambda request: {"message": f"Cannot find {request.path}"},
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self.requests: Counter[str] = Counter()
        self.most_at_once = 0
        """Requests under way together; logins aside, and what a host tells everybody."""
        self._at_once = 0
        self._faults = faults
        self._admit_caller = admit
        self._expire = expire
        self._open = open_paths
        self._unknown = unknown
        self._after = after
        self._moved: dict[str, int] = {}
        self.app = web.Application(
            middlewares=[self._count, failing(faults), self._refuse, self._admit], client_max_size=_MAX_BODY
        )
        self.app.add_routes([web.route(verb, path, handler) for verb, path, handler in routes])

    def shift(self, request: web.Request, start: int) -> int:
        """By how many records the listing has moved before the page at ``start`` is cut. It moves on order,
        behind the front: what is asked for from its front is shown as it stands. It stays so until somebody
        begins at the front again."""
        fault = self._faults.pick(_SHIFT, method=request.method, path=request.path)
        if start == 0:
            self._moved.pop(request.path, None)
        if fault is not None:
            self._moved[request.path] = fault.shift
        return self._moved.get(request.path, 0) if start else 0

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        self.requests[f"{request.method} {request.path if resource is None else resource.canonical}"] += 1
        if request.path in self._open or request.path.startswith(_WELL_KNOWN):
            return await handler(request)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await handler(request)
        finally:
            self._at_once -= 1

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refused:
            return answer(refused.body, refused.status, refused.headers)
        except web.HTTPException as refused:
            return answer(self._unknown(request), refused.status)
        finally:
            self._after()

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in self._open:
            if self._faults.pick(_EXPIRE, method=request.method, path=request.path):
                self._expire()
            self._admit_caller(request)
        return await handler(request)


def shifted(rows: Sequence[Any], start: int, size: int, shift: int) -> Sequence[Any]:
    """``size`` rows from ``start`` of a list that has moved: above zero, so many at its front have left."""
    start = max(start + shift, 0)
    return rows[start : start + size]


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON, Decimals as numbers; no body at all where there is None."""
    data = None if body is None else encoded(body)
    kind = None if data is None else "application/json"
    return web.Response(status=status, body=data, content_type=kind, headers=dict(headers or {}))


def encoded(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


async def json_body(request: web.Request, refusal: Callable[[str], Refusal]) -> Any:
    """The body decoded; ``refusal`` makes the platform's own words of ours."""
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise refusal("The body is not JSON") from None
