"""The Acumatica connector against the suite, over its sandbox, in both contract versions."""

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
from pydantic import BaseModel

from syncd.connectors.acumatica.entities import KINDS
from syncd.connectors.acumatica.profile import load_profile
from syncd.core.model import Operation, Record
from syncd.ports import WriteRequest
from syncd.sandbox.acumatica.server import OWN_PROFILE, AcumaticaSandbox
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Running, running
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.wire import WRONG, WireHarness

_EDITED = {
    "customer": ("name", "CustomerName"),
    "vendor": ("name", "VendorName"),
    "employee": ("last_name", "EmployeeName"),
    "item": ("name", "Description"),
    "job": ("name", "Description"),
    "invoice": ("description", "Description"),
    "payment": ("number", "PaymentRef"),
    "purchase_order": ("description", "Description"),
    "bill": ("description", "Description"),
    "time_entry": ("description", "Summary"),
}
_NUMBERS = {
    "customer": "CustomerID",
    "vendor": "VendorID",
    "employee": "EmployeeID",
    "item": "InventoryID",
    "job": "ProjectID",
    "invoice": "CustomerOrder",
    "payment": "PaymentRef",
    "purchase_order": "VendorRef",
    "bill": "VendorRef",
    "time_entry": "ExternalRefNbr",
}
_TYPES = {"invoice": "Invoice", "bill": "Bill", "purchase_order": "Normal", "payment": "Payment"}
PUSH = {"X-Syncd": "push-secret"}


