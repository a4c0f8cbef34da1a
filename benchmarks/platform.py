"""The two platforms of the benchmark as connectors: the real HTTP client, maps of 18 and 17 fields.

The left one lists invoices, the right one is a ledger that answers a write with the whole record.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from benchmarks.wire import PAGE
from syncd.core.model import Side
from syncd.core.outcome import Confirmed, Outcome, Rejected
from syncd.http import Answer, HttpClient, NoAuth
from syncd.http.outcomes import error_class
from syncd.mapping.atoms import Day, Flag, Identifier, Lines, Money, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.ports import (
    Capabilities,
    Clock,
    EntitySpec,
    Finding,
    OperationSpec,
    Page,
    Proof,
    Seen,
    WriteRequest,
)

ENTITY = "invoice"
CONCURRENCY = 32

LEFT_MAP = EntityMap(
    entity=ENTITY,
    fields=(
        FieldMap("number", "invoiceNumber", Text()),
        FieldMap("date", "transactionDate", Day()),
        FieldMap("due_date", "dueDate", Day()),
        FieldMap("customer", "customer.id", Identifier(as_integer=True)),
        FieldMap("location", "location.id", Identifier(as_integer=True)),
        FieldMap("job", "job.id", Identifier(as_integer=True)),
        FieldMap("description", "description", Text()),
        FieldMap("customer_po", "purchaseOrder", Text()),
        FieldMap("terms", "terms", Text()),
        FieldMap("department", "department", Text()),
        FieldMap("tax_district", "taxDistrict", Text()),
        FieldMap("tax", "tax", Money()),
        FieldMap("retainage", "retainage", Money()),
        FieldMap("total", "totalPrice", Money()),
        FieldMap("balance", "balance", Money(), writable=False),
        FieldMap("type", "type", Text()),
        FieldMap("status", "status", Text()),
        FieldMap(
            "lines",
            "items",
            Lines(
                (
                    ("description", "description", Text()),
                    ("quantity", "quantity", Number()),
                    ("unit_price", "price", Number()),
                    ("amount", "total", Money()),
                    ("taxable", "taxable", Flag()),
                )
            ),
        ),
    ),
)

RIGHT_MAP = EntityMap(
    entity=ENTITY,
    fields=(
        FieldMap("number", "doc.no", Text(max_length=20)),
        FieldMap("date", "doc.date", Day()),
        FieldMap("due_date", "doc.due", Day()),
        FieldMap("description", "doc.memo", Text(max_length=120)),
        FieldMap("customer_po", "doc.po", Text(max_length=30)),
        FieldMap("customer", "account.id", Identifier()),
        FieldMap("location", "account.site", Identifier()),
        FieldMap("job", "account.job", Identifier()),
        FieldMap("terms", "codes.terms", Text()),
        FieldMap("department", "codes.department", Text()),
        FieldMap("tax_district", "codes.tax", Text()),
        FieldMap("tax", "amounts.tax", Money(as_text=True)),
        FieldMap("retainage", "amounts.retainage", Money(as_text=True)),
        FieldMap("total", "amounts.total", Money(as_text=True)),
        FieldMap("balance", "amounts.balance", Money(as_text=True), writable=False),
        FieldMap("status", "state", Text(), writable=False),
        FieldMap(
            "lines",
            "lines",
            Lines(
                (
                    ("description", "memo", Text()),
                    ("quantity", "qty", Number()),
                    ("unit_price", "rate", Number()),
                    ("amount", "amount", Money(as_text=True)),
                    ("taxable", "taxable", Flag()),
                )
            ),
        ),
    ),
)

_OPERATIONS = {name: OperationSpec(Proof.LOOKUP) for name in ("create", "update")}
_SPECS = {
    Side.LEFT: EntitySpec(ENTITY, LEFT_MAP),
    Side.RIGHT: EntitySpec(ENTITY, RIGHT_MAP, _OPERATIONS, read_back=False),
}


class _Listed(msgspec.Struct):
    pages: int
    data: list[msgspec.Raw]


class _Key(msgspec.Struct):
    id: int


_listed = msgspec.json.Decoder(_Listed).decode
_key = msgspec.json.Decoder(_Key).decode


class BenchConnector:
    """``ports.Connector`` over the real HTTP client."""

    def __init__(
        self, base_url: str, side: Side, clock: Clock, *, incremental: bool = True, raw_stable: bool = True
    ) -> None:
        self._side = side
        self._http = HttpClient(
            connection=side.value,
            base_url=f"{base_url}/{side.value}",
            auth=NoAuth(),
            clock=clock,
            concurrency=CONCURRENCY,
        )
        spec = replace(_SPECS[side], incremental=incremental, raw_stable=raw_stable)
        self._capabilities = Capabilities(
            "bench", {ENTITY: spec}, concurrency=CONCURRENCY, settle_s=30.0, settle_provenance="measured"
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        at, last = int(resume or 1), False
        while not last:
            query = {"limit": str(PAGE), "page": str(at)}
            if since is not None:
                query = {"since": since} | query
            listed = _listed((await self._http.read(f"/{entity}", query)).body)
            records = [Seen(str(_key(raw).id), bytes(raw)) for raw in listed.data]
            at, last = at + 1, at >= listed.pages
            yield Page(records, resume=None if last else str(at), watermark="1" if last else None)

    async def fetch(self, entity: str, key: str) -> Seen | None:
        answer = await self._http.read(f"/{entity}/{key}")
        return Seen(key, answer.body)

    async def search(self, entity: str, number: str) -> Sequence[Seen]:  # noqa: ARG002 (has no search)
        return ()

    async def submit(self, request: WriteRequest) -> Outcome:
        answer = await self._http.write("POST", f"/{request.entity}", json=request.body)
        if not isinstance(answer, Answer):
            return answer
        if not answer.ok:
            return Rejected(error_class(answer.status), f"HTTP {answer.status}")
        return Confirmed(str(_key(answer.body).id), answer.body)

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:  # noqa: ARG002 (loses no answer)
        return ()

    async def probe(self) -> Sequence[Finding]:
        return ()

    async def close(self) -> None:
        await self._http.aclose()


def ledger_body(record: dict[str, Any]) -> dict[str, Any]:
    """What the engine posts for a left record, for the loop that posts the same without an engine."""
    return RIGHT_MAP.put({k: v for k, v in LEFT_MAP.get(record).items() if k not in _LOCAL}, None)


_LOCAL = frozenset({"type", "status", "balance", "customer", "location", "job"})
"""Stay on their side in a link of invoices alone."""
