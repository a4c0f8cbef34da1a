"""One made-up company in QuickBooks Online: its login, its query language, its change feed, its writes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from aiohttp import web
from pydantic import Field

from syncd.sandbox.company import Company
from syncd.sandbox.doors import OAuthRefusal, TokenDoor, TokenRules, form
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.options import SandboxOptions
from syncd.sandbox.quickbooks_online import query
from syncd.sandbox.quickbooks_online.company import FIRST_NEW, opened
from syncd.sandbox.quickbooks_online.kinds import BY_PATH, KINDS
from syncd.sandbox.quickbooks_online.ledger import change, check, fault, moment, settled, shown
from syncd.sandbox.sandbox import Action, Order, View, by_fields
from syncd.sandbox.surface import Refusal, Surface, answer, encoded, json_body, shifted
from syncd.sandbox.tables import Record

_REVOKE: Final = "/v2/oauth2/tokens/revoke"
_TOKEN: Final = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path
_FEED_MAX: Final = 1000
_FEED_REACHES: Final = timedelta(days=30)
_BATCH_MAX: Final = 30


class Options(SandboxOptions):
    """What differs between companies."""

    realm_id: str = Field(default="4620816365000000", pattern=r"^\d+$")
    client_id: str = "demo-client"
    client_secret: str = "demo-secret"  # noqa: S105 - the made-up company's
    token_life_s: int = 3600
    consent_ends_s: int = 5 * 365 * 86_400
    """How long the consent holds, whatever happens."""
    rotates_after_s: int = 0
    """How old a refresh token gets before it is replaced, about a day at Intuit; 0: each works once."""
    unique_numbers: bool = True
    """The company's preference: whether a document number that is taken is refused."""
    custom_numbers: bool = True
    """The company's preference: whether sales forms keep the numbers they are sent with."""
    faults_with_200: bool = False
    """Whether refusals come with status 200."""


