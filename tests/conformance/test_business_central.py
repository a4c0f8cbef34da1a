"""The Business Central connector against the suite, over its sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from syncd.connectors.business_central.entities import KINDS
from syncd.core.model import Operation, Record
from syncd.ports import WriteRequest
from syncd.sandbox.business_central.company import TAX_ACCOUNT
from syncd.sandbox.business_central.ledger import new
from syncd.sandbox.business_central.server import BusinessCentralSandbox
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.wire import WRONG, WireHarness

_EDITED: Mapping[str, tuple[str, str]] = {
    "customer": ("name", "displayName"),
    "vendor": ("name", "displayName"),
    "employee": ("last_name", "surname"),
    "item": ("name", "displayName"),
    "invoice": ("customer_po", "customerPurchaseOrderReference"),
    "purchase_order": ("number", "number"),
    "bill": ("number", "vendorInvoiceNumber"),
}
_STATE = "agreed-on-state"
_LINE = {"lineType": "Account", "lineObjectNumber": TAX_ACCOUNT, "description": "Labour"}


class _Harness(WireHarness):
    secrets: Sequence[str] = ("demo-secret", _STATE, WRONG)
    edits: Mapping[str, str] = {entity: field for entity, (field, _) in _EDITED.items()}
    path = "/v2.0/*"

    def __init__(self, *args: Any) -> None:
        super().__init__("business-central", *args)
        self._serial = count(1)

    @property
    def sandbox(self) -> BusinessCentralSandbox:
        sandbox = self.live.sandbox
        assert isinstance(sandbox, BusinessCentralSandbox)
        return sandbox

    def settings(self, secret: str) -> Mapping[str, Any]:
        details = self.live.ready.details
        state = self.folder / "state"
        state.write_text(_STATE)
        state.chmod(0o600)
        return {
            "base_url": details["base_url"],
            "root": details["root"],
            "company_id": details["company_id"],
            "auth": {
                "tenant": details["tenant"],
                "client_id": details["client_id"],
                "client_secret": secret,
                "login_url": details["base_url"],
            },
            "client_state": f"file:{state}",
            "chart": {"tax": {"type": "Account", "number": TAX_ACCOUNT}, "manual_orders": True},
            "page_size": 4,
            "requests_per_s": 1000,
        }

    async def logins(self) -> int | None:
        return self.sandbox.door.grants

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        return [self._seed(entity, age_s) for _ in range(count)]

    def _seed(self, entity: str, age_s: float = 0.0) -> str:
        books, name, number = self.sandbox.books, KINDS[entity].set, next(self._serial)
        at, ident = books.now() - int(age_s * 1_000_000), f"00000000-0000-4000-8000-{number:012d}"
        fields = new(name, self._fields(entity, number), number)
        # what is old has been posted since, as a document that may still be edited is always read again
        posted = {"status": "Open"} if age_s and KINDS[entity].lines else {}
        books.seed(name, ident, {**fields, **posted}, at)
        return ident

    def _fields(self, entity: str, number: int) -> dict[str, Any]:
        kind = KINDS[entity]
        lines = {kind.lines: [{**_LINE, "quantity": 2, kind.price: 75.0}]}
        party = {"phoneNumber": "555-0100", "addressLine1": "1 Mill Lane", "city": "Dayton"}
        per_kind: Mapping[str, Mapping[str, Any]] = {
            "customer": {"number": f"S{number:05d}", "displayName": f"Orchard Foods {number}", **party},
            "vendor": {"number": f"S{number:05d}", "displayName": f"Harbor Supply {number}", **party},
            "employee": {"number": f"E{number:05d}", "givenName": "Ada", "surname": f"Whitaker {number}"},
            "item": {"number": f"ITEM-{number}", "displayName": f"Item {number}", "unitPrice": 9.5},
            "invoice": {
                "customerId": "customer",
                "externalDocumentNumber": f"S-{number}",
                "invoiceDate": "2026-03-02",
                **lines,
            },
            "purchase_order": {"vendorId": "vendor", "number": f"Q-{number}", **lines},
            "bill": {
                "vendorId": "vendor",
                "vendorInvoiceNumber": f"B-{number}",
                "invoiceDate": "2026-03-02",
                **lines,
            },
        }
        fields = per_kind[entity]
        return {n: self._parent(v) if n in ("customerId", "vendorId") else v for n, v in fields.items()}

    def _parent(self, entity: str) -> str:
        row = next(iter(self.sandbox.books.table(KINDS[entity].set)), None)
        return row.id if row else self._seed(entity)

    async def edit(self, entity: str, key: str, value: str) -> None:
        await self.control.act("edit", kind=KINDS[entity].set, id=key, fields={_EDITED[entity][1]: value})

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        line: Record = {
            "description": "Labour",
            "quantity": Decimal(2),
            "amount": Decimal("150.00"),
            "account": "4010",
        }
        priced = {"unit_price" if entity == "invoice" else "unit_cost": Decimal("75")}
        party: Record = {
            "name": f"Orchard & Sons' {number}",
            "phone": "555-0100",
            "street": "1 Mill Lane",
            "city": "Dayton",
            "state": "OH",
            "postal_code": "45402",
        }
        document: Record = {
            "number": f"D-{number}",
            "date": date(2026, 3, 2),
            "lines": ({**line, **priced},),
        }
        drafts: Mapping[str, Record] = {
            "customer": party,
            "vendor": party,
            "invoice": {**document, "customer": self._parent("customer"), "tax": Decimal("9.00")},
            "purchase_order": {**document, "vendor": self._parent("vendor")},
            "bill": {**document, "vendor": self._parent("vendor")},
        }
        return drafts[entity]

    async def refused(self) -> WriteRequest:
        body = {"customerId": "00000000-0000-4000-8000-00000000dead", "externalDocumentNumber": "S-1"}
        return WriteRequest("invoice", Operation.CREATE, "refused-1", body=body)

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("declares no action")

    async def number(self, entity: str, key: str) -> str:
        row = self.sandbox.books.get(KINDS[entity].set, key)
        assert row is not None
        return str(row.fields[KINDS[entity].numbers[0]])

    async def count(self, entity: str) -> int:
        return len(self.sandbox.books.table(KINDS[entity].set))

    async def forbid(self, entity: str, key: str) -> None:
        path = f"/v2.0/*/{KINDS[entity].set}({key})"
        await self.control.order(Fault(kind=FaultKind.STATUS, path=path, status=403, times=None))

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        """One delivery for several subscriptions: of another company, and of a whole collection."""
        company, other = self.live.ready.details["company_id"], "b18aed47-c385-49d2-b954-dbdf8ad71780"
        key = "130bbd17-dbb9-4790-9b12-2b0e9c9d22c3"
        told = (
            (company, f"customers({key})", "updated"),
            (company, f"customers({key})", "updated"),
            (company, f"salesInvoices({key})", "created"),
            (company, "vendors?$filter=lastDateTimeModified%20gt%202018-10-15T11:00:00Z", "collection"),
            (other, f"items({key})", "updated"),
        )
        events = [
            {
                "subscriptionId": "b1",
                "clientState": _STATE,
                "expirationDateTime": "2026-03-07T10:00:00Z",
                "resource": f"api/v2.0/companies({where})/{what}",
                "changeType": change,
                "lastModifiedDateTime": "2026-03-04T17:20:01.057Z",
            }
            for where, what, change in told
        ]
        return {}, orjson.dumps({"value": events}), [("customer", key), ("invoice", key)]

    async def forgeries(self) -> Sequence[tuple[Mapping[str, str], bytes]]:
        headers, body, _ = await self.delivery()
        guessed = body.replace(_STATE.encode(), b"guessed", 1)
        return [
            (headers, guessed),
            (headers, b'{"value": []}'),
            (headers, b'{"value": [{"clientState": 7}]}'),
        ]


class TestBusinessCentral(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.business_central"
    entities: ClassVar[tuple[str, ...]] = tuple(KINDS)

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[_Harness]:
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(running("business-central", Order(size=1)))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            harness = _Harness(live, control, tmp_path)
            yield harness
            await harness.close()
