"""One open connection to Rhumbix: read by the current API, written by the older one's batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from syncd.connectors.registry import Opening
from syncd.connectors.rhumbix.dialect import HISTORY, IMPORTED, RhumbixDialect, Version
from syncd.connectors.rhumbix.entities import ENTRY_STATUSES, maps
from syncd.connectors.rhumbix.imports import Importing
from syncd.connectors.rhumbix.settings import Settings
from syncd.core.outcome import Outcome, Retry, Unknown
from syncd.http import Answer, ApiKey, HttpClient, Rate
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Archive, Capabilities, EntitySpec, Finding, OperationSpec, Proof, Seen, WriteRequest
from syncd.rest import Ask, Call, Check, Current, Listed, RestConnector, Row
from syncd.rest.batch import Batch
from syncd.rest.walk import EVERYTHING, Walk
from syncd.secrets.reference import resolve

_HEADER: Final = "x-api-key"
_GATHER_S: Final = 0.02
"""How long a write waits for others to travel with."""
_EMPTY_PAGE: Final = b'{"count":0,"next":null,"previous":null,"results":[]}'
_ENTRY_PAGES: Final = 50
"""Of one entry's history: more is no history of an entry."""


def open_connection(opening: Opening) -> RhumbixConnector:
    """Builds the connection, without talking to anybody. Raises ``FixInput`` for an unreadable key."""
    settings = opening.settings
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    key = resolve(settings.api_key, opening.folder)

    def client(base_url: str) -> HttpClient:
        return HttpClient(
            connection=opening.connection,
            base_url=base_url,
            auth=ApiKey(_HEADER, key),
            clock=opening.clock,
            concurrency=opening.concurrency or settings.concurrency,
            rate=Rate(settings.requests_per_s),
            timeout_s=settings.timeout_s,
            ca_file=settings.ca_file,
            private_network=settings.private_network,
            tap=opening.tap,
        )

    imports = None if settings.imports is None else client(settings.imports.base_url)
    return RhumbixConnector(opening, settings, client(settings.base_url), imports)


class RhumbixConnector(RestConnector):
    """Implements ``ports.Connector``. Nothing is announced: changes are polled."""

    def __init__(
        self, opening: Opening, settings: Settings, client: HttpClient, imports: HttpClient | None
    ) -> None:
        """``imports``: a client for the older API; None: nothing is written."""
        dialect = RhumbixDialect(settings)
        declared = _declared(opening, settings)
        super().__init__(dialect=dialect, client=client, clock=opening.clock, capabilities=declared)
        self._rhumbix = dialect
        self._imports = imports
        self._batches: Mapping[str, Batch] = {}
        if imports is not None and settings.imports is not None:
            self._batches = {
                entity: Batch(
                    Importing(
                        imports, settings.imports, opening.clock, word, dialect.resources[entity].key
                    ).send,
                    size=declared.concurrency,
                    wait_s=_GATHER_S,
                )
                for entity, word in IMPORTED.items()
            }

    # -- reading -----------------------------------------------------------------------------

    async def _page(self, entity: str, walk: Walk, begin: int | None, ask: Ask) -> tuple[Answer, Listed]:
        answer, listed = await super()._page(entity, walk, begin, ask)
        if walk.part != EVERYTHING:
            return answer, listed
        # a walk over everything shows what is there; what is gone is told to those who knew it
        return answer, replace(listed, rows=[row for row in listed.rows if not row.deleted])

    def _readable(self, entity: str, answer: Answer) -> Answer:
        if self._rhumbix.beyond(answer):
            return Answer(200, answer.headers, _EMPTY_PAGE)
        return super()._readable(entity, answer)

    async def _current(self, entity: str, key: str) -> Current | None:
        if entity == "time_entry":
            rows = await self._entry(key.partition("-")[0])
        else:
            rows = await self._rows(entity, {self._resource(entity).key: key})
        return next((Current(row) for row in rows if row.key == key and not row.deleted), None)

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        if entity != "time_entry":
            return await super().search(entity, number)
        ident, _, part = number.strip().partition("-")
        rows = await self._entry(ident)
        wanted = {f"{ident}-{part}"} if part else {row.key for row in rows}
        return [Seen(row.key, row.raw) for row in rows if row.key in wanted and not row.deleted]

    async def _entry(self, ident: str) -> Sequence[Row]:
        """The classes of one entry as it stands now: no address shows an entry, its history does."""
        if not ident.isascii() or not ident.isdecimal():
            return []
        versions: list[Version] = []
        for page in range(1, _ENTRY_PAGES):
            answer = await self._read("time_entry", HISTORY, {"ids": ident, "page": str(page)})
            found, more = self._rhumbix.history(answer)
            versions += found
            if not more:
                break
        newest = self._rhumbix.newest(versions)
        return [] if newest is None else self._rhumbix.parts(newest)

    # -- writing -----------------------------------------------------------------------------

    async def _send(self, request: WriteRequest, call: Call) -> Outcome:
        part = await self._batches[request.entity].send(call)
        return part if isinstance(part, Retry | Unknown) else self._dialect.outcome(request, part)

    async def close(self) -> None:
        for batch in self._batches.values():
            await batch.close()
        if self._imports is not None:
            await self._imports.aclose()
        await super().close()

    # -- check -------------------------------------------------------------------------------

    def checks(self) -> Sequence[Check]:
        return [Check("statuses", self._lifecycle, "the life of an entry was not compared")]

    def settings_say(self) -> Sequence[Finding]:
        words = (
            "employees and projects are imported in batches" if self._imports else "read only: no `imports`"
        )
        return [Finding("ok", "imports", words)]

    async def _lifecycle(self) -> Finding:
        answer = await self._read("time_entry", "/timekeeping_statuses/", {})
        unknown = self._rhumbix.unknown_statuses(answer, ENTRY_STATUSES)
        if unknown:
            words = f"entries here have statuses that are not known: {', '.join(unknown)}"
            return Finding("error", "statuses", words, "such entries are quarantined; tell us what they mean")
        return Finding("ok", "statuses", f"an entry's life is as known: {', '.join(ENTRY_STATUSES)}")


def _declared(opening: Opening, settings: Settings) -> Capabilities:
    writes = {"create": OperationSpec(Proof.LOOKUP), "update": OperationSpec(Proof.CONTENT)}
    specs = {}
    for entity, lens in maps().items():
        mine = writes if entity in IMPORTED and settings.imports is not None else {}
        specs[entity] = EntitySpec(
            entity=entity,
            map=_writable(lens, bool(mine)).with_custom(opening.custom.get(entity, {})),
            operations=mine,
            archive=Archive(fields={"status": "inactive"}) if mine else None,
            # employees and projects do not say when they changed
            incremental=entity == "time_entry",
            # what is put away may be left out of lists; entries that are deleted are told of
            full_listing=False,
            trusted_modified=entity == "time_entry",
        )
    return Capabilities(
        platform="rhumbix",
        entities=specs,
        concurrency=opening.concurrency or settings.concurrency,
        settle_s=opening.settle_s,
        settle_provenance=opening.settle_provenance,
    )


def _writable(lens: EntityMap, writes: bool) -> EntityMap:
    if writes:
        return lens
    return replace(lens, fields=tuple(replace(field, writable=False) for field in lens.fields))
