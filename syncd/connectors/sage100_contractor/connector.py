"""One open connection to Sage 100 Contractor: SQL in, MBXML out, both through the bridge beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from syncd.connectors.sage100_contractor import entities, probing, writing
from syncd.connectors.sage100_contractor.entities import Shapes
from syncd.connectors.sage100_contractor.mbxml import Contract, read_answer
from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.connectors.sage100_contractor.reading import Reader
from syncd.connectors.sage100_contractor.settings import Settings
from syncd.connectors.sage100_contractor.statements import Statements
from syncd.connectors.sage100_contractor.tables import Layout, Source, sources
from syncd.core.errors import FixInput, NothingMatched, RetryLater, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.mapping.entity_map import EntityMap
from syncd.ports import (
    BridgeChannel,
    Capabilities,
    Clock,
    Description,
    EntitySpec,
    Finding,
    OperationSpec,
    Page,
    Proof,
    Seen,
    WriteRequest,
)

_NAMES: Final = ("table_name", "column_name")


@dataclass(frozen=True, slots=True)
class Settling:
    """How long a lost write may still surface, and how that is known."""

    seconds: float | None = None
    provenance: str = "unknown"


class Sage100ContractorConnector:
    """See ``ports.Connector``. Raises also ``FixInput`` where the site's profile does not hold."""

    def __init__(
        self,
        settings: Settings,
        profile: Sage100ContractorProfile,
        channel: BridgeChannel,
        clock: Clock,
        *,
        custom: Mapping[str, Mapping[str, str]],
        concurrency: int,
        settling: Settling,
    ) -> None:
        self._settings: Final = settings
        self._profile: Final = profile
        self._channel: Final = channel
        self._sources: Final = sources(
            billing=settings.billing, locations=settings.locations, payroll=settings.payroll
        )
        self._layout: Final = Layout(
            absent=settings.absent,
            reference=profile.reference_column,
            own={s.table: frozenset(custom.get(e, {}).values()) for e, s in self._sources.items()},
        )
        self._maps: Final[Mapping[str, EntityMap]] = {
            entity: entities.build(source, profile, self._layout, custom.get(entity, {}))
            for entity, source in self._sources.items()
        }
        self._statements: Final = Statements(settings.dialect, self._layout, line_stamps=settings.line_stamps)
        self._reader: Final = Reader(
            channel,
            self._statements,
            self._layout,
            zone=ZoneInfo(profile.server_time_zone),
            page_size=settings.page_size,
            overlap=timedelta(seconds=settings.overlap_s),
            now=clock.now,
            pay_types=profile.pay_types,
        )
        self._contract: Final = Contract(profile.schema_file)
        self._drafting: Final = writing.Drafting(settings, profile, self._layout, self._contract)
        self._capabilities: Final = self._declared(concurrency, settling)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    # -- reading -------------------------------------------------------------------------------

    def pages(self, entity: str, *, since: str | None, resume: str | None = None) -> AsyncIterator[Page]:
        return self._reader.pages(self._source(entity), since=since, resume=resume)

    async def fetch(self, entity: str, key: str) -> Seen | None:
        return await self._reader.fetch(self._source(entity), key)

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        return await self._reader.called(self._source(entity), number)

    async def description(self) -> Description:
        """The columns that are read, as the database describes them: an update of the product that changes
        one is told before a record shows it."""
        tables = {entity: source.table for entity, source in self._sources.items()}
        statement = self._statements.inventory(sorted(set(tables.values())))
        rows = await self._channel.query(statement.text, statement.parameters)
        found = [{**row, **{name: str(row[name]).lower() for name in _NAMES}} for row in rows]
        known = [r for r in found if r["column_name"] in self._layout.columns(r["table_name"])]
        known.sort(key=lambda row: [row[name] for name in _NAMES])
        return Description("information-schema", msgspec.json.encode(known), tables)

    # -- writing -------------------------------------------------------------------------------

    async def submit(self, request: WriteRequest) -> Outcome:
        source = self._source(request.entity)
        try:
            standing = await self._standing(source, request)
            if standing is not None:
                return standing
            draft = await self._draft(source, request)
        except (RetryLater, UnreadableAnswer) as wrong:
            # only reads were tried so far
            return Retry(ErrorClass.CONNECTION, wrong.message, self._settings.retry_after_s)
        except FixInput as wrong:
            return Retry(ErrorClass.INTERNAL, wrong.message, self._settings.retry_after_s)
        if isinstance(draft, Rejected):
            return draft
        refused = await self._hand_over(draft)
        return refused if refused is not None else await self._read_back(source, request)

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        source = self._source(request.entity)
        if request.operation is Operation.UPDATE and request.key is not None:
            now = await self._reader.fetch(source, request.key)
            held = now is not None and writing.already_so(self._maps[request.entity], request.body, now)
            return [now] if held and now is not None else []
        if request.operation is not Operation.CREATE:
            return []
        ours = await self._reader.where(source, {self._layout.reference: request.reference})
        if ours:
            return ours
        natural = writing.natural_key(source, request.body)
        if not natural:
            return []
        # a record that carries another reference belongs to another write
        found = await self._reader.where(source, {**natural, self._layout.reference: None})
        return [seen for seen in found if writing.same_total(request.body, seen)]

    async def _standing(self, source: Source, request: WriteRequest) -> Outcome | None:
        """What the books already say about a write, before anything is sent."""
        if request.operation is Operation.UPDATE:
            return await self._before_update(source, request)
        if request.operation is not Operation.CREATE:
            return Rejected(ErrorClass.PERMISSION, f"Sage records are not changed by {request.name!r}")
        ours = await self._reader.where(source, {self._layout.reference: request.reference})
        if ours:
            return _one(ours, request)
        number = request.body.get("invnum")
        if not number or self._profile.duplicate_invoice_numbers == "allowed":
            return None
        found = await self._reader.where(source, {"invnum": number})
        standing = [seen.key for seen in found if not writing.is_void(seen)]
        if not standing:
            return None
        return Rejected(
            ErrorClass.DUPLICATE,
            f"Sage already has this invoice number, as record {', '.join(standing)}",
            field="number",
        )

    async def _before_update(self, source: Source, request: WriteRequest) -> Outcome | None:
        lens = self._maps[request.entity]
        now = await self._reader.fetch(source, request.key or "")
        if now is None:
            return Rejected(ErrorClass.NOT_FOUND, f"{source.table} has no record {request.key}")
        if writing.already_so(lens, request.body, now):
            return Confirmed(now.key, now.raw)
        if request.expected is not None and writing.changed_since(lens, request.expected, now):
            return Rejected(
                ErrorClass.CONFLICT, f"{source.table} {now.key} changed in Sage since it was read"
            )
        return None

    async def _draft(self, source: Source, request: WriteRequest) -> writing.Draft | Rejected:
        number: int | None = None
        if self._drafting.needs_number(source, request):
            rows = await self._reader.run(self._statements.highest(source.table))
            number = int(rows[0]["highest"] or 0) + 1 if rows else 1
        return self._drafting.draft(source, self._maps[request.entity], request, number)

    async def _hand_over(self, draft: writing.Draft) -> Outcome | None:
        """None where Sage says that it carried the request out."""
        try:
            data = await self._channel.submit(draft.document)
        except RetryLater as wrong:
            return Retry(ErrorClass.CONNECTION, wrong.message, wrong.after_s or self._settings.retry_after_s)
        except FixInput as wrong:
            return Rejected(ErrorClass.TOO_LARGE, wrong.message)
        except UnreadableAnswer as wrong:
            return Unknown(ErrorClass.CONNECTION, wrong.message)
        try:
            answer = read_answer(data, draft.shape, draft.message_set)
        except UnreadableAnswer as wrong:
            return Unknown(ErrorClass.PARSE, wrong.message)
        return self._drafting.outcome(answer)

    async def _read_back(self, source: Source, request: WriteRequest) -> Outcome:
        """What Sage now shows is what is confirmed, never what was sent."""
        try:
            if request.operation is Operation.UPDATE:
                now = await self._reader.fetch(source, request.key or "")
                found: Sequence[Seen] = [now] if now is not None else []
            else:
                found = await self._reader.where(source, {self._layout.reference: request.reference})
        except (RetryLater, UnreadableAnswer) as wrong:
            return Unknown(ErrorClass.CONNECTION, f"Sage took it and could not be read back: {wrong.message}")
        return _one(found, request)

    # -- the connection ------------------------------------------------------------------------

    async def probe(self) -> Sequence[Finding]:
        return await probing.Probe(
            self._settings,
            self._profile,
            self._channel,
            self._statements,
            self._layout,
            self._sources,
            self._contract,
        ).findings()

    async def close(self) -> None:
        """The channel belongs to the bridge; there is nothing of ours to close."""

    def _source(self, entity: str) -> Source:
        try:
            return self._sources[entity]
        except KeyError:
            raise NothingMatched(
                f"Sage 100 Contractor offers no {entity!r} at this site",
                remedy=f"offered with {self._settings.billing} billing: {', '.join(self._sources)}",
            ) from None

    def _declared(self, concurrency: int, settling: Settling) -> Capabilities:
        specs = {
            entity: EntitySpec(
                entity,
                self._maps[entity],
                _operations(Shapes.of(source.table, self._profile.requests), self._layout.reference),
                full_listing=not source.archived,
                read_back=False,
            )
            for entity, source in self._sources.items()
        }
        return Capabilities(
            "sage100-contractor",
            specs,
            concurrency=concurrency,
            settle_s=settling.seconds,
            settle_provenance=settling.provenance,
        )


def _operations(shapes: Shapes, reference: str) -> Mapping[str, OperationSpec]:
    """Nothing is created that could not be found again: a create must carry our reference."""
    operations: dict[str, OperationSpec] = {}
    if shapes.creates_with(reference):
        operations["create"] = OperationSpec(Proof.LOOKUP)
    if shapes.update is not None:
        operations["update"] = OperationSpec(Proof.CONTENT)
    return operations


def _one(found: Sequence[Seen], request: WriteRequest) -> Outcome:
    """Confirmed is what is found exactly once."""
    if len(found) == 1:
        return Confirmed(found[0].key, found[0].raw)
    if not found:
        return Unknown(ErrorClass.SERVER, "Sage answered that it carried this out, and shows no such record")
    keys = ", ".join(seen.key for seen in found)
    return Unknown(
        ErrorClass.DUPLICATE, f"more than one record carries reference {request.reference}: {keys}"
    )
