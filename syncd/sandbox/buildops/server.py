"""One made-up tenant of BuildOps: fields as public code shows them, disputes as the profile settles them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from syncd.connectors.buildops.profile import BuildopsProfile, load_profile
from syncd.sandbox.buildops.tenant import KINDS, opened
from syncd.sandbox.company import Company
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.options import SandboxOptions
from syncd.sandbox.sandbox import Action, Order, View, by_fields
from syncd.sandbox.surface import Refusal, Surface, answer, json_body, shifted
from syncd.sandbox.tables import Record

OWN_PROFILE: Final = Path(__file__).parent.parent / "profiles" / "buildops.yaml"
_TOKEN: Final = "/v1/auth/token"  # noqa: S105 - a path
_READ_ONLY: Final = frozenset({"id", "audit", "tenantId", "version"})


class Options(SandboxOptions):
    """The made-up tenant's login."""

    client_id: str = "demo-client"
    client_secret: str = "demo-secret"  # noqa: S105 - the made-up tenant's
    tenant_id: str = "5f0c2a44-0000-4000-8000-0000000000aa"
    token_life_s: int = 3600


class BuildopsSandbox:
    """Implements ``syncd.sandbox.sandbox.Sandbox``."""

    def __init__(self, order: Order) -> None:
        self.faults = FaultPlan(order.seed)
        self.options = Options.read(order.options)
        self.profile: BuildopsProfile = load_profile(order.profile or OWN_PROFILE)
        self._company = Company.of_size(order.seed, order.size)
        self.books = opened(self._company, self.profile)
        self._tokens: dict[str, int] = {}
        self.logins = 0
        self.surface = Surface(
            self.faults,
            [
                ("POST", _TOKEN, self.token),
                ("GET", "/v1/{kind}", self.list_),
                ("POST", "/v1/customers", self.create),
                ("GET", "/v1/{kind}/{id}", self.read),
                ("PUT", "/v1/customers/{id}", self.update),
            ],
            admit=self._admit,
            expire=self._tokens.clear,
            open_paths=frozenset({_TOKEN}),
            unknown=lambda request: {"statusCode": 404, "message": f"Cannot {request.method} {request.path}"},
        )
        self.app = self.surface.app

    async def start(self, url: str) -> Mapping[str, str]:
        return {
            "base_url": f"{url}/v1",
            "tenant_id": self.options.tenant_id,
            "client_id": self.options.client_id,
            "secret": self.options.client_secret,
        }

    async def close(self) -> None:
        return None

    def reset(self) -> None:
        self.books.become(opened(self._company, self.profile))
        self._tokens.clear()
        self.surface.requests.clear()

    def state(self) -> Mapping[str, int]:
        return {**self.books.counts(), "requests": self.surface.requests.total()}

    @property
    def views(self) -> Mapping[str, View]:
        """Records as the API shows them: ``/ledger/invoices``."""

        def view(kind: str) -> View:
            return by_fields(lambda: map(self._wire, self.books.table(kind)))

        return {kind: view(kind) for kind in KINDS}

    @property
    def actions(self) -> Mapping[str, Action]:
        """``edit``: a person changes a record in the product: ``{kind, id, fields}``."""
        return {"edit": self._edit}

    def _edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self.books.get(body["kind"], body["id"])
        assert row is not None, "no such record"
        self.books.update(body["kind"], row, body["fields"])
        return self._wire(row)

    # -- logins ------------------------------------------------------------------------------

    def _admit(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        living = self._tokens.get(token, 0) > self.books.now()
        if scheme != "Bearer" or not living:
            raise _refused(401, "Unauthorized")
        if request.headers.get("tenantId") != self.options.tenant_id:
            raise _refused(401, "Unauthorized")

    async def token(self, request: web.Request) -> web.Response:
        body, login = await json_body(request, lambda words: _refused(400, words)), self.profile.login
        names = ("clientId", "clientSecret") if login.style == "camel" else ("client_id", "client_secret")
        wanted = {names[0]: self.options.client_id, names[1]: self.options.client_secret}
        if login.with_tenant:
            wanted["tenantId"] = self.options.tenant_id
        if not isinstance(body, dict) or any(body.get(name) != value for name, value in wanted.items()):
            raise _refused(401, "Unauthorized")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self.books.now() + self.options.token_life_s * 1_000_000
        self.logins += 1
        life = {"token_type": "Bearer", "expires_in": self.options.token_life_s}
        return answer({login.token: token, **life}, 201)

    # -- records -----------------------------------------------------------------------------

    async def list_(self, request: web.Request) -> web.Response:
        kind, asked = self._kind(request), request.query
        pages = self.profile.pages
        rows = sorted(self.books.table(kind), key=lambda row: row.id)
        inactive = all(asked.get(name) == value for name, value in self.profile.inactive.items())
        if kind == "customers" and not inactive:
            rows = [row for row in rows if row.fields.get("isActive")]
        since = self._since(kind)
        if since is not None and since in asked:
            after = _instant(asked[since])
            rows = [row for row in rows if row.updated // 1_000 >= after]
        size = _number(asked.get(pages.size, "100"), 1)
        start = (_number(asked.get("page", str(pages.first)), pages.first) - pages.first) * size
        shown = shifted(rows, start, size, self.surface.shift(request, start))
        body: dict[str, Any] = {pages.rows: [self._wire(row) for row in shown]}
        if pages.total == "totalCount":
            body["totalCount"] = len(rows)
        elif pages.total is not None:
            body["query"] = {"totalCount": len(rows)}
        return answer(body)

    def _since(self, kind: str) -> str | None:
        """The parameter that this tenant honours; another one is ignored, as servers do."""
        changes = self.profile.changes
        honoured = {
            "customers": changes.customer,
            "properties": changes.location,
            "jobs": changes.job,
            "invoices": changes.invoice,
        }
        return honoured.get(kind)

    async def read(self, request: web.Request) -> web.Response:
        return answer(self._wire(self._row(self._kind(request), request)))

    async def create(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        ident = _uuid()
        fields = {**dict.fromkeys(KINDS["customers"]), "isActive": True, "status": "active", **body}
        row = self.books.create("customers", ident, fields)
        return answer(self._wire(row), 201)

    async def update(self, request: web.Request) -> web.Response:
        """A PUT takes the record whole; it answers without a body."""
        body = await self._body(request, changing=True)
        row = self._row("customers", request)
        if self.profile.locked_by_version and body.pop("version", None) != row.version:
            raise _refused(self.profile.stale[0], "The record was updated by another user")
        self.books.update("customers", row, {**dict.fromkeys(KINDS["customers"]), **body})
        return answer(None, 204)

    async def _body(self, request: web.Request, *, changing: bool = False) -> dict[str, Any]:
        body = await json_body(request, lambda words: _refused(400, words))
        if not isinstance(body, dict) or not body.get("name"):
            raise _refused(400, ["name should not be empty"])
        kept = _READ_ONLY - {"version"} if changing else _READ_ONLY
        known = {*KINDS["customers"], *_READ_ONLY}
        unknown = sorted(body.keys() - known)
        if unknown:
            raise _refused(400, [f"property {name} should not exist" for name in unknown])
        return {name: value for name, value in body.items() if name not in kept}

    def _kind(self, request: web.Request) -> str:
        kind = request.match_info["kind"]
        if kind not in KINDS:
            raise _refused(404, f"Cannot {request.method} {request.path}")
        return kind

    def _row(self, kind: str, request: web.Request) -> Record:
        row = self.books.get(kind, request.match_info["id"])
        if row is None:
            raise _refused(404, "Not Found")
        return row

    def _wire(self, row: Record) -> dict[str, Any]:
        who = {"username": "demo"}
        made, changed = row.created // 1_000, row.updated // 1_000
        audit = {
            "createdBy": who,
            "createdDate": _day(row.created),
            "createdDateTime": made,
            "lastUpdatedBy": who,
            "lastUpdatedDate": _day(row.updated),
            "lastUpdatedDateTime": changed,
            "deletedBy": None,
            "deletedDate": None,
            "deletedDateTime": None,
        }
        return {
            "id": row.id,
            "tenantId": self.options.tenant_id,
            **row.fields,
            "version": row.version,
            "audit": audit,
        }


def _uuid() -> str:
    raw = secrets.token_hex(16)
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:]}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).date().isoformat()


def _instant(text: str) -> int:
    """Milliseconds."""
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1_000)
    except ValueError:
        raise _refused(400, "must be a valid ISO 8601 date string") from None


def _number(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise _refused(400, f"{text} must not be less than {least}")
    return int(text)


def _refused(status: int, words: str | list[str]) -> Refusal:
    """As NestJS words it."""
    return Refusal(status, {"statusCode": status, "message": words, "error": "Error"})