class QuickBooksSandbox:
    """Implements ``syncd.sandbox.sandbox.Sandbox``."""

    def __init__(self, order: Order) -> None:
        self.faults = FaultPlan(order.seed)
        self.options = Options.read(order.options)
        self._company = Company.of_size(order.seed, order.size)
        self.books = opened(self._company)
        self._prefer()
        self._deleted: list[tuple[str, str, int]] = []
        self._answered: dict[str, tuple[int, Any]] = {}
        rules = TokenRules(
            self.options.client_id,
            self.options.client_secret,
            self.options.token_life_s,
            client_credentials=False,
            rotate_after_s=self.options.rotates_after_s,
        )
        self.door = TokenDoor(rules, lambda: self.books.now() // 1_000_000)
        self._last_id = FIRST_NEW - 1
        base = f"/v3/company/{self.options.realm_id}"
        self.surface = Surface(
            self.faults,
            [
                ("POST", _TOKEN, self.token),
                ("POST", _REVOKE, self.revoke),
                ("GET", f"{base}/query", self.query),
                ("GET", f"{base}/cdc", self.changed),
                ("POST", f"{base}/batch", self.batch),
                ("GET", f"{base}/{{kind}}/{{id}}", self.read),
                ("POST", f"{base}/{{kind}}", self.write),
            ],
            admit=self._admit,
            expire=self.door.expire,
            open_paths=frozenset({_TOKEN, _REVOKE}),
            unknown=lambda _: fault("500", "Unsupported Operation").body,
        )
        self.app = self.surface.app

    async def start(self, url: str) -> Mapping[str, str]:
        """``secret`` is what a person's consent gave: a refresh token that works once."""
        return {
            "base_url": url,
            "realm_id": self.options.realm_id,
            "client_id": self.options.client_id,
            "client_secret": self.options.client_secret,
            "secret": self.door.consent(),
        }

    async def close(self) -> None:
        return None

    def reset(self) -> None:
        self.books.become(opened(self._company))
        self._prefer()
        self._deleted.clear()
        self._answered.clear()
        self.door.forget()
        self.surface.requests.clear()

    def state(self) -> Mapping[str, int]:
        requests, logins = self.surface.requests, self.surface.requests[f"POST {_TOKEN}"]
        return {
            **self.books.counts(),
            "requests": requests.total(),
            "most_at_once": self.surface.most_at_once,
            "logins": self.door.grants,
            "logins_refused": logins - self.door.grants,
        }

    @property
    def views(self) -> Mapping[str, View]:
        """Records by entity: ``/ledger/Invoice``."""

        def rows(kind: str) -> Iterator[dict[str, Any]]:
            for row in self.books.table(kind):
                yield {**shown(kind, row), "writes": self.books.writes[kind, row.id]}

        return {kind: by_fields(partial(rows, kind)) for kind in KINDS}

    @property
    def actions(self) -> Mapping[str, Action]:
        """``edit``: a person changes a record: ``{kind, id, fields}``. ``delete``: a person deletes one:
        ``{kind, id}``. ``consent``: a new refresh token."""
        return {
            "edit": self._edit,
            "delete": self._delete,
            "consent": lambda _: {"refresh_token": self.door.consent()},
        }

    def _edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self.books.get(body["kind"], body["id"])
        assert row is not None, "no such record"
        self.books.update(body["kind"], row, settled(body["kind"], {**row.fields, **body["fields"]}))
        return row.fields

    def _delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        row = self.books.get(body["kind"], body["id"])
        assert row is not None, "no such document"
        assert not KINDS[body["kind"]].listed, "entries of lists are never deleted"
        self.books.delete(body["kind"], row)
        self._deleted.append((body["kind"], row.id, self.books.now()))
        return {}

    def _prefer(self) -> None:
        row = self.books.get("Preferences", "1")
        assert row is not None
        row.fields["SalesFormsPrefs"] = {"CustomTxnNumbers": self.options.custom_numbers}

    # -- logins ------------------------------------------------------------------------------

    def _admit(self, request: web.Request) -> None:
        if not self.door.admits(request.headers.get("Authorization")):
            raise fault(
                "3200",
                "AuthenticationFailed",
                kind="AuthenticationFault",
                status=401,
            )

    async def token(self, request: web.Request) -> web.Response:
        shown_by = request.headers.get("Authorization")
        try:
            granted = self.door.grant(form(await request.read()), shown_by)
        except OAuthRefusal as refused:
            return answer({"error": refused.error}, refused.status)
        ends = {"x_refresh_token_expires_in": 8_640_000}
        if request.headers.get("x-include-refresh-token-hard-expires-in") == "true":
            ends["x_refresh_token_hard_expires_in"] = self.options.consent_ends_s
        return answer({**granted, **ends})

    async def revoke(self, request: web.Request) -> web.Response:
        client = f"{self.options.client_id}:{self.options.client_secret}".encode()
        if request.headers.get("Authorization") != f"Basic {b64encode(client).decode()}":
            return answer({"error": "invalid_client"}, 401)
        said = await request.json()
        if not isinstance(said.get("token"), str):
            return answer({"error": "invalid_request"}, 400)
        self.door.revoke(said["token"])
        return answer({})

    # -- reading -----------------------------------------------------------------------------

    async def query(self, request: web.Request) -> web.Response:
        try:
            asked = query.parsed(request.query.get("query", ""))
            if asked.kind not in KINDS:
                raise query.NotUnderstood(asked.kind)
            found = [(row, shown(asked.kind, row)) for row in self.books.table(asked.kind)]
            if KINDS[asked.kind].listed and not asked.inactive:
                found = [(row, record) for row, record in found if record["Active"]]
            rows = [(row, record) for row, record in found if asked.holds(record)]
        except query.NotUnderstood as wrong:
            raise self._refusal(fault("4000", f"Error parsing query: {wrong}")) from None
        rows.sort(key=lambda pair: (pair[0].updated // 1_000_000 if asked.ordered else 0, int(pair[0].id)))
        start = asked.start - 1
        page = shifted(rows, start, asked.size, self.surface.shift(request, start))
        records = [record for _, record in page]
        held = {asked.kind: records, "startPosition": asked.start, "maxResults": len(records)}
        return self._answer({"QueryResponse": held if records else {}})

    async def changed(self, request: web.Request) -> web.Response:
        """At most a thousand records, and no second page."""
        try:
            since = datetime.fromisoformat(request.query["changedSince"]).astimezone(UTC)
        except (KeyError, ValueError):
            raise self._refusal(fault("4000", "changedSince is no time")) from None
        if datetime.now(UTC) - since > _FEED_REACHES:
            raise self._refusal(fault("4000", "changedSince is too long ago"))
        ticks = int(since.timestamp()) * 1_000_000
        parts = []
        for name in request.query.get("entities", "").split(","):
            if name not in KINDS:
                raise self._refusal(fault("4000", f"no such entity: {name}"))
            living = [shown(name, row) for row in self.books.table(name).between("updated", ticks, None)]
            gone = [
                {
                    "Id": ident,
                    "status": "Deleted",
                    "domain": "QBO",
                    "MetaData": {"LastUpdatedTime": moment(at)},
                }
                for kind, ident, at in self._deleted
                if kind == name and at >= ticks
            ]
            found = [*gone, *living][:_FEED_MAX]
            parts.append({name: found} if found else {})
        return self._answer({"CDCResponse": [{"QueryResponse": parts}]})

    async def read(self, request: web.Request) -> web.Response:
        name, ident = self._kind(request), request.match_info["id"]
        row = self.books.get(name, ident)
        if row is None or row.fields.get("Active") is False:
            raise self._refusal(fault("610", "Object Not Found"))
        return self._answer({name: shown(name, row)})

    # -- writing -----------------------------------------------------------------------------

    async def write(self, request: web.Request) -> web.Response:
        """Create, or update where the body has an id. A ``requestid`` that is known gets its first answer."""
        name = self._kind(request)
        body = await json_body(request, lambda words: fault("2010", words))
        known = self._answered.get(request.query.get("requestid", ""))
        if known is None:
            try:
                known = 200, {name: self._written(name, body)}
            except Refusal as refused:
                known = refused.status, refused.body
            if request.query.get("requestid"):
                self._answered[request.query["requestid"]] = known
        status, told = known
        if status >= 400:
            raise self._refusal(Refusal(status, told))
        return self._answer(told)

    async def batch(self, request: web.Request) -> web.Response:
        """One after the other; none sees what another has made, and none takes another with it."""
        body = await json_body(request, lambda words: fault("2010", words))
        items = body.get("BatchItemRequest", [])
        if len(items) > _BATCH_MAX:
            raise self._refusal(fault("1040", "The batch has too many items"))
        told = []
        for item in items:
            name = next((name for name in KINDS if name in item), "")
            try:
                if not name or item.get("operation") not in ("create", "update"):
                    raise fault("500", "Unsupported Operation")
                told.append({"bId": item["bId"], name: self._written(name, item[name])})
            except Refusal as refused:
                told.append({"bId": item["bId"], "Fault": refused.body["Fault"]})
        return self._answer({"BatchItemResponse": told})

    # -- inside ------------------------------------------------------------------------------

    def _kind(self, request: web.Request) -> str:
        name = BY_PATH.get(request.match_info["kind"])
        if name is None:
            raise self._refusal(fault("500", "Unsupported Operation"))
        return name

    def _written(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        unique = self.options.unique_numbers
        if body.get("Id") is None:
            record = settled(name, body)
            check(self.books, name, body, None, numbers_unique=unique)
            self._last_id += 1
            return shown(name, self.books.create(name, str(self._last_id), record))
        row = self.books.get(name, str(body["Id"]))
        if row is None:
            raise fault("610", "Object Not Found")
        if str(body.get("SyncToken")) != str(row.version - 1):
            raise fault("5010", "Stale Object Error")
        fields = change(row, body)
        check(self.books, name, fields, row, numbers_unique=unique)
        return shown(name, self._become(name, row, settled(name, fields)))

    def _become(self, name: str, row: Record, fields: Mapping[str, Any]) -> Record:
        row.fields.clear()
        self.books.update(name, row, fields)
        return row

    def _refusal(self, refused: Refusal) -> Refusal:
        if self.options.faults_with_200:
            refused.status = 200
        return refused

    def _answer(self, body: Mapping[str, Any]) -> web.Response:
        told = {**body, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        tid = f"1-{self.surface.requests.total()}"
        return web.Response(body=encoded(told), content_type="application/json", headers={"intuit_tid": tid})
