"""The configuration-only connector against the suite, over its sandbox, in the variants such APIs come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncd.core.model import Operation, Record
from syncd.entities import user_defined
from syncd.entities.user_defined import Defined
from syncd.ports import WriteRequest
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.rest.server import RestSandbox
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.wire import WRONG, WireHarness

KINDS = {"customer": "customers", "equipment": "equipment"}
EQUIPMENT = user_defined.defined(
    "equipment",
    {
        "serial": Defined(),
        "name": Defined(normaliser="text", required=True),
        "customer": Defined(reference="customer"),
        "rate": Defined(type="money"),
        "installed": Defined(type="day"),
    },
    match=[["serial"]],
    label=["serial"],
)
_LOGINS: Mapping[str, Mapping[str, Any]] = {
    "bearer": {"scheme": "bearer", "token": "SECRET"},
    "api_key": {"scheme": "api_key", "key": "SECRET"},
    "basic": {"scheme": "basic", "username": "demo-user", "password": "SECRET"},
    "oauth2": {"scheme": "oauth2", "client_id": "demo-client", "client_secret": "SECRET"},
}
_PAGING: Mapping[str, Mapping[str, Any]] = {
    "page": {"paging": {"style": "page"}},
    "offset": {"paging": {"style": "offset"}},
    "cursor": {"paging": {"style": "cursor"}, "next_at": "next"},
    "link": {"paging": {"style": "link", "limit": "limit"}, "next_at": "Link"},
}
_VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "header": {"version": {"where": "header"}},
    "record": {"version": {"where": "record", "field": "etag"}},
    "body": {"version": {"where": "body", "field": "version"}},
    "none": {},
}
_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "customer": {
        "number": {"at": "number"},
        "name": {"at": "name", "max_length": 60},
        "phone": {"at": "phone"},
        "street": {"at": "street"},
        "city": {"at": "city"},
        "state": {"at": "state"},
        "postal_code": {"at": "zip"},
    },
    "equipment": {
        "serial": {"at": "serial"},
        "name": {"at": "name"},
        "customer": {"at": "customer_id", "type": "id"},
        "rate": {"at": "rate", "type": "money"},
        "installed": {"at": "installed_on", "type": "day"},
    },
}


class _Harness(WireHarness):
    secrets: Sequence[str] = ("demo-secret", WRONG)
    edits: Mapping[str, str] = {"customer": "name", "equipment": "name"}
    path = "/v1/[!o]*"

    def __init__(self, *args: Any, variant: Mapping[str, str]) -> None:
        super().__init__("rest", *args)
        self.variant = variant
        self._serial = count(1)

    @property
    def sandbox(self) -> RestSandbox:
        sandbox = self.live.sandbox
        assert isinstance(sandbox, RestSandbox)
        return sandbox

    def settings(self, secret: str) -> Mapping[str, Any]:
        login = {n: secret if v == "SECRET" else v for n, v in _LOGINS[self.variant["auth"]].items()}
        return {
            "base_url": self.live.ready.details["base_url"],
            "auth": login,
            "entities": {entity: self._entity(entity) for entity in KINDS},
        }

    def _entity(self, entity: str) -> Mapping[str, Any]:
        unix = self.variant["stamps"] == "unix_ms"
        return {
            "path": f"/{KINDS[entity]}",
            "rows": "data",
            "page_size": 4,
            **_PAGING[self.variant["paging"]],
            **_VERSIONS[self.variant["version"]],
            "changes": {
                "modified": "updated_at",
                "format": "unix" if unix else "iso",
                "precision": "ms" if unix else "us",
                "since": [{"parameter": "since"}],
            },
            "deleted": "deleted_at",
            "create": {"verb": "POST"},
            "update": {"verb": "PATCH"},
            "delete": {"verb": "DELETE"},
            "reference": {"field": "external_ref", "parameter": "external_ref"},
            "numbers": ["number" if entity == "customer" else "serial"],
            "fields": _FIELDS[entity],
        }

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        books, kind = self.sandbox.books, KINDS[entity]
        keys = []
        for _ in range(count):
            number = next(self._serial)
            key = f"{200_000 + number:06d}"
            books.seed(kind, key, self._fields(entity, number), books.now() - int(age_s * 1_000_000))
            keys.append(key)
        return keys

    def _fields(self, entity: str, number: int) -> dict[str, Any]:
        if entity == "customer":
            return {"number": f"N-{number}", "name": f"Orchard Foods {number}", "phone": None, "zip": "45402"}
        parent = next(iter(self.sandbox.books.table("customers"))).id
        return {"serial": f"S-{number}", "name": f"Unit {number}", "customer_id": parent, "rate": 12.5}

    async def edit(self, entity: str, key: str, value: str) -> None:
        await self.control.act("edit", kind=KINDS[entity], id=key, fields={"name": value})

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        if entity == "customer":
            return {"number": f"D-{number}", "name": f"Harbor & Sons {number}", "city": "Dayton"}
        parent = next(iter(self.sandbox.books.table("customers"))).id
        return {
            "serial": f"D-{number}",
            "name": f"Unit {number}",
            "customer": parent,
            "rate": Decimal("9.75"),
            "installed": date(2026, 3, 2),
        }

    async def refused(self) -> WriteRequest:
        return WriteRequest("customer", Operation.CREATE, "refused-1", body={"name": ""})

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("declares no action")

    async def number(self, entity: str, key: str) -> str:
        row = self.sandbox.books.get(KINDS[entity], key)
        assert row is not None
        return str(row.fields["number" if entity == "customer" else "serial"])

    async def count(self, entity: str) -> int:
        return len(self.sandbox.books.table(KINDS[entity]))

    async def forbid(self, entity: str, key: str) -> None:
        path = f"/v1/{KINDS[entity]}/{key}"
        await self.control.order(Fault(kind=FaultKind.STATUS, path=path, status=403, times=None))

    async def logins(self) -> int | None:
        return self.sandbox.door.grants if self.variant["auth"] == "oauth2" else None

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        raise AssertionError("announces nothing")


class _Suite(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.rest"
    entities: ClassVar[tuple[str, ...]] = ("customer", "equipment")
    variant: ClassVar[Mapping[str, str]]

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[_Harness]:
        user_defined.use([EQUIPMENT])
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(running("rest", Order(size=1, options=self.variant)))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            harness = _Harness(live, control, tmp_path, variant=self.variant)
            yield harness
            await harness.close()
        user_defined.use([])


class TestPagesAndETags(_Suite):
    variant: ClassVar[Mapping[str, str]] = {
        "paging": "page",
        "auth": "bearer",
        "version": "header",
        "stamps": "iso",
    }


class TestOffsetsAndVersionsInTheBody(_Suite):
    variant: ClassVar[Mapping[str, str]] = {
        "paging": "offset",
        "auth": "api_key",
        "version": "body",
        "stamps": "unix_ms",
    }


class TestLinksAndOAuth(_Suite):
    variant: ClassVar[Mapping[str, str]] = {
        "paging": "link",
        "auth": "oauth2",
        "version": "record",
        "stamps": "iso",
    }


class TestCursorsAndNoVersions(_Suite):
    variant: ClassVar[Mapping[str, str]] = {
        "paging": "cursor",
        "auth": "basic",
        "version": "none",
        "stamps": "iso",
    }
