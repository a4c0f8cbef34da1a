"""One open connection to an Acumatica tenant: a REST connection, with push notifications and a run-time
description of its endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any, Final

import msgspec

from syncd.connectors.acumatica.dialect import AcumaticaDialect
from syncd.connectors.acumatica.entities import APPLIED, DOCUMENT, KINDS, TAX, maps
from syncd.connectors.acumatica.profile import AcumaticaProfile
from syncd.connectors.acumatica.settings import Settings
from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput, SyncdError, UnreadableAnswer
from syncd.http import Answer, Grants, HttpClient, OAuth2
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Capabilities, Description, EntitySpec, Finding, OperationSpec, Proof
from syncd.rest import RestConnector
from syncd.secrets.reference import Secret, resolve

_EXPLAINED: Final = frozenset({500})
_SEATS: Final = b"api login limit"


def open_connection(opening: Opening) -> AcumaticaConnector:
    """Builds the connection, without talking to anybody. Raises ``FixInput`` without a site profile, or for a
    secret that cannot be read."""
    settings, profile = opening.settings, opening.profile
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    if not isinstance(profile, AcumaticaProfile):
        raise FixInput(
            f"{opening.connection}: how this tenant numbers its records and calls its document types is not "
            "public",
            remedy="set `profile` of the connection to a site profile; start from the sandbox's",
        )
    client = HttpClient(
        connection=opening.connection,
        base_url=settings.base_url,
        auth=OAuth2(
            connection=opening.connection,
            client_id=settings.auth.client_id,
            client_secret=resolve(settings.auth.client_secret, opening.folder),
            vault=opening.vault,
            clock=opening.clock,
            path="/identity/connect/token",
            grants=Grants(consent=resolve(settings.auth.refresh_token, opening.folder), busy=no_seat),
        ),
        clock=opening.clock,
        concurrency=opening.concurrency or settings.concurrency,
        timeout_s=settings.timeout_s,
        ca_file=settings.ca_file,
        private_network=settings.private_network,
        tap=opening.tap,
        allowance=opening.allowance,
        headers={"PX-CbApiBranch": settings.branch} if settings.branch else {},
        explained=_EXPLAINED,
    )
    push = resolve(settings.push.value, opening.folder) if settings.push else None
    return AcumaticaConnector(opening, settings, profile, client, push)


def no_seat(answer: Answer) -> bool:
    """Whether the licence's sessions are all taken, which no new login mends."""
    return _SEATS in answer.body.lower()


