"""One open connection to a company in QuickBooks Online: a REST connection, with announcements, deletes from
the change feed, and changes that travel together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from syncd.connectors.quickbooks_online import announcements, wire
from syncd.connectors.quickbooks_online.dialect import QuickBooksDialect
from syncd.connectors.quickbooks_online.entities import KINDS, QUERY, maps
from syncd.connectors.quickbooks_online.settings import Settings
from syncd.connectors.registry import Opening
from syncd.core.errors import UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass, Outcome, Retry, Unknown
from syncd.http import Answer, Grants, HttpClient, OAuth2, Rate, Revocation
from syncd.http.signatures import HeaderSignature
from syncd.ports import (
    Archive,
    Capabilities,
    EntitySpec,
    Finding,
    OperationSpec,
    Proof,
    WriteRequest,
)
from syncd.ports.webhooks import Delivery, Genuine, WebhookVerifier
from syncd.rest import Call, Check, Current, RestConnector
from syncd.rest.batch import Batch, Part
from syncd.secrets.reference import Secret, resolve


def open_connection(opening: Opening) -> QuickBooksConnector:
    """Builds the connection, without talking to anybody. Raises ``FixInput`` for a secret that cannot be
    read."""
    settings = opening.settings
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    client = HttpClient(
        connection=opening.connection,
        base_url=settings.base_url,
        login_url=settings.auth.login_url,
        auth=OAuth2(
            connection=opening.connection,
            client_id=settings.auth.client_id,
            client_secret=resolve(settings.auth.client_secret, opening.folder),
            vault=opening.vault,
            clock=opening.clock,
            path=settings.auth.token_path,
            grants=Grants(
                consent=resolve(settings.auth.refresh_token, opening.folder),
                client_in_header=True,
                # else the end that no use puts off stays untold
                headers={"x-include-refresh-token-hard-expires-in": "true"},
            ),
            revocation=Revocation(settings.auth.revoke_path, json=True, url=settings.auth.revoke_url),
        ),
        clock=opening.clock,
        concurrency=opening.concurrency or settings.concurrency,
        rate=Rate(settings.requests_per_s),
        timeout_s=settings.timeout_s,
        ca_file=settings.ca_file,
        tap=opening.tap,
        allowance=opening.allowance,
    )
    verifier = resolve(settings.webhook_verifier, opening.folder) if settings.webhook_verifier else None
    return QuickBooksConnector(opening, settings, client, verifier)


class QuickBooksConnector(RestConnector):
    """Implements ``ports.Connector``, ``ports.WebhookReceiver`` and ``ports.webhooks.SignsWebhooks``."""

    def __init__(
        self, opening: Opening, settings: Settings, client: HttpClient, verifier: Secret | None
    ) -> None:
        dialect = QuickBooksDialect(settings, opening.clock.now)
        super().__init__(
            dialect=dialect, client=client, clock=opening.clock, capabilities=_declared(opening, settings)
        )
        self._quickbooks = dialect
        self._settings = settings
        self._names = {dialect.resources[entity].path: kind.name for entity, kind in KINDS.items()}
        self._batch = Batch(self._together, size=settings.batch_size)
        self._verifier = HeaderSignature("intuit-signature", () if verifier is None else (verifier,))

    # -- reading -----------------------------------------------------------------------------

    async def _current(self, entity: str, key: str) -> Current | None:
        resource = self._resource(entity)
        answer = await self._http.read(self._dialect.record_path(entity, key), {**(resource.single or {})})
        if answer.status == 404 or self._quickbooks.is_gone(answer):
            # "not found, or made inactive": a list's entry may only have been put away
            rows = await self._rows(entity, {QUERY: f"Id = '{self._dialect.value(key)}'"})
            return next((Current(row) for row in rows if row.key == key), None)
        return Current(self._dialect.single(entity, self._readable(entity, answer)))

    # -- writing -----------------------------------------------------------------------------

    async def _send(self, request: WriteRequest, call: Call) -> Outcome:
        """New records go alone, so that ``requestid`` proves each; changes are guarded by their ``SyncToken``
        and may travel together."""
        if request.operation is not Operation.UPDATE or self._settings.batch_size == 1:
            return await super()._send(request, call)
        part = await self._batch.send(call)
        return part if isinstance(part, Retry | Unknown) else self._dialect.outcome(request, part)

    async def _together(self, calls: Sequence[Call]) -> Sequence[Part]:
        if len(calls) == 1:
            return [await self._http.write(calls[0].method, calls[0].path, json=calls[0].json)]
        items = [
            {"bId": str(at), "operation": "update", self._names[call.path.partition("?")[0]]: call.json}
            for at, call in enumerate(calls)
        ]
        path = f"{self._settings.path}/batch?minorversion={self._settings.minor_version}"
        answer = await self._http.write("POST", path, json={"BatchItemRequest": items})
        return [answer] if isinstance(answer, Retry | Unknown) else parts_of(answer, len(calls))

    async def close(self) -> None:
        await self._batch.close()
        await super().close()

    # -- announcements -----------------------------------------------------------------------

    @property
    def webhook_verifier(self) -> WebhookVerifier:
        return self._verifier

    async def subscribe(self, url: str) -> None:
        """The endpoint is set up in Intuit's developer portal: there is nothing to ask the API for.
        ``syncd check`` says whether this connection expects any."""

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """See ``ports.WebhookReceiver``."""
        delivery = Delivery({name.lower(): [value] for name, value in headers.items()}, {}, body)
        if not isinstance(self._verifier.examine(delivery, self._clock.now()), Genuine):
            raise UnreadableAnswer("quickbooks-online: a delivery whose signature proves nothing")
        return announcements.hints(body, self._settings.realm_id)

    # -- check -------------------------------------------------------------------------------

    def checks(self) -> Sequence[Check]:
        return [Check("numbering", self._numbering, "whose numbers stay was not checked")]

    def settings_say(self) -> Sequence[Finding]:
        expected = self._settings.webhook_verifier is not None
        words = "expected and proven by signature" if expected else "none are expected: changes are polled"
        return [Finding("ok", "announcements", words)]

    async def _numbering(self) -> Finding:
        asked = {QUERY: "select * from Preferences", "minorversion": str(self._settings.minor_version)}
        answer = await self._read("invoice", f"{self._settings.path}/query", asked)
        try:
            kept = answer.json()["QueryResponse"]["Preferences"][0]["SalesFormsPrefs"]["CustomTxnNumbers"]
        except (KeyError, IndexError, TypeError):
            kept = None
        if kept is True:
            return Finding("ok", "numbering", "invoices keep the numbers they are sent with")
        words = (
            "QuickBooks numbers sales forms by itself" if kept is False else "whose numbers stay is unclear"
        )
        remedy = "turn on custom transaction numbers in the company's sales settings"
        return Finding("warning", "numbering", words, remedy)


class _Item(msgspec.Struct):
    ident: str = msgspec.field(name="bId")


class _Items(msgspec.Struct):
    BatchItemResponse: list[msgspec.Raw]


def parts_of(answer: Answer, count: int) -> Sequence[Part]:
    """Each call's own part of a batch's answer, by its ``bId``; a refusal of the whole is everybody's."""
    try:
        if not answer.ok or wire.fault(answer.json()) is not None:
            return [answer]
        raws = msgspec.json.decode(answer.body, type=_Items).BatchItemResponse
        by_id = {msgspec.json.decode(raw, type=_Item).ident: bytes(raw) for raw in raws}
    except (msgspec.MsgspecError, UnreadableAnswer):
        lost = Unknown(ErrorClass.PARSE, "quickbooks-online: a batch's answer is not what the API promises")
        return [lost]
    missing = Unknown(ErrorClass.PARSE, "quickbooks-online: a batch's answer leaves this one out")
    found = [by_id.get(str(at)) for at in range(count)]
    return [missing if raw is None else Answer(200, answer.headers, raw) for raw in found]


def _declared(opening: Opening, settings: Settings) -> Capabilities:
    specs: dict[str, Any] = {}
    key = OperationSpec(Proof.NATIVE_KEY, settings.request_id_life_s)
    for entity, lens in maps().items():
        kind = KINDS[entity]
        operations = {"create": key} if kind.creates else {}
        operations |= {"update": OperationSpec(Proof.CONTENT)} if kind.updates else {}
        specs[entity] = EntitySpec(
            entity=entity,
            map=lens.with_custom(opening.custom.get(entity, {})),
            operations=operations,
            archive=Archive(fields={"status": "inactive"}) if kind.listed and kind.updates else None,
            conditional_write=kind.updates,
            trusted_modified=True,
        )
    return Capabilities(
        platform="quickbooks-online",
        entities=specs,
        webhooks=True,
        concurrency=opening.concurrency or settings.concurrency,
        settle_s=opening.settle_s,
        settle_provenance=opening.settle_provenance,
    )
