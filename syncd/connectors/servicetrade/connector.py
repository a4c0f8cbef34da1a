"""One open connection to a ServiceTrade account: a REST connection, with comments and webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.connectors.registry import Opening
from syncd.connectors.servicetrade import webhooks, writing
from syncd.connectors.servicetrade.checking import Checks
from syncd.connectors.servicetrade.dialect import ID_DIGITS, ServiceTradeDialect
from syncd.connectors.servicetrade.edge import words
from syncd.connectors.servicetrade.entities import ROLES, entity_maps
from syncd.connectors.servicetrade.hours import Hours
from syncd.connectors.servicetrade.login import scheme
from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.connectors.servicetrade.settings import Settings
from syncd.core.errors import FixInput, RenewCredentials, RetryLater
from syncd.core.outcome import Retry, Unknown
from syncd.http import Answer, HttpClient, Rate
from syncd.ports import Capabilities, EntitySpec, Finding, OperationSpec, Page, Proof, Seen, WriteRequest
from syncd.rest import RestConnector, Row

_CONCURRENCY: Final = 4
_OPERATIONS: Final[Mapping[str, Mapping[str, Proof]]] = {
    "customer": {"create": Proof.LOOKUP, "update": Proof.CONTENT},
    # nothing shows how a company becomes one that is bought from
    "vendor": {"update": Proof.CONTENT},
    "location": {"create": Proof.LOOKUP, "update": Proof.CONTENT, "delete": Proof.LOOKUP},
    "invoice": dict.fromkeys(writing.ACTIONS, Proof.LOOKUP),
    "bill": dict.fromkeys(writing.ACTIONS, Proof.LOOKUP),
    "payment": {"create": Proof.LOOKUP},
}
_CHANGES_UNTOLD: Final = frozenset({"payment", "time_entry"})
"""What is listed without the time of its last change."""
_ACTIVE_ONLY: Final = frozenset({"customer", "vendor", "employee"})
"""What lists leave out once it is inactive, so that absence proves nothing."""
_HOURS: Final = "time_entry"


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
    if settings.labour is not None and None in (profile.clock, profile.people):
        raise FixInput(
            f"{opening.connection}: `labour` wants hours to be read, and the site profile says neither whose "
            "they are nor of which job",
            remedy="set `clock` and `people` in the profile, or leave `labour` out",
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
        allowance=opening.allowance,
    )
    return ServiceTradeConnector(opening, settings, profile, client)


class ServiceTradeConnector(RestConnector):
    """Implements ``ports.Connector`` and ``ports.WebhookReceiver``."""

    def __init__(
        self, opening: Opening, settings: Settings, profile: ServiceTradeProfile, client: HttpClient
    ) -> None:
        self._speech = ServiceTradeDialect(profile, settings)
        super().__init__(
            dialect=self._speech,
            client=client,
            clock=opening.clock,
            capabilities=_declared(opening, settings, self._speech),
        )
        self._settings = settings
        self._profile = profile
        self._hours: Hours | None = None
        if _HOURS in self._speech.resources and profile.clock is not None and settings.labour is not None:
            self._hours = Hours(profile.clock, settings.labour, settings, self._events, self._pairs)

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        if entity == _HOURS and self._hours is not None:
            pages = self._hours.pages(since=since, resume=resume, now=self._clock.now())
        else:
            pages = super().pages(entity, since=since, resume=resume)
        async for page in pages:
            yield page

    async def fetch(self, entity: str, key: str) -> Seen | None:
        if entity == _HOURS and self._hours is not None:
            return await self._hours.fetch(key)
        seen = await super().fetch(entity, key) if key.isdecimal() else None
        if seen is None or entity not in ROLES or await self._plays(entity, seen):
            return seen
        return None

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        if entity == _HOURS and self._hours is not None:
            return await self._hours.search(number, self._clock.now())
        found = {seen.key: seen for seen in await super().search(entity, number)}
        by_id = await self.fetch(entity, number) if len(number) >= ID_DIGITS else None
        return list((found | ({by_id.key: by_id} if by_id else {})).values())

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        if request.action != "comment":
            return await super().evidence(request)
        key = request.key or ""
        return [Seen(key, raw) for raw in await self._comments(key) if self._is_ours(request, raw)]

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
        checks = Checks(self._http, self._speech)
        return await checks.run("/auth" if session else "/oauth2/userinfo")

    # -- inside ------------------------------------------------------------------------------

    async def _events(self, query: Mapping[str, str]) -> Sequence[Row]:
        return await self._rows(_HOURS, query)

    async def _pairs(self, job: int) -> Answer | None:
        answer = await self._http.read(f"{self._speech.resources['job'].path}/{job}/clockevent")
        return None if answer.status == 404 else self._readable(_HOURS, answer)

    async def _plays(self, entity: str, company: Seen) -> bool:
        """Whether a company is a customer, or a vendor. It says neither itself, so it is looked for by its
        name among the vendors; one that is none of them is a customer, though no list may show it yet."""
        name = msgspec.json.decode(company.raw, type=dict[str, Any])["name"]

        async def listed(role: str) -> bool:
            return any(row.key == company.key for row in await self._rows(role, {"name": name}))

        sells = await listed("vendor")
        return sells if entity == "vendor" else not sells or await listed("customer")

    async def _comments(self, key: str) -> list[bytes]:
        names = self._profile.comments
        query = {names.entity_id: key}
        if names.entity_type is not None:
            query[names.entity_type] = str(self._profile.entity_types.invoice)
        found: list[bytes] = []
        at, pages = 1, 1
        while at <= pages:
            answer = await self._http.read(names.path, {**query, "limit": "500", "page": str(at)})
            listed = self._speech.comments(self._readable("comment", answer))
            found += [row.raw for row in listed.rows]
            at, pages = at + 1, listed.pages or 1
        return found

    def _is_ours(self, request: WriteRequest, raw: bytes) -> bool:
        names = self._profile.comments
        wire = msgspec.json.decode(raw, type=dict[str, Any])
        # the filter is assumed: a list that ignores it shows other records' comments too
        about = str(wire.get(names.entity_id)) == request.key
        return about and writing.marker(request.reference) in str(wire.get(names.text))

    async def _change(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        answer = await self._http.write(method, path, json=body)
        if isinstance(answer, Retry | Unknown):
            raise RetryLater(answer.words)
        if not answer.ok and answer.status != 404:
            raise FixInput(f"servicetrade refuses the webhook: {words(answer)}")


def _declared(opening: Opening, settings: Settings, dialect: ServiceTradeDialect) -> Capabilities:
    maps = entity_maps(dialect.profile, settings.timezone)
    return Capabilities(
        platform="servicetrade",
        entities={
            entity: EntitySpec(
                entity=entity,
                map=maps[entity].with_custom(opening.custom.get(entity, {})),
                operations={
                    name: OperationSpec(proof) for name, proof in _OPERATIONS.get(entity, {}).items()
                },
                incremental=resource.incremental or entity == _HOURS,
                full_listing=entity not in _ACTIVE_ONLY,
                trusted_modified=entity not in _CHANGES_UNTOLD,
            )
            for entity, resource in dialect.resources.items()
        },
        webhooks=True,
        concurrency=opening.concurrency or _CONCURRENCY,
        settle_s=opening.settle_s,
        settle_provenance=opening.settle_provenance,
    )
