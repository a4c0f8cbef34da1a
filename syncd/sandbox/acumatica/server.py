"""One made-up tenant of Acumatica: logins with seats, the endpoint's entities, upserts, releases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from pydantic import Field

from syncd.connectors.acumatica.profile import AcumaticaProfile, load_profile
from syncd.sandbox.acumatica import query
from syncd.sandbox.acumatica.kinds import KINDS, Kind, details_of
from syncd.sandbox.acumatica.shapes import plain, shown, swagger, with_errors
from syncd.sandbox.acumatica.tenant import opened
from syncd.sandbox.company import Company
from syncd.sandbox.doors import OAuthRefusal, TokenDoor, TokenRules, form
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.options import SandboxOptions
from syncd.sandbox.sandbox import Action, Order, View, by_fields
from syncd.sandbox.surface import Refusal, Surface, answer, json_body, shifted
from syncd.sandbox.tables import Record

OWN_PROFILE: Final = Path(__file__).parent.parent / "profiles" / "acumatica.yaml"
_TOKEN: Final = "/identity/connect/token"  # noqa: S105 - a path


class Options(SandboxOptions):
    """What differs between instances."""

    version: str = "24.200.001"
    """The version of the endpoint ``Default``."""
    contract: int = Field(default=4, ge=4, le=5)
    client_id: str = "7f0b3a52-0000-4000-8000-000000000001@Demo"
    client_secret: str = "demo-secret"  # noqa: S105 - the made-up tenant's
    token_life_s: int = 3600
    frozen: str = ""
    """``Entity.Field`` that the user may see and not set: a write of it answers 200 and keeps nothing."""


class AcumaticaSandbox:
    """Implements ``syncd.sandbox.sandbox.Sandbox``."""

    def __init__(self, order: Order) -> None:
        self.faults = FaultPlan(order.seed)
        self.options = Options.read(order.options)
        self.profile: AcumaticaProfile = load_profile(order.profile or OWN_PROFILE)
        self._company = Company.of_size(order.seed, order.size)
        self.books = opened(self._company, self.profile)
        rules = TokenRules(
            self.options.client_id,
            self.options.client_secret,
            self.options.token_life_s,
            client_credentials=False,
        )
        self.door = TokenDoor(rules, lambda: self.books.now() // 1_000_000)
        self._seats_taken = False
        base = f"/entity/Default/{self.options.version}"
        self.surface = Surface(
            self.faults,
            [
                ("POST", _TOKEN, self.token),
                ("GET", "/entity", self.inventory),
                ("GET", f"{base}/swagger.json", self.described),
                ("GET", f"{base}/{{kind}}", self.list_),
                ("PUT", f"{base}/{{kind}}", self.put),
                ("GET", f"{base}/{{kind}}/{{key}}", self.read),
                ("GET", f"{base}/{{kind}}/{{key}}/{{number}}", self.read),
            ],
            admit=self._admit,
            expire=self.door.expire,
            open_paths=frozenset({_TOKEN, "/entity"}),
        )
        self.app = self.surface.app

    async def start(self, url: str) -> Mapping[str, str]:
        """``secret`` is what a person's consent gave: a refresh token that works once."""
        return {
            "base_url": url,
            "client_id": self.options.client_id,
            "client_secret": self.options.client_secret,
            "secret": self.door.consent(),
        }

    async def close(self) -> None:
        return None

    def reset(self) -> None:
        self.books.become(opened(self._company, self.profile))
        self.door.forget()
        self.surface.requests.clear()

    def state(self) -> Mapping[str, int]:
        return {**self.books.counts(), "requests": self.surface.requests.total()}

    @property
    def views(self) -> Mapping[str, View]:
        """Plain records by entity: ``/ledger/Invoice``."""

        def rows(kind: str) -> Iterator[dict[str, Any]]:
            for row in self.books.table(kind):
                yield {**row.fields, "id": row.id, "writes": self.books.writes[kind, row.id]}

        return {kind: by_fields(partial(rows, kind)) for kind in KINDS}

    @property
    def actions(self) -> Mapping[str, Action]:
        """``edit``: a person changes a record: ``{kind, key, fields}``. ``consent``: a new refresh token.
        ``seats``: ``{taken}`` says whether every session of the licence is in use."""
        return {
            "edit": self._edit,
            "consent": lambda _: {"refresh_token": self.door.consent()},
            "seats": self._seats,
        }

    def _edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self._found(body["kind"], body["key"])
        assert row is not None, "no such record"
        self.books.update(body["kind"], row, _laid(row.fields, body["fields"]))
        return row.fields

    def _seats(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._seats_taken = bool(body["taken"])
        return {"taken": self._seats_taken}

    # -- logins ------------------------------------------------------------------------------

    def _admit(self, request: web.Request) -> None:
        if not self.door.admits(request.headers.get("Authorization")):
            raise Refusal(401)

    async def token(self, request: web.Request) -> web.Response:
        if self._seats_taken:
            return answer({"error": "invalid_grant", "error_description": "API Login Limit"}, 400)
        try:
            return answer(self.door.grant(form(await request.read())))
        except OAuthRefusal as refused:
            return answer({"error": refused.error}, refused.status)

    # -- discovery ---------------------------------------------------------------------------

    async def inventory(self, _: web.Request) -> web.Response:
        version = self.options.version
        endpoint = {"name": "Default", "version": version, "href": f"/entity/Default/{version}/"}
        return answer({"version": {"acumaticaBuildVersion": "24.213.0015"}, "endpoints": [endpoint]})

    async def described(self, _: web.Request) -> web.Response:
        return answer(swagger(self.options.version, self.options.contract))

    # -- records -----------------------------------------------------------------------------

    async def list_(self, request: web.Request) -> web.Response:
        name, contract = self._kind(request), self.options.contract
        asked = request.query
        rows = sorted(self.books.table(name), key=lambda row: row.created)
        if "$filter" in asked:
            test = query.test_of(asked["$filter"], contract)
            rows = [row for row in rows if test({**row.fields, "LastModifiedDateTime": _time(row.updated)})]
        start = int(asked.get("$skip", "0"))
        size = int(asked["$top"]) if "$top" in asked else len(rows)
        page = shifted(rows, start, size, self.surface.shift(request, start))
        expand = query.expanded(asked.get("$expand", ""), contract)
        return answer([self._shown(name, row, expand) for row in page])

    async def read(self, request: web.Request) -> web.Response:
        name = self._kind(request)
        key, number = request.match_info["key"], request.match_info.get("number")
        row = self._found(name, f"{key}/{number}" if number else key)
        if row is None:
            raise Refusal(404, {"message": "No entity satisfies the condition."})
        expand = query.expanded(request.query.get("$expand", ""), self.options.contract)
        return answer(self._shown(name, row, expand))

    async def put(self, request: web.Request) -> web.Response:
        """Create and update: by key fields, else it is a new record that gets its number."""
        name = self._kind(request)
        body = await json_body(request, lambda words: Refusal(400, {"message": words}))
        record = plain(body)
        row = self._found(name, self._key_in(name, record))
        if request.headers.get("If-None-Match") == "*" and row is not None:
            raise Refusal(412)
        if request.headers.get("If-Match") == "*" and row is None:
            raise Refusal(412)
        wrong = self._wrong(name, record, creating=row is None)
        if wrong:
            raise Refusal(422, with_errors(body, wrong))
        if row is None:
            row = self.books.create(name, str(uuid.uuid4()), self._new(name, record))
        else:
            self._locked(name, row)
            self.books.update(name, row, _laid(row.fields, self._kept(name, record)))
        expand = query.expanded(request.query.get("$expand", ""), self.options.contract)
        return answer(self._shown(name, row, expand))

    # -- inside ------------------------------------------------------------------------------

    def _kind(self, request: web.Request) -> str:
        name = request.match_info["kind"]
        if name not in KINDS:
            raise Refusal(404, {"message": f"Entity {name} is not found"})
        return name

    def _shown(self, name: str, row: Record, expand: set[str]) -> dict[str, Any]:
        stamped = {**row.fields, "LastModifiedDateTime": _time(row.updated)}
        return shown(name, row.id, stamped, expand, self.options.contract)

    def _key_in(self, name: str, record: Mapping[str, Any]) -> str | None:
        keys = [record.get(key) for key in KINDS[name].keys]
        return None if None in keys else "/".join(map(str, keys))

    def _found(self, name: str, key: str | None) -> Record | None:
        if key is None:
            return None
        by_id = self.books.get(name, key)
        named = (row for row in self.books.table(name) if self._key_in(name, row.fields) == key)
        return by_id or next(named, None)

    def _wrong(self, name: str, record: Mapping[str, Any], *, creating: bool) -> dict[str, str]:
        """Field -> why it is refused."""
        kind = KINDS[name]
        wrong = {
            field: f"'{field}' cannot be empty."
            for field in kind.required
            if creating and not record.get(field)
        }
        wrong |= {
            field: f"'{field}' cannot be empty."
            for field in kind.required
            if field in record and not record[field]
        }
        known = {*kind.fields, "id", "custom", details_of(name), *((kind.nested or {}).keys())}
        wrong |= {field: f"{field} is not a field of {name}." for field in record if field not in known}
        for field, other in (kind.references or {}).items():
            value = record.get(field)
            if value is not None and self._found(other, str(value)) is None:
                wrong[field] = f"{other} cannot be found."
        return wrong

    def _locked(self, name: str, row: Record) -> None:
        """A released document is read-only; business rules answer 500 with the exception's words."""
        if row.fields.get("Status") in ("Open", "Closed") and name in ("Invoice", "Bill"):
            message = f"{name} {row.fields.get('ReferenceNbr')} is released and cannot be changed."
            raise Refusal(
                500,
                {
                    "message": "An error has occurred.",
                    "exceptionMessage": message,
                    "exceptionType": "PX.Data.PXException",
                },
            )

    def _kept(self, name: str, record: Mapping[str, Any]) -> dict[str, Any]:
        entity, _, field = self.options.frozen.partition(".")
        return {n: v for n, v in record.items() if not (entity == name and n == field)}

    def _new(self, name: str, record: Mapping[str, Any]) -> dict[str, Any]:
        kind = KINDS[name]
        fields = {**dict.fromkeys(kind.fields), **self._kept(name, record)}
        numbers = self._numbers(name, kind)
        fields |= {key: number for key, number in numbers.items() if fields.get(key) is None}
        if kind.details:
            _sum_up(kind, fields, details_of(name))
        if "Status" in kind.fields and fields.get("Status") is None:
            held = "On Hold" if fields.get("Hold") else "Balanced"
            fields["Status"] = held if kind.details else "Active"
        return fields

    def _numbers(self, name: str, kind: Kind) -> dict[str, str]:
        """What the tenant's numbering sequence gives a new record."""
        if not kind.numbered:
            return {}
        count = len(self.books.table(name)) + 1
        number = str(uuid.uuid4()) if kind.numbered == "guid" else f"{kind.numbered}{count + 4000:06d}"
        types = {"Invoice": self.profile.invoice_type, "Bill": self.profile.bill_type}
        types |= {"PurchaseOrder": self.profile.order_type, "Payment": "Payment"}
        return {key: types[name] if key == "Type" else number for key in kind.keys}


def _sum_up(kind: Kind, fields: dict[str, Any], details: str) -> None:
    """What the document reckons from its lines; its own tax is none: no zone is set up here."""
    lines = fields.get(details) or []
    for at, line in enumerate(lines, 1):
        line.setdefault("LineNbr", at)
    fields[details] = lines
    if kind.amount:
        total = sum((Decimal(str(line.get(kind.amount) or 0)) for line in lines), Decimal(0))
        fields[kind.total] = float(total)
        fields["TaxTotal"] = 0.0
        if "Balance" in kind.fields:
            fields["Balance"] = float(total)


def _laid(fields: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _laid(fields.get(name) or {}, value) if isinstance(value, Mapping) else value
        for name, value in {**fields, **change}.items()
        if name in change
    } | {name: value for name, value in fields.items() if name not in change}


def _time(at: int) -> str:
    """Milliseconds, with an offset."""
    return datetime.fromtimestamp(at // 1_000 / 1_000, UTC).isoformat(timespec="milliseconds")