class AcumaticaConnector(RestConnector):
    """Implements ``ports.Connector`` and ``ports.WebhookReceiver``."""

    def __init__(
        self,
        opening: Opening,
        settings: Settings,
        profile: AcumaticaProfile,
        client: HttpClient,
        push: Secret | None,
    ) -> None:
        lenses = {
            entity: lens.with_custom(opening.custom.get(entity, {})) for entity, lens in maps(profile).items()
        }
        super().__init__(
            dialect=AcumaticaDialect(settings, profile),
            client=client,
            clock=opening.clock,
            capabilities=_declared(opening, settings, lenses),
        )
        self._settings = settings
        self._push = push
        self._lenses = lenses

    # -- announcements -----------------------------------------------------------------------

    async def subscribe(self, url: str) -> None:
        """Destinations are set up by a person on form SM302000: there is nothing to ask the API for.
        ``syncd check`` says whether this connection expects any."""

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """See ``ports.WebhookReceiver``. A change comes as a row deleted and a row inserted."""
        push = self._settings.push
        if push is None or self._push is None:
            raise UnreadableAnswer("acumatica: this connection expects no push notifications")
        given = next((v for name, v in headers.items() if name.lower() == push.header.lower()), "")
        if not compare_digest(given.encode(), self._push.reveal().encode()):
            raise UnreadableAnswer("acumatica: a push notification without the header that proves it")
        try:
            told = msgspec.json.decode(body, type=_Notification)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise UnreadableAnswer("acumatica: a push notification is not what the API promises") from None
        about = push.queries.get(told.Query)
        if about is None:
            return []
        rows = [*told.Inserted, *told.Deleted]
        keys = (str(row[about.key]) for row in rows if row.get(about.key) not in (None, ""))
        return [(about.entity, key) for key in dict.fromkeys(keys)]

    # -- check -------------------------------------------------------------------------------

    async def probe(self) -> Sequence[Finding]:
        """Login, the endpoint's own description of itself, each kind of record, push notifications."""
        try:
            described = await self._described()
        except UnreadableAnswer as error:
            described = [Finding("warning", "endpoint", error.message, "the fields were not compared")]
        except SyncdError as error:
            return [Finding("error", "login", error.message, error.remedy)]
        return [*await super().probe(), *described, self._announced()]

    async def description(self) -> Description:
        """The endpoint's ``swagger.json``."""
        answer = await self._swagger()
        if not answer.ok:
            raise UnreadableAnswer(f"acumatica: HTTP {answer.status} instead of the endpoint's swagger.json")
        return Description("openapi", answer.body, {entity: kind.name for entity, kind in KINDS.items()})

    async def _swagger(self) -> Answer:
        settings = self._settings
        query = {"company": settings.tenant} if settings.tenant else {}
        return await self._http.read(f"{settings.path}/swagger.json", query)

    async def _described(self) -> Sequence[Finding]:
        settings = self._settings
        answer = await self._swagger()
        if answer.status == 404:
            message = f"the instance has no endpoint {settings.endpoint}/{settings.version}"
            return [Finding("error", "endpoint", message, "GET /entity lists those that it has")]
        try:
            schemas = answer.json()["components"]["schemas"]
            missing = missing_fields(schemas, self._lenses)
        except (KeyError, TypeError, AttributeError):
            raise UnreadableAnswer("the endpoint's description of itself cannot be read") from None
        if missing:
            message = f"the endpoint has no such fields: {', '.join(missing)}"
            return [Finding("error", "endpoint", message, "name another version or endpoint")]
        return [Finding("ok", "endpoint", f"{settings.endpoint}/{settings.version} has every mapped field")]

    def _announced(self) -> Finding:
        if self._settings.push is None:
            return Finding("ok", "push notifications", "none are expected: changes are seen by polling", "")
        names = ", ".join(self._settings.push.queries)
        return Finding("ok", "push notifications", f"expected of: {names} (set up on form SM302000)")


class _Notification(msgspec.Struct):
    Query: str
    Inserted: list[dict[str, Any]] = []
    Deleted: list[dict[str, Any]] = []


def missing_fields(schemas: Mapping[str, Any], lenses: Mapping[str, EntityMap]) -> list[str]:
    """Mapped fields that the endpoint's own description lacks, as ``Entity.Field``."""
    missing = []
    for entity, lens in lenses.items():
        name = KINDS[entity].name
        known = _properties(schemas.get(name, {}))
        roots = {field.path.partition(".")[0] for field in lens.fields}
        missing += [f"{name}.{root}" for root in sorted(roots - known - {APPLIED, DOCUMENT, TAX, "custom"})]
    return missing


def _properties(schema: Mapping[str, Any]) -> set[str]:
    """Of a schema, also where it is put together from several."""
    parts = [schema, *schema.get("allOf", ())]
    return {name for part in parts for name in part.get("properties", {})}


def _declared(opening: Opening, settings: Settings, lenses: Mapping[str, EntityMap]) -> Capabilities:
    specs = {}
    for entity, kind in KINDS.items():
        operations = {"create": Proof.LOOKUP} if kind.creates else {}
        operations |= {"update": Proof.CONTENT} if kind.updates else {}
        specs[entity] = EntitySpec(
            entity=entity,
            map=lenses[entity],
            operations={name: OperationSpec(proof) for name, proof in operations.items()},
            trusted_modified=True,
        )
    return Capabilities(
        platform="acumatica",
        entities=specs,
        webhooks=True,
        concurrency=opening.concurrency or settings.concurrency,
        settle_s=opening.settle_s,
        settle_provenance=opening.settle_provenance,
    )
