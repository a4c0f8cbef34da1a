"""One made-up company in Business Central: its login, its entity sets, its drafts and posted documents."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from aiohttp import web

from syncd.sandbox.business_central import filters
from syncd.sandbox.business_central.company import COMPANY_ID, opened
from syncd.sandbox.business_central.kinds import KINDS
from syncd.sandbox.business_central.ledger import check, etag, new, post, refusal, shown
from syncd.sandbox.business_central.metadata import document
from syncd.sandbox.business_central.subscriptions import Subscriptions
from syncd.sandbox.company import Company
from syncd.sandbox.doors import OAuthRefusal, TokenDoor, TokenRules, form
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.options import SandboxOptions
from syncd.sandbox.sandbox import Action, Order, View, by_fields
from syncd.sandbox.surface import Surface, answer, json_body
from syncd.sandbox.tables import Record

_TENANT: Final = "acme.example"
_ROOT: Final = f"/v2.0/{_TENANT}/production"
_TOKEN: Final = f"/{_TENANT}/oauth2/v2.0/token"
_PAGE_MAX: Final = 20_000
_MAX: Final = re.compile(r"odata\.maxpagesize=(\d+)")


class Options(SandboxOptions):
    """What differs between environments."""

    client_id: str = "3c1d0c3e-0000-4000-8000-000000000001"
    client_secret: str = "demo-secret"  # noqa: S105 - the made-up tenant's
    token_life_s: int = 3600
    stale_status: int = 409
    """What a stale If-Match is answered with: 409 in current builds, 412 in others."""
    blank: str = " "
    """How a blank word is written."""


class BusinessCentralSandbox:
    """Implements ``syncd.sandbox.sandbox.Sandbox``."""

    def __init__(self, order: Order) -> None:
        self.faults = FaultPlan(order.seed)
        self.options = Options.read(order.options)
        self._company = Company.of_size(order.seed, order.size)
        self.books = opened(self._company)
        self.subscriptions = Subscriptions()
        self._closed = ""
        rules = TokenRules(
            self.options.client_id, self.options.client_secret, self.options.token_life_s, refresh=False
        )
        self.door = TokenDoor(rules, lambda: self.books.now() // 1_000_000)
        api = f"{_ROOT}/api/v2.0"
        base = f"{api}/companies({COMPANY_ID})"
        one = f"{base}/{{kind:\\w+}}({{id}})"
        self.surface = Surface(
            self.faults,
            [
                ("POST", _TOKEN, self.token),
                ("GET", f"{api}/$metadata", self.described),
                ("GET", f"{api}/subscriptions", self.subscribed),
                ("POST", f"{api}/subscriptions", self.subscribe),
                ("PATCH", f"{api}/subscriptions('{{id}}')", self.renew),
                ("DELETE", f"{api}/subscriptions('{{id}}')", self.unsubscribe),
                ("GET", f"{base}/{{kind:\\w+}}", self.list_),
                ("POST", f"{base}/{{kind:\\w+}}", self.create),
                ("GET", one, self.read),
                ("PATCH", one, self.update),
                ("POST", f"{one}/Microsoft.NAV.post", self.post),
            ],
            admit=self._admit,
            expire=self.door.expire,
            open_paths=frozenset({_TOKEN}),
            unknown=lambda _: refusal(404, "BadRequest_NotFound", "No HTTP resource was found").body,
        )
        self.app = self.surface.app

    async def start(self, url: str) -> Mapping[str, str]:
        self._url = url
        return {
            "base_url": url,
            "root": _ROOT,
            "tenant": _TENANT,
            "company_id": COMPANY_ID,
            "client_id": self.options.client_id,
            "client_secret": self.options.client_secret,
            "secret": self.options.client_secret,
        }

    async def close(self) -> None:
        return None

    def reset(self) -> None:
        self.books.become(opened(self._company))
        self.subscriptions.kept.clear()
        self._closed = ""
        self.door.forget()
        self.surface.requests.clear()

    def state(self) -> Mapping[str, int]:
        return {**self.books.counts(), "requests": self.surface.requests.total()}

    @property
    def views(self) -> Mapping[str, View]:
        """Records by entity set: ``/ledger/customers``."""

        def rows(kind: str) -> Iterator[dict[str, Any]]:
            for row in self.books.table(kind):
                yield {**shown(kind, row, expanded=True), "writes": self.books.writes[kind, row.id]}

        return {
            **{kind: by_fields(partial(rows, kind)) for kind in KINDS},
            "subscriptions": lambda _: self.subscriptions.listed(),
        }

    @property
    def actions(self) -> Mapping[str, Action]:
        """``edit``: a person changes a record: ``{kind, id, fields}``. ``post``: a person posts a draft:
        ``{kind, id}``. ``close``: posting is refused from now on with ``{words}``; empty words: no more."""
        return {"edit": self._edit, "post": self._post, "close": self._close}

    def _edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self.books.get(body["kind"], body["id"])
        assert row is not None, "no such record"
        self.books.update(body["kind"], row, body["fields"])
        return row.fields

    def _post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self.books.get(body["kind"], body["id"])
        assert row is not None, "no such document"
        self.books.update(body["kind"], row, post(body["kind"], row, self._serial(body["kind"])))
        return row.fields

    def _close(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._closed = str(body["words"])
        return {}

    # -- logins, description, subscriptions ----------------------------------------------------

    def _admit(self, request: web.Request) -> None:
        if not self.door.admits(request.headers.get("Authorization")):
            raise refusal(401, "Authentication_InvalidCredentials", "The server has rejected the credentials")

    async def token(self, request: web.Request) -> web.Response:
        try:
            return answer(self.door.grant(form(await request.read())))
        except OAuthRefusal as refused:
            return answer({"error": refused.error}, refused.status)

    async def described(self, _: web.Request) -> web.Response:
        return web.Response(body=document(), content_type="application/xml")

    async def subscribed(self, _: web.Request) -> web.Response:
        return answer({"value": self.subscriptions.listed()})

    async def subscribe(self, request: web.Request) -> web.Response:
        return answer(await self.subscriptions.make(await self._body(request)), 201)

    async def renew(self, request: web.Request) -> web.Response:
        ident, match = request.match_info["id"], request.headers.get("If-Match")
        return answer(await self.subscriptions.renew(ident, await self._body(request), match))

    async def unsubscribe(self, request: web.Request) -> web.Response:
        self.subscriptions.end(request.match_info["id"], request.headers.get("If-Match"))
        return answer(None, 204)

    # -- records -----------------------------------------------------------------------------

    async def list_(self, request: web.Request) -> web.Response:
        """Pages end where the platform says; the next one begins after the last record of this one."""
        name = self._kind(request)
        expanded = request.query.get("$expand") == KINDS[name].lines
        rows = [(row, shown(name, row, expanded=expanded)) for row in self.books.table(name)]
        rows = [(row, record) for row, record in rows if row.id > request.query.get("$skiptoken", "")]
        try:
            test = filters.parsed(request.query["$filter"]) if "$filter" in request.query else None
            found = sorted(
                ((row, record) for row, record in rows if test is None or test(record)),
                key=lambda pair: pair[0].id,
            )
        except filters.NotUnderstood as wrong:
            raise refusal(400, "BadRequest", f"The $filter is not understood: {wrong}") from None
        asked = _MAX.search(request.headers.get("Prefer", ""))
        size = min(int(asked[1]) if asked else _PAGE_MAX, _PAGE_MAX)
        page = found[:size]
        context = f"{self._url}{_ROOT}/api/v2.0/$metadata#companies({COMPANY_ID})/{name}"
        told: dict[str, Any] = {"@odata.context": context, "value": [self._blanked(r) for _, r in page]}
        if len(found) > size:
            query = {**request.query, "$skiptoken": page[-1][0].id}
            told["@odata.nextLink"] = f"{self._url}{request.rel_url.with_query(query)}"
        return answer(told)

    async def read(self, request: web.Request) -> web.Response:
        name = self._kind(request)
        expanded = request.query.get("$expand") == KINDS[name].lines
        return self._told(name, self._row(request), expanded=expanded)

    async def create(self, request: web.Request) -> web.Response:
        name, body = self._kind(request), await self._body(request)
        check(name, self.books, body, creating=True)
        ident = str(body.get("id") or uuid.uuid4())
        taken = [row for row in self.books.table(name) if row.fields["number"] == body.get("number")]
        if self.books.get(name, ident) is not None or taken:
            raise refusal(409, "Internal_EntityWithSameKeyExists", "The record already exists")
        row = self.books.create(name, ident, new(name, body, self._serial(name)))
        return self._told(name, row, status=201)

    async def update(self, request: web.Request) -> web.Response:
        """Header fields only: there is no deep change."""
        name, row, body = self._kind(request), self._row(request), await self._body(request)
        self._matched(request, row)
        check(name, self.books, body, creating=False)
        if KINDS[name].posts and row.fields["status"] != "Draft":
            raise refusal(400, "Application_DialogException", "A posted document cannot be changed")
        self.books.update(name, row, body)
        return self._told(name, row)

    async def post(self, request: web.Request) -> web.Response:
        name, row = self._kind(request), self._row(request)
        if self._closed:
            raise refusal(400, "Application_DialogException", self._closed)
        self.books.update(name, row, post(name, row, self._serial(name)))
        return answer(None, 204)

    # -- inside ------------------------------------------------------------------------------

    async def _body(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request, lambda words: refusal(400, "BadRequest", words))
        if not isinstance(body, dict):
            raise refusal(400, "BadRequest", "The body is no record")
        return body

    def _kind(self, request: web.Request) -> str:
        name = request.match_info["kind"]
        if name not in KINDS:
            raise refusal(404, "BadRequest_NotFound", f"Resource not found for the segment '{name}'")
        return name

    def _row(self, request: web.Request) -> Record:
        try:
            ident = str(uuid.UUID(request.match_info["id"]))
        except ValueError:
            raise refusal(400, "BadRequest", "The key is no GUID") from None
        row = self.books.get(self._kind(request), ident)
        if row is None:
            raise refusal(404, "BadRequest_ResourceNotFound", "The record does not exist")
        return row

    def _matched(self, request: web.Request, row: Record) -> None:
        match = request.headers.get("If-Match")
        if match is None:
            raise refusal(400, "BadRequest_InvalidToken", "If-Match is missing")
        if match not in ("*", etag(row)):
            words = "Another user has already changed the record"
            raise refusal(self.options.stale_status, "Request_EntityChanged", words)

    def _told(self, name: str, row: Record, *, expanded: bool = False, status: int = 200) -> web.Response:
        return answer(self._blanked(shown(name, row, expanded=expanded)), status)

    def _blanked(self, record: dict[str, Any]) -> dict[str, Any]:
        return {name: self.options.blank if value == " " else value for name, value in record.items()}

    def _serial(self, name: str) -> int:
        return len(self.books.table(name)) + 1 + self.books.writes.total()
