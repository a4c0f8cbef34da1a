"""One open connection to a BuildOps tenant: a REST connection that asks its tenant about disputed facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from syncd.connectors.buildops import probing
from syncd.connectors.buildops.dialect import BuildopsDialect
from syncd.connectors.buildops.entities import maps
from syncd.connectors.buildops.login import TokenRequest
from syncd.connectors.buildops.profile import BuildopsProfile
from syncd.connectors.buildops.settings import Settings
from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput, SyncdError
from syncd.http import HttpClient, Rate, TokenLogin
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.ports import Capabilities, EntitySpec, Finding, OperationSpec, Proof
from syncd.rest import RestConnector
from syncd.secrets.reference import resolve

_FUTURE: Final = "2100-01-01T00:00:00.000Z"
_LOOKED_AT: Final = 25


def open_connection(opening: Opening) -> BuildopsConnector:
    """Builds the connection, without talking to anybody. Raises ``FixInput`` without a site profile, or for a
    secret that cannot be read."""
    settings, profile = opening.settings, opening.profile
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    if not isinstance(profile, BuildopsProfile):
        raise FixInput(
            f"{opening.connection}: BuildOps' API reference is by invitation, and public sources dispute "
            "paging, envelopes, filters, addresses and the login's body",
            remedy="set `profile` of the connection to a site profile; start from the sandbox's",
        )
    secret = resolve(settings.auth.client_secret, opening.folder)
    client = HttpClient(
        connection=opening.connection,
        base_url=settings.base_url,
        auth=TokenLogin(
            TokenRequest(opening.connection, settings, secret, profile.login),
            opening.clock,
            opening.connection,
            opening.vault,
        ),
        clock=opening.clock,
        concurrency=opening.concurrency or settings.concurrency,
        rate=Rate(settings.requests_per_s),
        timeout_s=settings.timeout_s,
        ca_file=settings.ca_file,
        private_network=settings.private_network,
        tap=opening.tap,
        allowance=opening.allowance,
        headers={"tenantId": settings.tenant_id},
    )
    return BuildopsConnector(opening, settings, profile, client)


class BuildopsConnector(RestConnector):
    """Implements ``ports.Connector``. Webhooks are advertised, and nothing public says how they look."""

    def __init__(
        self, opening: Opening, settings: Settings, profile: BuildopsProfile, client: HttpClient
    ) -> None:
        self._profile = profile
        super().__init__(
            dialect=BuildopsDialect(settings, profile),
            client=client,
            clock=opening.clock,
            capabilities=_declared(opening, settings, profile),
        )

    async def probe(self) -> Sequence[Finding]:
        """Login, then every disputed fact that reading can settle, then each kind of record."""
        try:
            disputed = await self._disputed()
        except SyncdError as error:
            return [Finding("error", "login", error.message, error.remedy), probing.experimental()]
        return [*await super().probe(), *disputed, probing.experimental()]

    async def _disputed(self) -> list[Finding]:
        pages, changes = self._profile.pages, self._profile.changes
        path = "/customers"
        answer = await self._http.read(path, {**self._profile.inactive, pages.size: str(_LOOKED_AT)})
        body = answer.json() if answer.ok else None
        customers = _rows(body)
        found = probing.envelope(body, self._profile)
        zero, one = [await self._keys(path, page) for page in (0, 1)]
        found += probing.first_page(zero, one, self._profile)
        found += probing.size(len(one or zero or []), self._profile)
        asked = {
            "customer": ("/customers", changes.customer),
            "location": ("/properties", changes.location),
            "job": ("/jobs", changes.job),
            "invoice": ("/invoices", changes.invoice),
        }
        for entity, (where, parameter) in asked.items():
            if parameter is not None:
                late = await self._http.read(where, {parameter: _FUTURE, pages.size: "1"})
                found += probing.changes(entity, parameter, len(_rows(late.json())) if late.ok else 1)
        return found + probing.address(customers, self._profile)

    async def _keys(self, path: str, page: int) -> list[str] | None:
        """Keys on one page of one record; None where it is refused."""
        query = {**self._profile.inactive, "page": str(page), self._profile.pages.size: "1"}
        answer = await self._http.read(path, query)
        return [str(row.get("id")) for row in _rows(answer.json())] if answer.ok else None


def _rows(body: Any) -> list[Mapping[str, Any]]:
    """The records of a list, under whichever name it stands."""
    named = [body[name] for name in ("items", "data") if isinstance(body, Mapping) and name in body]
    rows = named[0] if named else body
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _declared(opening: Opening, settings: Settings, profile: BuildopsProfile) -> Capabilities:
    changes = profile.changes.model_dump()
    operations: dict[str, Proof] = {}
    if profile.reference is not None:
        operations["create"] = Proof.LOOKUP
    if profile.update_customers:
        operations["update"] = Proof.CONTENT
    specs = {}
    for entity, lens in maps(profile, settings.timezone).items():
        mine = operations if entity == "customer" else {}
        specs[entity] = EntitySpec(
            entity=entity,
            map=_writable(lens, mine).with_custom(opening.custom.get(entity, {})),
            operations={name: OperationSpec(proof) for name, proof in mine.items()},
            incremental=changes.get(entity) is not None,
            # whether deleted records are listed is not known: absence is no evidence
            full_listing=False,
            conditional_write=entity == "customer" and profile.locked_by_version,
            trusted_modified=True,
        )
    return Capabilities(
        platform="buildops",
        entities=specs,
        concurrency=opening.concurrency or settings.concurrency,
        settle_s=opening.settle_s,
        settle_provenance=opening.settle_provenance,
    )


def _writable(lens: EntityMap, operations: Mapping[str, Proof]) -> EntityMap:
    """A field that no operation of this connection writes is read only."""
    if "update" in operations:
        return lens
    fields = tuple(
        FieldMap(f.name, f.path, f.atom, writable=f.writable and bool(operations), create_only=True)
        for f in lens.fields
    )
    return replace(lens, fields=fields)
