"""One open connection to a ServiceTrade account: carries what ``walk``, ``edge``, ``writing`` and
``webhooks`` decide."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from syncd.connectors.registry import Opening
from syncd.connectors.servicetrade import walk as walks
from syncd.connectors.servicetrade import webhooks, writing
from syncd.connectors.servicetrade.checking import Checks
from syncd.connectors.servicetrade.edge import Edge, ListPage, Row, words
from syncd.connectors.servicetrade.entities import entity_maps, resources
from syncd.connectors.servicetrade.login import scheme
from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.connectors.servicetrade.settings import Settings
from syncd.core.errors import FixInput, RenewCredentials, RetryLater, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass, Outcome, Retry, Unknown
from syncd.http import Answer, HttpClient, Rate
from syncd.ports import Capabilities, EntitySpec, Finding, OperationSpec, Page, Proof, Seen, WriteRequest

_CONCURRENCY: Final = 4
_OPERATIONS: Final[Mapping[str, Mapping[str, Proof]]] = {
    "customer": {"create": Proof.LOOKUP, "update": Proof.CONTENT},
    "location": {"create": Proof.LOOKUP, "update": Proof.CONTENT, "delete": Proof.LOOKUP},
    "job": {},
    "invoice": dict.fromkeys(writing.ACTIONS, Proof.LOOKUP),
    "payment": {"create": Proof.LOOKUP},
}


def open_connection(opening: Opening) -> ServiceTradeConnector:
    """Builds the connection, without talking to anybody. Raises ``FixInput`` without a site profile, or
    for a secret that cannot be read."""
    settings, profile = opening.settings, opening.profile
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    if not isinstance(profile, ServiceTradeProfile):
        raise FixInput(
            f"{opening.connection}: ServiceTrade's public documents do not name invoice line fields, tax, "
            "external ids and comments",
            remedy="set `profile` of the connection to a site profile; start from the sandbox's",
        )
    client = HttpClient(
        connection=opening.connection,
        base_url=settings.base_url,
        auth=scheme(
            settings.auth,
            connection=opening.connection,
            folder=opening.folder,
            vault=opening.vault,
            clock=opening.clock,
        ),
        clock=opening.clock,
        concurrency=opening.concurrency or _CONCURRENCY,
        rate=Rate(settings.requests_per_s) if settings.requests_per_s else None,
        timeout_s=settings.timeout_s,
        ca_file=settings.ca_file,
        private_network=settings.private_network,
        tap=opening.tap,
    )
    return ServiceTradeConnector(opening, settings, profile, client)


class ServiceTradeConnector:
    """Implements ``ports.Connector`` and ``ports.WebhookReceiver``."""

    def __init__(
        self, opening: Opening, settings: Settings, profile: ServiceTradeProfile, client: HttpClient
    ) -> None:
        self._clock = opening.clock
        self._settings = settings
        self._profile = profile
        self._http = client
        self._resources = resources(profile, settings)
        self._edges = {
            entity: Edge(entity, resource, profile.totals) for entity, resource in self._resources.items()
        }
        self._capabilities = self._declare(opening)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    # -- reading -----------------------------------------------------------------------------

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        resource, begin = self._resources[entity], None if since is None else int(since)
        overlap = self._settings.overlap_s
        if not resource.incremental:
            begin = None
        walk = walks.resumed(resume) if resume else walks.begin(begin, self._limit(entity))
        shown: dict[str, walks.Part] = {}
        while True:
            answer = await self._list(entity, walks.query(walk, begin, overlap))
            listed = self._edges[entity].listed(answer)
            back: ListPage | None = None
            if walk.page > 1:
                answer_back = await self._list(entity, walks.look_back(walk, begin, overlap))
                back = self._edges[entity].listed(answer_back)
            if not walk.started:
                walk = msgspec.structs.replace(walk, started=self._server_time(answer))
            page, walk = walks.advance(walk, listed, back, shown, begin)
            yield page
            if page.resume is None:
                return

    async def fetch(self, entity: str, key: str) -> Seen | None:
        if not key.isdecimal():
            return None
        if not self._resources[entity].single:
            listed = [row for row in await self._rows(entity, {}) if row.key == key]
            return Seen(key, listed[0].raw) if listed else None
        answer = await self._http.read(f"{self._resources[entity].path}/{key}")
        if answer.status == 404:
            return None
        row = self._edges[entity].single(self._readable(answer, entity))
        return Seen(row.key, row.raw) if self._in_scope(entity, row) else None

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        resource = self._resources[entity]
        if entity == "job":
            # the one number with a filter of its own, which also lifts the status filter
            if not number.isdecimal():
                return []
            rows = (await self._rows(entity, {"number": number})) if len(number) < _ID_DIGITS else []
        else:
            rows = [row for row in await self._rows(entity, {}) if _called(row, resource.numbers, number)]
        by_id = await self.fetch(entity, number) if len(number) >= _ID_DIGITS else None
        found = {row.key: Seen(row.key, row.raw) for row in rows}
        return list((found | ({by_id.key: by_id} if by_id else {})).values())

    # -- writing -----------------------------------------------------------------------------

    async def submit(self, request: WriteRequest) -> Outcome:
        current = request.expected
        if writing.needs_current(request):
            try:
                seen = await self.fetch(request.entity, request.key or "")
            except UnreadableAnswer as unreadable:
                # only a read was tried so far
                return Retry(ErrorClass.PARSE, unreadable.message)
            current = seen.raw if seen else None
        call = writing.call(request, self._resources[request.entity], self._profile, current)
        answer = await self._http.write(call.method, call.path, json=call.json)
        return answer if isinstance(answer, Retry | Unknown) else writing.outcome(request, answer)

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        if request.entity == "payment":
            rows = await self._rows("payment", self._of_its_invoice(request))
            return [Seen(row.key, row.raw) for row in rows if self._shows(request, row.raw)]
        if request.operation is Operation.CREATE:
            rows = await self._rows(request.entity, self._by_external_id(request))
            return [Seen(row.key, row.raw) for row in rows if self._shows(request, row.raw)]
        key = request.key or ""
        if request.action == "comment":
            return [Seen(key, raw) for raw in await self._comments(key) if self._is_ours(request, raw)]
        seen = await self.fetch(request.entity, key)
        if request.operation is Operation.DELETE:
            return [Seen(key, b"", deleted=True)] if seen is None else []
        return [seen] if seen and self._shows(request, seen.raw) else []

    # -- announcements -----------------------------------------------------------------------

    async def subscribe(self, url: str) -> None:
        """See ``ports.WebhookReceiver``. Raises ``FixInput`` if this login may not, ``RetryLater``."""
        types = self._profile.entity_types
        try:
            listed = webhooks.hooks((await self._http.read("/webhook")).body)
        except RenewCredentials:
            raise FixInput(
                "servicetrade: this login may not register webhooks",
                remedy="give its user the Account Admin role, or set `webhooks: false` on the link",
            ) from None
        if not any(webhooks.is_current(hook, url, types) for hook in listed):
            await self._change("POST", "/webhook", webhooks.subscription(url, types))
        for hook in listed:
            if webhooks.is_stale(hook, url) and not webhooks.is_current(hook, url, types):
                await self._change("DELETE", f"/webhook/{hook.id}", None)

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """See ``ports.WebhookReceiver``. Deliveries are not signed: ``headers`` prove nothing."""
        return webhooks.hints(body, self._profile.entity_types)

    async def probe(self) -> Sequence[Finding]:
        session = self._settings.auth.scheme == "session"
        checks = Checks(self._http, self._resources, self._edges, self._profile)
        return await checks.run("/auth" if session else "/oauth2/userinfo")

    async def close(self) -> None:
        await self._http.aclose()

    # -- inside ------------------------------------------------------------------------------

    def _declare(self, opening: Opening) -> Capabilities:
        maps = entity_maps(self._profile, self._settings.timezone)
        specs = {
            entity: EntitySpec(
                entity=entity,
                map=lens.with_custom(opening.custom.get(entity, {})),
                operations={name: OperationSpec(proof) for name, proof in _OPERATIONS[entity].items()},
                incremental=self._resources[entity].incremental,
                trusted_modified=entity != "payment",
            )
            for entity, lens in maps.items()
            if entity in self._resources
        }
        return Capabilities(
            platform="servicetrade",
            entities=specs,
            webhooks=True,
            concurrency=opening.concurrency or _CONCURRENCY,
            settle_s=opening.settle_s,
            settle_provenance=opening.settle_provenance,
        )

    def _limit(self, entity: str) -> int:
        return min(self._settings.page_size, self._resources[entity].limit)

    async def _list(self, entity: str, query: Mapping[str, str]) -> Answer:
        resource = self._resources[entity]
        answer = await self._http.read(resource.path, {**resource.query, **query})
        return self._readable(answer, entity)

    async def _rows(self, entity: str, query: Mapping[str, str]) -> list[Row]:
        """Every record that ``query`` asks for."""
        rows: dict[str, Row] = {}
        at, pages = 1, 1
        while at <= pages:
            window = {"limit": str(self._limit(entity)), "page": str(at)}
            listed = self._edges[entity].listed(await self._list(entity, {**query, **window}))
            rows |= {row.key: row for row in listed.rows}
            at, pages = at + 1, listed.total_pages
        return list(rows.values())

    async def _comments(self, key: str) -> list[bytes]:
        names = self._profile.comments
        comments = replace(
            self._resources["invoice"], path=names.path, list_key=names.list_key, query={}, references={}
        )
        edge = Edge("comment", comments, self._profile.totals)
        query = {names.entity_id: key}
        if names.entity_type is not None:
            query[names.entity_type] = str(self._profile.entity_types.invoice)
        found: list[bytes] = []
        at, pages = 1, 1
        while at <= pages:
            answer = await self._http.read(names.path, {**query, "limit": "500", "page": str(at)})
            listed = edge.listed(self._readable(answer, "comment"))
            found += [row.raw for row in listed.rows]
            at, pages = at + 1, listed.total_pages
        return found

    def _readable(self, answer: Answer, entity: str) -> Answer:
        if answer.ok:
            return answer
        raise UnreadableAnswer(
            f"servicetrade refuses to list or show {entity}: {words(answer)}",
            remedy="look at the drift report of this connection",
        )

    def _server_time(self, answer: Answer) -> int:
        """When the walk began by the platform's own clock, else by ours; unix seconds."""
        try:
            at = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            at = self._clock.now()
        return int(at.timestamp())

    def _in_scope(self, entity: str, row: Row) -> bool:
        """A vendor bill is announced as an invoice; here it is none."""
        if entity != "invoice":
            return True
        return msgspec.json.decode(row.raw, type=dict[str, Any]).get("type") in self._settings.invoice_types

    def _shows(self, request: WriteRequest, raw: bytes) -> bool:
        return writing.shows(request, msgspec.json.decode(raw, type=dict[str, Any]), self._profile)

    def _is_ours(self, request: WriteRequest, raw: bytes) -> bool:
        names = self._profile.comments
        wire = msgspec.json.decode(raw, type=dict[str, Any])
        # the filter is assumed: a list that ignores it shows other records' comments too
        about = str(wire.get(names.entity_id)) == request.key
        return about and writing.marker(request.reference) in str(wire.get(names.text))

    def _by_external_id(self, request: WriteRequest) -> dict[str, str]:
        ids = self._profile.external_ids
        if ids.filter_parameter is None:
            return {}
        return {ids.filter_parameter: f"{ids.system}:{writing.external_key(request)}"}

    def _of_its_invoice(self, request: WriteRequest) -> dict[str, str]:
        name = self._profile.payments.invoice_id if self._profile.payments else ""
        return {name: str(request.body[name])} if name in request.body else {}

    async def _change(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        answer = await self._http.write(method, path, json=body)
        if isinstance(answer, Retry | Unknown):
            raise RetryLater(answer.words)
        if not answer.ok and answer.status != 404:
            raise FixInput(f"servicetrade refuses the webhook: {words(answer)}")


_ID_DIGITS: Final = 12
"""Ids are far longer (16 digits seen), human numbers far shorter."""


def _called(row: Row, names: Sequence[str], number: str) -> bool:
    wire = msgspec.json.decode(row.raw, type=dict[str, Any])
    wanted = number.strip().casefold()
    return any(str(wire[name]).strip().casefold() == wanted for name in names if wire.get(name) is not None)