class _Harness(WireHarness):
    secrets: Sequence[str] = ("demo-secret", "push-secret", WRONG)
    edits: Mapping[str, str] = {entity: field for entity, (field, _) in _EDITED.items()}
    path = "/entity/Default/*"

    def __init__(self, live: Running, control: SandboxControl, folder: Path, version: str) -> None:
        super().__init__("acumatica", live, control, folder)
        self.version = version
        self._serial = count(1)

    @property
    def sandbox(self) -> AcumaticaSandbox:
        sandbox = self.live.sandbox
        assert isinstance(sandbox, AcumaticaSandbox)
        return sandbox

    def settings(self, secret: str) -> Mapping[str, Any]:
        details = self.live.ready.details
        for name, value in (("client", details["client_secret"]), ("push", PUSH["X-Syncd"])):
            file = self.folder / name
            file.write_text(value)
            file.chmod(0o600)
        return {
            "base_url": details["base_url"],
            "version": self.version,
            "auth": {
                "client_id": details["client_id"],
                "client_secret": f"file:{self.folder / 'client'}",
                "refresh_token": secret,
            },
            "push": {
                "header": "X-Syncd",
                "value": f"file:{self.folder / 'push'}",
                "queries": {"FS-Customers": {"entity": "customer", "key": "CustomerID"}},
            },
            "page_size": 4,
        }

    def profile(self) -> BaseModel:
        return load_profile(OWN_PROFILE)

    async def logins(self) -> int | None:
        return self.sandbox.door.grants

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        return [self._seed(entity, age_s) for _ in range(count)]

    def _seed(self, entity: str, age_s: float = 0.0) -> str:
        books, number = self.sandbox.books, next(self._serial)
        at = books.now() - int(age_s * 1_000_000)
        fields = self._fields(entity, number)
        ident = f"00000000-0000-4000-8000-{number:012d}"
        books.seed(KINDS[entity].name, ident, fields, at)
        if entity in _TYPES:
            return f"{fields['Type']}/{fields.get('ReferenceNbr') or fields.get('OrderNbr')}"
        return str(fields[KINDS[entity].key])

    def _fields(self, entity: str, number: int) -> dict[str, Any]:
        lines = [{"LineNbr": 1, "Qty": 2.0, "UnitPrice": 75.0, "Amount": 150.0, "TaxCategory": "TAXABLE"}]
        money = {"Type": _TYPES.get(entity), "Status": "Open", "Date": "2026-03-02T00:00:00+00:00"}
        party = {"MainContact": {"Phone1": "555-0100", "Address": {"City": "Dayton"}}, "Status": "Active"}
        per_kind: Mapping[str, Mapping[str, Any]] = {
            "customer": {"CustomerID": f"S{number:05d}", "CustomerName": f"Orchard Foods {number}", **party},
            "vendor": {"VendorID": f"S{number:05d}", "VendorName": f"Harbor Supply {number}", **party},
            "employee": {"EmployeeID": f"E{number:05d}", "EmployeeName": f"Whitaker {number}"},
            "item": {"InventoryID": f"ITEM-{number}", "Description": f"Item {number}", "DefaultPrice": 9.5},
            "job": {"ProjectID": f"P{number:05d}", "Description": f"Job {number}", "Customer": "PARENT"},
            "invoice": {
                **money,
                "ReferenceNbr": f"SR{number:05d}",
                "Customer": "PARENT",
                "CustomerOrder": f"S-{number}",
                "Amount": 150.0,
                "Details": lines,
            },
            "payment": {
                **money,
                "ReferenceNbr": f"SP{number:05d}",
                "CustomerID": "PARENT",
                "PaymentRef": f"CHK{number}",
                "PaymentAmount": 10.5,
                "ApplicationDate": "2026-03-02T00:00:00+00:00",
                "DocumentsToApply": [{"DocType": "Invoice", "ReferenceNbr": "AR1", "AmountPaid": 10.5}],
            },
            "purchase_order": {
                **money,
                "OrderNbr": f"SO{number:05d}",
                "VendorRef": f"Q-{number}",
                "OrderTotal": 150.0,
                "Details": lines,
            },
            "bill": {
                **money,
                "ReferenceNbr": f"SB{number:05d}",
                "VendorRef": f"B-{number}",
                "Amount": 150.0,
                "Details": lines,
            },
            "time_entry": {
                "TimeEntryID": f"10000000-0000-4000-8000-{number:012d}",
                "ExternalRefNbr": f"T-{number}",
                "Date": "2026-03-02T00:00:00+00:00",
                "TimeSpent": "07:30",
                "EarningType": "RG",
            },
        }
        fields = dict(per_kind[entity])
        return {n: self._parent("customer") if v == "PARENT" else v for n, v in fields.items()}

    def _parent(self, entity: str) -> str:
        row = next(iter(self.sandbox.books.table(KINDS[entity].name)), None)
        return str(row.fields[KINDS[entity].key]) if row else self._seed(entity)

    async def edit(self, entity: str, key: str, value: str) -> None:
        await self.control.act("edit", kind=KINDS[entity].name, key=key, fields={_EDITED[entity][1]: value})

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        line: Record = {"description": "Labour", "quantity": Decimal(2), "amount": Decimal("150.00")}
        party: Record = {
            "name": f"Orchard & Sons {number}",
            "phone": "555-0100",
            "street": "1 Mill Lane",
            "city": "Dayton",
            "state": "OH",
            "postal_code": "45402",
        }
        document: Record = {
            "number": f"D-{number}",
            "date": date(2026, 3, 2),
            "description": "Service",
            "lines": (line,),
        }
        drafts: Mapping[str, Record] = {
            "customer": party,
            "vendor": party,
            "job": {
                "number": f"J{number}",
                "name": "Chiller #2",
                "customer": self._parent("customer"),
            },
            "invoice": {**document, "customer": self._parent("customer"), "tax": Decimal("9.00")},
            "bill": {**document, "vendor": self._parent("vendor")},
            "purchase_order": {**document, "vendor": self._parent("vendor")},
            "time_entry": {
                "employee": self._parent("employee"),
                "date": date(2026, 3, 2),
                "job": self._parent("job"),
                "earning": "RG",
                "regular_hours": Decimal("7.5"),
                "description": "Chiller",
            },
        }
        return drafts[entity]

    async def refused(self) -> WriteRequest:
        body = {"Customer": "NOPE", "CustomerOrder": "S-1"}
        return WriteRequest("invoice", Operation.CREATE, "refused-1", body=body)

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("declares no action")

    async def number(self, entity: str, key: str) -> str:
        row = self.sandbox._found(KINDS[entity].name, key)
        assert row is not None
        return str(row.fields[_NUMBERS[entity]])

    async def count(self, entity: str) -> int:
        return len(self.sandbox.books.table(KINDS[entity].name))

    async def forbid(self, entity: str, key: str) -> None:
        path = f"/entity/Default/{self.version}/{KINDS[entity].name}/{key}"
        await self.control.order(Fault(kind=FaultKind.STATUS, path=path, status=403, times=None))

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        rows = [{"CustomerID": "C001001", "Status": "Active"}, {"CustomerID": "C001002"}]
        body = {
            "Inserted": rows,
            "Deleted": rows[:1],
            "Query": "FS-Customers",
            "CompanyId": "Demo",
            "Id": "b7",
        }
        hints = [("customer", "C001001"), ("customer", "C001002")]
        return PUSH, orjson.dumps({**body, "TimeStamp": 638800000000000000, "AdditionalInfo": {}}), hints

    async def forgeries(self) -> Sequence[tuple[Mapping[str, str], bytes]]:
        _, body, _ = await self.delivery()
        return [({}, body), ({"X-Syncd": "guessed"}, body), ({"x-syncd": ""}, body)]


class _Suite(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.acumatica"
    entities: ClassVar[tuple[str, ...]] = tuple(KINDS)
    version: ClassVar[str]
    contract: ClassVar[str]

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[_Harness]:
        options = {"version": self.version, "contract": self.contract}
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(running("acumatica", Order(size=1, options=options)))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            harness = _Harness(live, control, tmp_path, self.version)
            yield harness
            await harness.close()


class TestContract4(_Suite):
    version = "24.200.001"
    contract = "4"


class TestContract5(_Suite):
    version = "26.200.001"
    contract = "5"
