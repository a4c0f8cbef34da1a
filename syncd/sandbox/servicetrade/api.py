"""The documented surface, ``/api/...``: routes, logins, lists, records, webhooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.sandbox.doors import OAuthRefusal
from syncd.sandbox.failing import failing
from syncd.sandbox.faults import FaultKind, FaultPlan
from syncd.sandbox.servicetrade import clock, shapes
from syncd.sandbox.servicetrade.auth import USER_ID, Caller, Doorkeeper
from syncd.sandbox.servicetrade.listing import LISTINGS, Listing, listed, page_of
from syncd.sandbox.servicetrade.options import Options
from syncd.sandbox.servicetrade.shapes import Refusal, answer
from syncd.sandbox.servicetrade.webhooks import Webhooks
from syncd.sandbox.servicetrade.world import Kind, Row, World
from syncd.sandbox.servicetrade.writes import Writer

_COOKIE: Final = "PHPSESSID"
_OPEN: Final = frozenset({"/api/oauth2/token", "/api/oauth2/revoke", "/api/auth"})
"""Paths that need no login."""
_MAX_BODY: Final = 101 * 1024 * 1024
_EXPIRE: Final = frozenset({FaultKind.EXPIRE_TOKEN})
_SHIFT: Final = frozenset({FaultKind.SHIFT_PAGES})

Route = Callable[[web.Request], Awaitable[web.Response]]


class Api:
    """Serves one account. Handlers decide only after the body was read, so each is one step."""

    def __init__(
        self,
        world: World,
        profile: ServiceTradeProfile,
        options: Options,
        doors: Doorkeeper,
        webhooks: Webhooks,
        faults: FaultPlan,
    ) -> None:
        self.requests: Counter[str] = Counter()
        self._world = world
        self._profile = profile
        self._options = options
        self._doors = doors
        self._webhooks = webhooks
        self._faults = faults
        self._writer = Writer(world, profile)

    def app(self) -> web.Application:
        app = web.Application(
            middlewares=[self._count, failing(self._faults), self._refuse, self._admit],
            client_max_size=_MAX_BODY,
        )
        app.add_routes([web.route(verb, f"/api{path}", route) for verb, path, route in self._routes()])
        return app

    def _routes(self) -> list[tuple[str, str, Route]]:
        routes: list[tuple[str, str, Route]] = [
            ("POST", "/oauth2/token", self.token),
            ("POST", "/oauth2/revoke", self.revoke),
            ("GET", "/oauth2/userinfo", self.userinfo),
            ("POST", "/auth", self.log_in),
            ("GET", "/auth", self.session),
            ("DELETE", "/auth", self.log_out),
            ("GET", "/webhook", self.hooks),
            ("POST", "/webhook", self.add_hook),
            ("PUT", "/webhook/{id}", self.change_hook),
            ("DELETE", "/webhook/{id}", self.drop_hook),
            ("GET", self._profile.comments.path, self.comments),
            ("POST", self._profile.comments.path, self.add_comment),
        ]
        if self._profile.payments is not None:
            routes.append(("GET", self._profile.payments.path, self.payments))
            routes.append(("POST", self._profile.payments.path, self.add_payment))
        if self._profile.clock is not None:
            routes.append(("GET", "/clock", self.clock_events))
            routes.append(("GET", "/job/{id}/clockevent", self.job_clock))
        for kind, listing in LISTINGS.items():
            routes.append(("GET", f"/{kind}", self._list(kind, listing)))
            routes.append(("POST", f"/{kind}", self._create(kind)))
            routes.append(("GET", f"/{kind}/{{id}}", self._read(kind)))
            routes.append(("PUT", f"/{kind}/{{id}}", self._update(kind)))
            routes.append(("DELETE", f"/{kind}/{{id}}", self._delete(kind)))
        return routes

    # -- around every request ----------------------------------------------------------------

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        path = request.path if resource is None else resource.canonical
        self.requests[f"{request.method} {path}"] += 1
        return await handler(request)

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refused:
            return refused.response()
        except OAuthRefusal as refused:
            return web.json_response({"error": refused.error}, status=refused.status)
        except web.HTTPException as refused:
            return Refusal(refused.status, refused.reason).response()
        finally:
            if self._world.events:
                self._webhooks.notify()

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in _OPEN:
            if self._faults.pick(_EXPIRE, method=request.method, path=request.path):
                self._doors.expire()
            self._caller(request)
        return await handler(request)

    def _caller(self, request: web.Request) -> Caller:
        return self._doors.caller(request.headers.get("Authorization"), request.cookies.get(_COOKIE))

    # -- logins ------------------------------------------------------------------------------

    async def token(self, request: web.Request) -> web.Response:
        return web.json_response(self._doors.grant(await _form_or_json(request)))

    async def revoke(self, request: web.Request) -> web.Response:
        token = (await _form_or_json(request)).get(self._profile.revoke_with)
        if not isinstance(token, str):
            raise OAuthRefusal(400, "invalid_request")
        self._doors.revoke(token)
        return web.json_response({})

    async def userinfo(self, request: web.Request) -> web.Response:
        client = self._caller(request).user is None
        return web.json_response({"sub": self._options.client_id if client else str(USER_ID)})

    async def log_in(self, request: web.Request) -> web.Response:
        body = await _json(request)
        username, password = body.get("username"), body.get("password")
        if not isinstance(username, str) or not isinstance(password, str):
            raise Refusal(400, "username and password are required", field="username")
        session = self._doors.log_in(username, password)
        made = answer(self._session(session))
        made.set_cookie(_COOKIE, session, httponly=True)
        return made

    async def session(self, request: web.Request) -> web.Response:
        return answer(self._session(self._known_session(request)))

    async def log_out(self, request: web.Request) -> web.Response:
        self._doors.log_out(self._known_session(request))
        return web.Response(status=204)

    def _session(self, session: str) -> dict[str, Any]:
        user = {"id": USER_ID, "username": self._options.username}
        return {"authenticated": True, "authToken": session, "user": user}

    def _known_session(self, request: web.Request) -> str:
        session = request.cookies.get(_COOKIE)
        if session is None or not self._doors.has_session(session):
            raise Refusal(404, "No session")
        return session

    # -- records -----------------------------------------------------------------------------

    def _list(self, kind: Kind, listing: Listing) -> Route:
        async def handle(request: web.Request) -> web.Response:
            rows = listed(self._world, kind, listing, request.query)
            fault = self._faults.pick(_SHIFT, method=request.method, path=request.path)
            if fault is not None:
                rows = rows[fault.shift :] if fault.shift > 0 else rows[: -fault.shift] + rows
            page, pages, shown = page_of(rows, listing, request.query)
            records = [shapes.fragment(self._world, row) for row in shown]
            return answer({"page": page, "totalPages": pages, listing.key: records})

        return handle

    def _read(self, kind: Kind) -> Route:
        async def handle(request: web.Request) -> web.Response:
            row = self._row(kind, request)
            if kind is Kind.JOB and self._options.layout == "compound":
                return answer(shapes.compound(self._world, row))
            return answer(shapes.fragment(self._world, row))

        return handle

    def _create(self, kind: Kind) -> Route:
        async def handle(request: web.Request) -> web.Response:
            body = await _json(request)
            row = self._writer.create(kind, body, self._caller(request).user)
            return answer(shapes.record(self._world, row))

        return handle

    def _update(self, kind: Kind) -> Route:
        async def handle(request: web.Request) -> web.Response:
            body = await _json(request)
            row = self._row(kind, request)
            self._writer.update(row, body, self._caller(request).user)
            return answer(shapes.record(self._world, row))

        return handle

    def _delete(self, kind: Kind) -> Route:
        async def handle(request: web.Request) -> web.Response:
            self._writer.delete(self._row(kind, request), self._caller(request).user)
            return web.Response(status=204)

        return handle

    def _row(self, kind: Kind, request: web.Request) -> Row:
        ident = request.match_info["id"]
        row = self._world.get(kind, int(ident)) if ident.isdecimal() else None
        if row is None:
            raise Refusal(404, f"{kind} not found")
        return row

    # -- comments and payments ---------------------------------------------------------------

    async def comments(self, request: web.Request) -> web.Response:
        names = self._profile.comments
        return self._plain_list(Kind.COMMENT, names.list_key, (names.entity_id, names.entity_type), request)

    async def add_comment(self, request: web.Request) -> web.Response:
        row = self._writer.comment(await _json(request), self._caller(request).user)
        return answer(shapes.record(self._world, row))

    async def payments(self, request: web.Request) -> web.Response:
        names = self._profile.payments
        assert names is not None
        return self._plain_list(Kind.PAYMENT, names.list_key, (names.invoice_id,), request)

    async def add_payment(self, request: web.Request) -> web.Response:
        assert self._profile.payments is not None
        row = self._writer.payment(self._profile.payments, await _json(request), self._caller(request).user)
        return answer(shapes.record(self._world, row))

    def _plain_list(
        self, kind: Kind, key: str, by: tuple[str | None, ...], request: web.Request
    ) -> web.Response:
        filters = {name: request.query[name] for name in by if name and name in request.query}
        rows = [
            row
            for row in self._world.tables[kind]
            if all(str(row.fields.get(name)) == value for name, value in filters.items())
        ]
        page, pages, shown = page_of(rows, Listing(key), request.query)
        records = [shapes.record(self._world, row) for row in shown]
        return answer({"page": page, "totalPages": pages, key: records})

    # -- hours -------------------------------------------------------------------------------

    async def clock_events(self, request: web.Request) -> web.Response:
        assert self._profile.clock is not None
        events = clock.events(self._world, request.query, self._profile.clock.job)
        page, pages, shown = page_of(events, clock.LISTING, request.query)
        return answer({"page": page, "totalPages": pages, clock.LISTING.key: shown})

    async def job_clock(self, request: web.Request) -> web.Response:
        assert self._profile.clock is not None
        return answer(clock.of_job(self._world, self._row(Kind.JOB, request), self._profile.clock.event))

    # -- webhooks ----------------------------------------------------------------------------

    async def hooks(self, _: web.Request) -> web.Response:
        self._need_admin()
        return answer({"webhooks": [hook.wire() for hook in self._webhooks.hooks.values()]})

    async def add_hook(self, request: web.Request) -> web.Response:
        body = await _json(request)
        self._need_admin()
        return answer(self._webhooks.subscribe(body).wire())

    async def change_hook(self, request: web.Request) -> web.Response:
        self._need_admin()
        self._hook(request)
        raise Refusal(400, "hookUrl cannot be changed", field="hookUrl")

    async def drop_hook(self, request: web.Request) -> web.Response:
        self._need_admin()
        del self._webhooks.hooks[self._hook(request)]
        return web.Response(status=204)

    def _hook(self, request: web.Request) -> int:
        ident = request.match_info["id"]
        if not ident.isdecimal() or int(ident) not in self._webhooks.hooks:
            raise Refusal(404, "webhook not found")
        return int(ident)

    def _need_admin(self) -> None:
        if not self._options.account_admin:
            raise Refusal(403, "Account admin permission is required")


async def _json(request: web.Request) -> dict[str, Any]:
    """The body as an object. Raises ``Refusal`` (400)."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise Refusal(400, "The body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be an object")
    return body


async def _form_or_json(request: web.Request) -> Mapping[str, Any]:
    """The token endpoints take either: the vendor's two SDKs differ."""
    if request.content_type == "application/json":
        return await _json(request)
    return dict(parse_qsl((await request.read()).decode(errors="replace")))
