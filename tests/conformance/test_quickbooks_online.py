"""The QuickBooks Online connector against the suite, over its sandbox."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from syncd.connectors.quickbooks_online.entities import KINDS
from syncd.core.model import Operation, Record
from syncd.ports import WriteRequest
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.quickbooks_online.company import PAYABLES, TAX_ITEM
from syncd.sandbox.quickbooks_online.ledger import settled
from syncd.sandbox.quickbooks_online.server import QuickBooksSandbox
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.wire import WRONG, WireHarness

_EDITED: Mapping[str, tuple[str, str]] = {
    "customer": ("name", "DisplayName"),
    "vendor": ("name", "DisplayName"),
    "item": ("name", "Name"),
    "invoice": ("description", "CustomerMemo"),
    "payment": ("number", "PaymentRefNum"),
    "purchase_order": ("description", "Memo"),
    "bill": ("terms", "SalesTermRef"),
}
_NUMBERS = {
    "customer": "DisplayName",
    "vendor": "DisplayName",
    "item": "Sku",
    "invoice": "DocNumber",
    "payment": "PaymentRefNum",
    "purchase_order": "DocNumber",
    "bill": "DocNumber",
}
_VERIFIER = "verifier-token"
_NESTED = {"CustomerMemo", "SalesTermRef"}
"""Fields whose text stands one level below."""


class _Harness(WireHarness):
    secrets: Sequence[str] = ("demo-secret", _VERIFIER, WRONG)
    edits: Mapping[str, str] = {entity: field for entity, (field, _) in _EDITED.items()}
    path = "/v3/*"

    def __init__(self, *args: Any) -> None:
        super().__init__("quickbooks-online", *args)
        self._serial = count(1)

    @property
    def sandbox(self) -> QuickBooksSandbox:
        sandbox = self.live.sandbox
        assert isinstance(sandbox, QuickBooksSandbox)
        return sandbox

    def settings(self, secret: str) -> Mapping[str, Any]:
        details = self.live.ready.details
        for name, value in (("client", details["client_secret"]), ("verifier", _VERIFIER)):
            file = self.folder / name
            file.write_text(value)
            file.chmod(0o600)
        return {
            "base_url": details["base_url"],
            "realm_id": details["realm_id"],
            "auth": {
                "client_id": details["client_id"],
                "client_secret": f"file:{self.folder / 'client'}",
                "refresh_token": secret,
                "login_url": details["base_url"],
                "revoke_url": details["base_url"],
            },
            "webhook_verifier": f"file:{self.folder / 'verifier'}",
            "chart": {"tax_item": TAX_ITEM, "payables_account": PAYABLES},
            "page_size": 4,
            "requests_per_s": 1000,
        }

    async def logins(self) -> int | None:
        return self.sandbox.door.grants

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        return [self._seed(entity, age_s) for _ in range(count)]

    def _seed(self, entity: str, age_s: float = 0.0) -> str:
        books, kind, number = self.sandbox.books, KINDS[entity].name, next(self._serial)
        at, ident = books.now() - int(age_s * 1_000_000), str(90_000 + number)
        books.seed(kind, ident, settled(kind, self._fields(entity, number)), at)
        return ident

    def _fields(self, entity: str, number: int) -> dict[str, Any]:
        sold = {"ItemRef": {"value": TAX_ITEM[:-1] + "1"}, "Qty": 2, "UnitPrice": 75.0}
        sale = {"Amount": 150.0, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
        cost = {
            "Amount": 150.0,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": PAYABLES}},
        }
        party = {
            "PrimaryPhone": {"FreeFormNumber": "555-0100"},
            "BillAddr": {"Line1": "1 Mill Lane", "City": "Dayton"},
        }
        per_kind: Mapping[str, Mapping[str, Any]] = {
            "customer": {"DisplayName": f"Orchard Foods {number}", "Job": False, **party},
            "vendor": {"DisplayName": f"Harbor Supply {number}", **party},
            "item": {"Name": f"Item {number}", "Sku": f"ITEM-{number}", "Type": "Service", "UnitPrice": 9.5},
            "invoice": {
                "CustomerRef": "customer",
                "DocNumber": f"S-{number}",
                "TxnDate": "2026-03-02",
                "Line": [sale],
            },
            "payment": {
                "CustomerRef": "customer",
                "PaymentRefNum": f"CHK{number}",
                "TotalAmt": 10.5,
                "TxnDate": "2026-03-02",
                "Line": [{"Amount": 10.5, "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}],
            },
            "purchase_order": {
                "VendorRef": "vendor",
                "DocNumber": f"Q-{number}",
                "TxnDate": "2026-03-02",
                "APAccountRef": {"value": PAYABLES},
                "Line": [cost],
            },
            "bill": {
                "VendorRef": "vendor",
                "DocNumber": f"B-{number}",
                "TxnDate": "2026-03-02",
                "Line": [cost],
            },
        }
        fields = per_kind[entity]
        return {n: {"value": self._parent(v)} if n in _PARENTS else v for n, v in fields.items()}

    def _parent(self, entity: str) -> str:
        row = next(iter(self.sandbox.books.table(KINDS[entity].name)), None)
        return row.id if row else self._seed(entity)

    async def edit(self, entity: str, key: str, value: str) -> None:
        field = _EDITED[entity][1]
        fields = {field: {"value": value} if field in _NESTED else value}
        await self.control.act("edit", kind=KINDS[entity].name, id=key, fields=fields)

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        line: Record = {
            "description": "Labour",
            "quantity": Decimal(2),
            "amount": Decimal("150.00"),
            "item": TAX_ITEM[:-1] + "1",
        }
        party: Record = {
            "name": f"Orchard & Sons' {number}",
            "phone": "555-0100",
            "street": "1 Mill Lane",
            "city": "Dayton",
            "state": "OH",
            "postal_code": "45402",
        }
        document: Record = {"number": f"D-{number}", "date": date(2026, 3, 2), "lines": (line,)}
        drafts: Mapping[str, Record] = {
            "customer": party,
            "vendor": party,
            "invoice": {**document, "customer": self._parent("customer"), "tax": Decimal("9.00")},
            "purchase_order": {**document, "vendor": self._parent("vendor"), "description": "Parts"},
            "bill": {
                **document,
                "vendor": self._parent("vendor"),
                "lines": ({**line, "item": None, "account": PAYABLES},),
            },
        }
        return drafts[entity]

    async def refused(self) -> WriteRequest:
        body = {"CustomerRef": {"value": "77"}, "DocNumber": "S-1", "TxnDate": "2026-03-02"}
        line = {"Amount": 1.0, "Item": TAX_ITEM}
        return WriteRequest("invoice", Operation.CREATE, "refused-1", body={**body, "Line": [line]})

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("declares no action")

    async def number(self, entity: str, key: str) -> str:
        row = self.sandbox.books.get(KINDS[entity].name, key)
        assert row is not None
        return str(row.fields[_NUMBERS[entity]])

    async def count(self, entity: str) -> int:
        return len(self.sandbox.books.table(KINDS[entity].name))

    async def forbid(self, entity: str, key: str) -> None:
        path = f"/v3/company/*/{KINDS[entity].name.lower()}/{key}"
        await self.control.order(Fault(kind=FaultKind.STATUS, path=path, status=403, times=None))

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        """One delivery about two companies, and about a kind of record that is none of ours."""
        realm = self.live.ready.details["realm_id"]
        told = (
            ("qbo.customer.updated.v1", "58", realm),
            ("qbo.customer.updated.v1", "58", realm),
            ("qbo.purchaseorder.created.v1", "771", realm),
            ("qbo.invoice.deleted.v1", "12", "999"),
            ("qbo.journalentry.created.v1", "13", realm),
        )
        events = [
            {
                "specversion": "1.0",
                "id": f"0d3c-{at}",
                "source": "intuit.abc=",
                "type": kind,
                "datacontenttype": "application/json",
                "time": "2026-08-02T10:11:12.123456789Z",
                "intuitentityid": key,
                "intuitaccountid": account,
                "data": {},
            }
            for at, (kind, key, account) in enumerate(told)
        ]
        body = orjson.dumps(events)
        return signed(body), body, [("customer", "58"), ("purchase_order", "771")]

    async def forgeries(self) -> Sequence[tuple[Mapping[str, str], bytes]]:
        headers, body, _ = await self.delivery()
        guessed = {"intuit-signature": b64encode(b"guessed").decode()}
        return [({}, body), (guessed, body), (headers, body + b" ")]


_PARENTS = {"CustomerRef", "VendorRef"}


def signed(body: bytes, verifier: str = _VERIFIER) -> Mapping[str, str]:
    """The header that proves a delivery."""
    return {"Intuit-Signature": b64encode(hmac.digest(verifier.encode(), body, "sha256")).decode()}


class TestQuickBooksOnline(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.quickbooks_online"
    entities: ClassVar[tuple[str, ...]] = tuple(KINDS)

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[_Harness]:
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(running("quickbooks-online", Order(size=1)))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            harness = _Harness(live, control, tmp_path)
            yield harness
            await harness.close()
