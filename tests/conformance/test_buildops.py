"""The BuildOps connector against the suite, over its sandbox: as most public code has it, and the other way
in everything that sources dispute."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from syncd.connectors.buildops.profile import load_profile
from syncd.core.model import Operation, Record
from syncd.ports import WriteRequest
from syncd.sandbox.buildops.server import OWN_PROFILE, BuildopsSandbox
from syncd.sandbox.buildops.tenant import KINDS
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Running, running
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.wire import WRONG, WireHarness

_KINDS = {
    "customer": "customers",
    "location": "properties",
    "job": "jobs",
    "invoice": "invoices",
    "vendor": "vendors",
    "employee": "employees",
}
_EDITED = {
    "customer": ("name", "name"),
    "location": ("name", "name"),
    "job": ("name", "issueDescription"),
    "invoice": ("description", "summary"),
    "vendor": ("name", "name"),
    "employee": ("last_name", "lastName"),
}
_NUMBERS = {
    "customer": "customerNumber",
    "location": "name",
    "job": "jobNumber",
    "invoice": "invoiceNumber",
    "vendor": "name",
    "employee": "email",
}


class _Harness(WireHarness):
    secrets: Sequence[str] = ("demo-secret", WRONG)
    edits: Mapping[str, str] = {entity: field for entity, (field, _) in _EDITED.items()}
    path = "/v1/[!a]*"

    def __init__(self, live: Running, control: SandboxControl, folder: Path, profile: Path) -> None:
        super().__init__("buildops", live, control, folder)
        self._profile = load_profile(profile)
        self._serial = count(1)

    @property
    def sandbox(self) -> BuildopsSandbox:
        sandbox = self.live.sandbox
        assert isinstance(sandbox, BuildopsSandbox)
        return sandbox

    def settings(self, secret: str) -> Mapping[str, Any]:
        details = self.live.ready.details
        return {
            "base_url": details["base_url"],
            "tenant_id": details["tenant_id"],
            "auth": {"client_id": details["client_id"], "client_secret": secret},
            "page_size": 4,
            "requests_per_s": 10_000,
        }

    def profile(self) -> BaseModel:
        return self._profile

    async def logins(self) -> int | None:
        return self.sandbox.logins

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        books, kind, keys = self.sandbox.books, _KINDS[entity], []
        for _ in range(count):
            number = next(self._serial)
            at = books.now() - int(age_s * 1_000_000)
            key = f"ffffffff-0000-4000-8000-{number:012d}"
            keys.append(books.seed(kind, key, self._fields(entity, number), at).id)
        return keys

    def _fields(self, entity: str, number: int) -> dict[str, Any]:
        line = {
            "lineItemType": "LaborLineItem",
            "name": "Labour",
            "quantity": 2,
            "unitPrice": 75,
            "amount": 150,
        }
        per_kind: Mapping[str, Mapping[str, Any]] = {
            "customer": {
                "name": f"Orchard Foods {number}",
                "customerNumber": f"N-{number}",
                "isActive": number % 3 != 0,
                "status": "active",
                "addresses": [{"addressType": "shippingAddress", "city": "Troy"}],
            },
            "location": {"name": f"Plant {number}", "address": {"city": "Dayton"}},
            "job": {"jobNumber": f"J{number}", "issueDescription": f"Job {number}", "status": "Open"},
            "invoice": {
                "invoiceNumber": f"S-{number}",
                "summary": f"Invoice {number}",
                "issuedDate": "1772452800",
                "discount": 10,
                "taxAmount": 9.0,
                "totalAmount": 149.0,
                "invoiceItems": [line],
            },
            "vendor": {"name": f"Harbor Supply {number}", "status": "active"},
            "employee": {"lastName": f"Whitaker {number}", "email": f"w{number}@demo.example"},
        }
        return {**dict.fromkeys(KINDS[_KINDS[entity]]), **per_kind[entity]}

    async def edit(self, entity: str, key: str, value: str) -> None:
        await self.control.act("edit", kind=_KINDS[entity], id=key, fields={_EDITED[entity][1]: value})

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        return {
            "number": f"D-{number}",
            "name": f"Harbor & Sons {number}",
            "phone": "555-0100",
            "street": "1 Mill Lane",
            "city": "Dayton",
            "state": "OH",
            "postal_code": "45402",
        }

    async def refused(self) -> WriteRequest:
        return WriteRequest("customer", Operation.CREATE, "refused-1", body={"name": ""})

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("declares no action")

    async def number(self, entity: str, key: str) -> str:
        row = self.sandbox.books.get(_KINDS[entity], key)
        assert row is not None
        return str(row.fields[_NUMBERS[entity]])

    async def count(self, entity: str) -> int:
        return len(self.sandbox.books.table(_KINDS[entity]))

    async def forbid(self, entity: str, key: str) -> None:
        path = f"/v1/{_KINDS[entity]}/{key}"
        await self.control.order(Fault(kind=FaultKind.STATUS, path=path, status=403, times=None))

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        raise AssertionError("announces nothing that is public")


class _Suite(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.buildops"
    entities: ClassVar[tuple[str, ...]] = tuple(_KINDS)
    disputes: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[_Harness]:
        text = OWN_PROFILE.read_text()
        for one, other in self.disputes.items():
            assert one in text, one
            text = text.replace(one, other)
        profile = tmp_path / "profile.yaml"
        profile.write_text(text)
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(running("buildops", Order(size=1, profile=profile)))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            harness = _Harness(live, control, tmp_path, profile)
            yield harness
            await harness.close()


class TestAsMostHaveIt(_Suite):
    pass


class TestTheOtherWay(_Suite):
    disputes: ClassVar[Mapping[str, str]] = {
        "first: 0": "first: 1",
        "size: limit": "size: page_size",
        "rows: items": "rows: data",
        "total: totalCount": "total: null",
        "customer: updatedAfter": "customer: lastUpdatedDateStart",
        "invoice: lastUpdatedDateStart": "invoice: null",
        "style: camel": "style: snake",
        "with_tenant: false": "with_tenant: true",
        "token: access_token": "token: token",
        "shape: long": "shape: short",
        '{include_inactive: "true"}': '{isActive: "all"}',
        "locked_by_version: true": "locked_by_version: false",
    }
