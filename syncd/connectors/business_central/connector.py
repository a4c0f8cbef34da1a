"""One open connection to a company in Business Central: a REST connection with subscriptions, documents that
become posted, and a description of the API by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from syncd.connectors.business_central import announcements
from syncd.connectors.business_central.dialect import BusinessCentralDialect, is_id
from syncd.connectors.business_central.entities import KINDS, maps, operations
from syncd.connectors.business_central.metadata import has_action, missing_fields, record_types
from syncd.connectors.business_central.settings import Settings
from syncd.connectors.registry import Opening
from syncd.core.errors import RetryLater, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.http import Answer, Grants, HttpClient, OAuth2, Rate
from syncd.http.signatures import ClientState
from syncd.ports import (
    Archive,
    Capabilities,
    Description,
    EntitySpec,
    Finding,
    OperationSpec,
    Proof,
    WriteRequest,
)
from syncd.ports.webhooks import Delivery, Genuine, Subscribed, WebhookVerifier
from syncd.rest import Check, Current, RestConnector, Row
from syncd.secrets.reference import Secret, resolve

_PROOFS: Final = {"create": Proof.LOOKUP, "update": Proof.CONTENT}


def open_connection(opening: Opening) -> BusinessCentralConnector:
    """Builds the connection, without talking to anybody. Raises ``FixInput`` for a secret that cannot be
    read."""
    settings = opening.settings
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    entra = settings.auth
    login = OAuth2(
        connection=opening.connection,
        client_id=entra.client_id,
        client_secret=resolve(entra.client_secret, opening.folder),
        vault=opening.vault,
        clock=opening.clock,
        path=f"/{entra.tenant}/oauth2/v2.0/token",
        scope=entra.scope,
        grants=Grants(consent=resolve(entra.refresh_token, opening.folder) if entra.refresh_token else None),
    )

    def client(accept: str) -> HttpClient:
        return HttpClient(
            connection=opening.connection,
            base_url=settings.base_url,
            login_url=entra.login_url,
            auth=login,
            clock=opening.clock,
            concurrency=opening.concurrency or settings.concurrency,
            rate=Rate(settings.requests_per_s),
            timeout_s=settings.timeout_s,
            ca_file=settings.ca_file,
            private_network=settings.private_network,
            tap=opening.tap,
            allowance=opening.allowance,
            accept=accept,
            # the language also decides how numbers and days are written
            headers={"Accept-Language": "en-US", "Prefer": f"odata.maxpagesize={settings.page_size}"},
        )

    state = resolve(settings.client_state, opening.folder) if settings.client_state else None
    return BusinessCentralConnector(
        opening, settings, client("application/json"), client("application/xml"), state
    )


class BusinessCentralConnector(RestConnector):
    """Implements ``ports.Connector``, ``ports.WebhookReceiver`` and ``ports.webhooks.SignsWebhooks``.

    ``described``: a client for ``$metadata``, which is XML."""

    def __init__(
        self,
        opening: Opening,
        settings: Settings,
        client: HttpClient,
        described: HttpClient,
        state: Secret | None,
    ) -> None:
        dialect = BusinessCentralDialect(settings)
        declared = _declared(opening, settings)
        super().__init__(dialect=dialect, client=client, clock=opening.clock, capabilities=declared)
        self._central = dialect
        self._settings = settings
        self._described = described
        self._state = state
        self._verifier = ClientState(() if state is None else (state,))

    # -- reading -----------------------------------------------------------------------------

    async def _current(self, entity: str, key: str) -> Current | None:
        # what is no id was never given out
        return await super()._current(entity, key) if is_id(key) else None

    # -- writing -----------------------------------------------------------------------------

    async def submit(self, request: WriteRequest) -> Outcome:
        if request.operation is not Operation.CREATE or not self._central.posts(request.entity):
            return await super().submit(request)
        try:
            earlier = await self._earlier(request)
        except UnreadableAnswer as unreadable:
            # only a read was tried so far
            return Retry(ErrorClass.PARSE, unreadable.message)
        if isinstance(earlier, Rejected):
            return earlier
        if earlier is not None:
            return await self._posted(request, earlier.key)
        made = await super().submit(request)
        return await self._posted(request, made.key) if isinstance(made, Confirmed) else made

    async def _earlier(self, request: WriteRequest) -> Row | Rejected | None:
        resource = self._resource(request.entity)
        query = {**(resource.single or {}), **self._central.looked_up(request)}
        answer = await self._read(request.entity, resource.path, query)
        return self._central.earlier(request, self._central.listed(request.entity, answer).rows)

    async def _posted(self, request: WriteRequest, key: str) -> Outcome:
        call = self._central.posting(request.entity, key)
        answer = await self._http.write(call.method, call.path)
        return answer if isinstance(answer, Retry | Unknown) else self._central.posted(key, answer)

    # -- announcements -----------------------------------------------------------------------

    @property
    def webhook_verifier(self) -> WebhookVerifier:
        return self._verifier

    async def subscribe(self, url: str) -> Subscribed | None:
        """Makes or renews one for each kind of record; each lives for three days. Business Central asks at
        ``url`` whether we are there before it answers."""
        if self._state is None:
            return None
        found = announcements.listed((await self._subscriptions()).body)
        for one in announcements.stale(found, self._settings, url):
            await self._change("DELETE", one, None)
        until = []
        for resource in announcements.resources(self._settings):
            body = announcements.body(resource, url, self._state.reveal())
            known = announcements.ours(found, resource, url)
            method = "POST" if known is None else "PATCH"
            until.append(announcements.granted((await self._change(method, known, body)).body))
        return Subscribed(min(one.expiration_date_time for one in until))

    async def _subscriptions(self) -> Answer:
        answer = await self._http.read(f"{self._settings.api}/subscriptions")
        if not answer.ok:
            raise UnreadableAnswer(f"business-central: no subscriptions: {self._dialect.words(answer)}")
        return answer

    async def _change(
        self, method: str, known: announcements.Subscription | None, body: Mapping[str, Any] | None
    ) -> Answer:
        path = f"{self._settings.api}/subscriptions"
        path = path if known is None else f"{path}('{known.subscription_id}')"
        headers = {} if known is None else {"If-Match": known.etag}
        answer = await self._http.write(method, path, json=body, headers=headers)
        if isinstance(answer, Answer) and answer.ok:
            return answer
        words = self._dialect.words(answer) if isinstance(answer, Answer) else answer.words
        raise RetryLater(
            f"business-central: a subscription was not granted: {words}",
            remedy="service.public_url must be reachable from Business Central",
        )

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """See ``ports.WebhookReceiver``."""
        delivery = Delivery({name.lower(): [value] for name, value in headers.items()}, {}, body)
        if not isinstance(self._verifier.examine(delivery, self._clock.now()), Genuine):
            raise UnreadableAnswer("business-central: a delivery that does not repeat what was agreed on")
        return announcements.hints(body, self._settings)

    # -- check -------------------------------------------------------------------------------

    def checks(self) -> Sequence[Check]:
        return [Check("fields", self._fields, "the fields were not compared")]

    def settings_say(self) -> Sequence[Finding]:
        words = "subscribed for three days at a time" if self._state else "none expected: changes are polled"
        return [Finding("ok", "announcements", words)]

    async def description(self) -> Description:
        """The API's ``$metadata``."""
        answer = await self._described.read(f"{self._settings.api}/$metadata")
        if not answer.ok:
            raise UnreadableAnswer(f"business-central: HTTP {answer.status} instead of its $metadata")
        types = record_types(answer.body)
        sets = {entity: KINDS[entity].set for entity in self._capabilities.entities}
        records = {entity: types[name] for entity, name in sets.items() if name in types}
        return Description("odata", answer.body, records)

    async def _fields(self) -> Finding:
        document = (await self.description()).document
        lenses = {entity: spec.map for entity, spec in self._capabilities.entities.items()}
        missing = missing_fields(document, lenses)
        if self._settings.documents == "post" and not has_action(document, "Microsoft.NAV.post"):
            missing.append("the action post")
        if missing:
            return Finding("error", "fields", f"the API lacks: {', '.join(missing)}", "its version differs")
        return Finding("ok", "fields", "the API describes every mapped field")

    async def close(self) -> None:
        await self._described.aclose()
        await super().close()


def _declared(opening: Opening, settings: Settings) -> Capabilities:
    specs: dict[str, Any] = {}
    for entity, lens in maps().items():
        able = operations(entity, settings)
        specs[entity] = EntitySpec(
            entity=entity,
            map=lens.with_custom(opening.custom.get(entity, {})),
            operations={name: OperationSpec(_PROOFS[name]) for name in able},
            archive=Archive(fields={"status": "inactive"}) if entity in ("customer", "vendor") else None,
            conditional_write="update" in able,
            trusted_modified=not KINDS[entity].lines,
        )
    return Capabilities(
        platform="business-central",
        entities=specs,
        webhooks=True,
        concurrency=opening.concurrency or settings.concurrency,
        settle_s=opening.settle_s,
        settle_provenance=opening.settle_provenance,
    )
