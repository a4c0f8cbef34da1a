"""A small shop behind an ordinary JSON API: customers, and the equipment it looks after for them.

``/v1/customers``, ``/v1/equipment``: GET lists (``since`` is inclusive), GET one, POST, PATCH, DELETE. Lists
are in the order of ids, so that records do not move between pages unless one leaves.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from syncd.sandbox.company import Company
from syncd.sandbox.doors import OAuthRefusal, TokenDoor, TokenRules, form
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.rest.options import Options
from syncd.sandbox.sandbox import Action, Order, View, by_fields
from syncd.sandbox.surface import Refusal, Surface, answer, json_body, shifted
from syncd.sandbox.tables import Books, Record

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "customers": ("number", "name", "phone", "email", "street", "city", "state", "zip", "external_ref"),
    "equipment": ("serial", "name", "customer_id", "rate", "installed_on", "external_ref"),
}
"""Kind -> the fields that may be written; the first two are texts that a record must have one of."""
_REQUIRED: Final = "name"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN_PATH: Final = "/v1/oauth2/token"  # noqa: S105 - a path


class RestSandbox:
    """One account. Implements ``syncd.sandbox.sandbox.Sandbox``."""

    def __init__(self, order: Order) -> None:
        self.faults = FaultPlan(order.seed)
        self.options = Options.read(order.options)
        self._company = Company.of_size(order.seed, order.size)
        self.books = _opened(self._company)
        self._gone: dict[str, list[Record]] = {}
        self._kept: dict[str, tuple[int, Any, dict[str, str]]] = {}
        self.door = TokenDoor(
            TokenRules("demo-client", self.options.secret), lambda: self.books.now() // 1_000_000
        )
        self.surface = Surface(
            self.faults,
            self._routes(),
            admit=self._admit,
            expire=self.door.expire,
            open_paths=frozenset({_TOKEN_PATH}),
        )
        self.app = self.surface.app

    async def start(self, url: str) -> Mapping[str, str]:
        return {"base_url": f"{url}/v1", "client_id": "demo-client", "secret": self.options.secret}

    async def close(self) -> None:
        return None

    def reset(self) -> None:
        self.books.become(_opened(self._company))
        self._gone.clear()
        self._kept.clear()
        self.door.forget()
        self.surface.requests.clear()

    def state(self) -> Mapping[str, int]:
        return {**self.books.counts(), "requests": self.surface.requests.total()}

    @property
    def views(self) -> Mapping[str, View]:
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

    # -- who is asking -----------------------------------------------------------------------

    def _admit(self, request: web.Request) -> None:
        given, secret = request.headers.get("Authorization"), self.options.secret
        basic = "Basic " + base64.b64encode(f"demo-user:{secret}".encode()).decode()
        known = {
            "none": True,
            "bearer": given == f"Bearer {secret}",
            "api_key": request.headers.get("X-API-Key") == secret,
            "basic": given == basic,
            "oauth2": self.door.admits(given),
        }
        if not known[self.options.auth]:
            raise Refusal(401, {"error": "unauthorized"})

    async def token(self, request: web.Request) -> web.Response:
        try:
            return answer(self.door.grant(form(await request.read()), request.headers.get("Authorization")))
        except OAuthRefusal as refused:
            return answer({"error": refused.error}, refused.status)

    # -- records -----------------------------------------------------------------------------

    def _routes(self) -> list[tuple[str, str, Callable[[web.Request], Any]]]:
        return [
            ("POST", _TOKEN_PATH, self.token),
            ("GET", "/v1/{kind}", self.list_),
            ("POST", "/v1/{kind}", self.create),
            ("GET", "/v1/{kind}/{id}", self.read),
            ("PATCH", "/v1/{kind}/{id}", self.update),
            ("DELETE", "/v1/{kind}/{id}", self.delete),
        ]

    async def list_(self, request: web.Request) -> web.Response:
        kind, query = self._kind(request), request.query
        since = self._instant(query["since"]) if "since" in query else 0
        rows = sorted(self.books.table(kind).between("updated", since, None), key=lambda row: row.id)
        if since and self.options.deletes == "listed":
            rows += [row for row in self._gone.get(kind, []) if row.updated >= since]
        ref = query.get("external_ref")
        rows = [row for row in rows if ref is None or row.fields.get("external_ref") == ref]
        return self._cut(request, rows)

    def _cut(self, request: web.Request, rows: list[Record]) -> web.Response:
        query = request.query
        limit = min(self._number(query.get("limit", "20"), 1), self.options.page_max)
        match self.options.paging:
            case "page":
                start = (self._number(query.get("page", "1"), 1) - 1) * limit
            case "offset":
                start = self._number(query.get("offset", "0"), 0)
            case "none":
                start, limit = 0, len(rows) + 1
            case _:
                # the place is the last id shown: nothing that leaves or comes can hide a record
                after = query.get("cursor", "")
                start = sum(row.id <= after for row in rows)
        numbered = self.options.paging in ("page", "offset")
        shown = shifted(rows, start, limit, self.surface.shift(request, start) if numbered else 0)
        body: dict[str, Any] = {"data": [self._wire(row) for row in shown]}
        headers: dict[str, str] = {}
        if self.options.totals:
            body["total"] = len(rows)
        if self.options.paging in ("cursor", "link") and start + limit < len(rows):
            body["next"] = shown[-1].id
            following = request.url.update_query(cursor=shown[-1].id)
            headers["Link"] = f'<{request.url}>; rel="self", <{following}>; rel="next"'
        return answer(body, headers=headers)

    async def read(self, request: web.Request) -> web.Response:
        return self._shown(self._row(request))

    async def create(self, request: web.Request) -> web.Response:
        kind = self._kind(request)
        body = self._checked(kind, await json_body(request, _bad))
        key = request.headers.get("Idempotency-Key", "") if self.options.idempotency else ""
        if key in self._kept:
            status, wire, headers = self._kept[key]
            return answer(wire, status, headers)
        if not body.get(_REQUIRED):
            raise Refusal(422, {"errors": [{"field": _REQUIRED, "message": f"{_REQUIRED} is required"}]})
        ident = f"{1 + max((int(row.id) for row in self.books.table(kind)), default=100_000):06d}"
        row = self.books.create(kind, ident, {**dict.fromkeys(KINDS[kind]), **body})
        made = self._shown(row, 201)
        if key:
            self._kept[key] = (201, self._wire(row), {"ETag": self._etag(row)})
        return made

    async def update(self, request: web.Request) -> web.Response:
        kind, wanted = self._kind(request), await json_body(request, _bad)
        row = self._row(request)
        self._unchanged(request, row, wanted)
        body = self._checked(kind, {n: v for n, v in wanted.items() if n not in ("version", "etag")})
        if _REQUIRED in body and not body[_REQUIRED]:
            raise Refusal(422, {"errors": [{"field": _REQUIRED, "message": f"{_REQUIRED} is required"}]})
        self.books.update(kind, row, body)
        return self._shown(row)

    async def delete(self, request: web.Request) -> web.Response:
        kind, row = self._kind(request), self._row(request)
        self._unchanged(request, row, {"version": row.version})
        self.books.delete(kind, row)
        row.updated = self.books.now()
        row.fields["deleted_at"] = self._stamp(row.updated)
        self._gone.setdefault(kind, []).append(row)
        return answer(None, 204)

    # -- inside ------------------------------------------------------------------------------

    def _kind(self, request: web.Request) -> str:
        kind = request.match_info["kind"]
        if kind not in KINDS:
            raise Refusal(404, {"error": f"no {kind} here"})
        return kind

    def _row(self, request: web.Request) -> Record:
        row = self.books.get(self._kind(request), request.match_info["id"])
        if row is None:
            raise Refusal(404, {"error": "not found"})
        return row

    def _checked(self, kind: str, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise _bad("an object expected")
        for name, value in body.items():
            if name not in KINDS[kind]:
                raise Refusal(422, {"errors": [{"field": name, "message": f"{name} cannot be set here"}]})
            if value is not None and not isinstance(value, str | int | float):
                raise Refusal(422, {"errors": [{"field": name, "message": f"{name} is not valid"}]})
        return body

    def _unchanged(self, request: web.Request, row: Record, body: Mapping[str, Any]) -> None:
        if self.options.version == "body" and body.get("version") != row.version:
            raise Refusal(409, {"error": "the record was changed by somebody else"})
        if self.options.version in ("header", "record"):
            given = request.headers.get("If-Match")
            if given is None:
                raise Refusal(428, {"error": "If-Match is required"})
            if given != self._etag(row):
                raise Refusal(412, {"error": "the record was changed by somebody else"})

    def _etag(self, row: Record) -> str:
        return f'"{row.id}-{row.version}"'

    def _wire(self, row: Record) -> dict[str, Any]:
        own: dict[str, dict[str, Any]] = {
            "record": {"etag": self._etag(row)},
            "body": {"version": row.version},
        }
        stamps = {"created_at": self._stamp(row.created), "updated_at": self._stamp(row.updated)}
        return {"id": row.id, **row.fields, **stamps, **own.get(self.options.version, {})}

    def _shown(self, row: Record, status: int = 200) -> web.Response:
        headers = {"ETag": self._etag(row)} if self.options.version == "header" else {}
        return answer(self._wire(row), status, headers)

    def _stamp(self, at: int) -> Any:
        if self.options.stamps == "unix_ms":
            return at // 1_000
        text = (_EPOCH + timedelta(microseconds=at)).replace(tzinfo=None).isoformat(timespec="microseconds")
        return f"{text}Z"

    def _instant(self, text: str) -> int:
        try:
            if self.options.stamps == "unix_ms":
                return int(text) * 1_000
            return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
        except (ValueError, TypeError):
            raise _bad("since is no time") from None

    def _number(self, text: str, least: int) -> int:
        if not text.isdecimal() or int(text) < least:
            raise _bad(f"{text} is no number of at least {least}")
        return int(text)


def _bad(words: str) -> Refusal:
    return Refusal(400, {"error": words})


def _opened(company: Company) -> Books:
    """The made-up contractor's field customers, each with a few machines."""
    books = Books()
    start = int(datetime(company.today.year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    for at, customer in enumerate(company.field_customers):
        ident = f"{100_001 + at:06d}"
        stamp = start + at * 60_000_000
        fields = {
            "number": customer.ref_number,
            "name": customer.name,
            "phone": customer.phone,
            "email": customer.email,
            "street": customer.address.street,
            "city": customer.address.city,
            "state": customer.address.state,
            "zip": customer.address.postal_code,
            "external_ref": None,
        }
        books.seed("customers", ident, fields, stamp)
        machine = {
            "serial": f"SN-{4000 + at}",
            "name": f"Rooftop unit {at + 1}",
            "customer_id": ident,
            "rate": 100 + at / 4,
            "installed_on": company.today.isoformat(),
            "external_ref": None,
        }
        books.seed("equipment", f"{100_001 + at:06d}", machine, stamp + 1)
    return books
