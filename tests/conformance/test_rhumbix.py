"""The Rhumbix connector against the suite, over its sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncd.core.model import Operation, Record
from syncd.ports import WriteRequest
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.rhumbix import company
from syncd.sandbox.rhumbix.company import EMPLOYEES, ENTRIES, PROJECTS
from syncd.sandbox.rhumbix.server import RhumbixSandbox
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Running, running
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.wire import WRONG, WireHarness

_KINDS = {"employee": EMPLOYEES, "job": PROJECTS, "time_entry": ENTRIES}
_EDITED = {
    "employee": ("last_name", "last_name"),
    "job": ("name", "name"),
    "time_entry": ("description", "comment"),
}


class _Harness(WireHarness):
    secrets: Sequence[str] = ("demo-key-of-rhumbix", WRONG)
    edits: Mapping[str, str] = {entity: field for entity, (field, _) in _EDITED.items()}

    def __init__(self, live: Running, control: SandboxControl, folder: Path) -> None:
        super().__init__("rhumbix", live, control, folder)
        self._serial = count(1)

    @property
    def sandbox(self) -> RhumbixSandbox:
        sandbox = self.live.sandbox
        assert isinstance(sandbox, RhumbixSandbox)
        return sandbox

    def settings(self, secret: str) -> Mapping[str, Any]:
        details = self.live.ready.details
        imports = {"base_url": details["imports_url"], "company_key": details["company_key"]}
        return {
            "base_url": details["base_url"],
            "api_key": secret,
            "imports": imports,
            "page_size": 4,
            "requests_per_s": 1_000,
        }

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        return [self._seeded(entity, next(self._serial), age_s) for _ in range(count)]

    def _seeded(self, entity: str, number: int, age_s: float) -> str:
        books = self.sandbox.books
        at = books.now() - int(age_s * 1_000_000)
        match entity:
            case "employee":
                key = f"9{number:03d}"
                told: dict[str, Any] = {"company_supplied_id": key, "last_name": f"Whitaker {number}"}
                told |= {"first_name": "Dana", "email": f"seeded{number}@demo.example"}
                return books.seed(EMPLOYEES, key, company.employee(told, at), at).id
            case "job":
                key = f"J-{number}"
                told = {"job_number": key, "name": f"Job {number}"}
                return books.seed(PROJECTS, key, company.project(told, 1), at).id
            case _:
                row = books.seed(ENTRIES, str(90_000_000 + number), self._entry(number), at)
                company.remember(books, row, "CREATED", at)
                return f"{row.id}-standard"

    def _entry(self, number: int) -> dict[str, Any]:
        (pattern, *_) = self.sandbox.books.table(ENTRIES)
        own = {"standard_time_minutes": 60 + number, "over_time_minutes": 0, "double_time_minutes": 0}
        return {**pattern.fields, **own, "employee": f"9{number:03d}"}

    async def edit(self, entity: str, key: str, value: str) -> None:
        ident = key.partition("-standard")[0]
        await self.control.act("edit", kind=_KINDS[entity], id=ident, fields={_EDITED[entity][1]: value})

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        if entity == "job":
            return {"number": f"24-{number}", "name": "Annual inspection", "status": "active"}
        return {
            "number": f"8{number:03d}",
            "first_name": "Luis",
            "last_name": "Muñoz",
            "email": f"luis{number}@demo.example",
            "phone": f"+1614555{8000 + number}",
            "trade": "Pipefitter",
            "classification": "Journeyman",
            "status": "active",
        }

    async def refused(self) -> WriteRequest:
        (key,) = await self.seed("employee", 1)
        row = self.sandbox.books.get(EMPLOYEES, key)
        assert row is not None
        body = {"company_supplied_id": "7001", "last_name": "Twin", "email": row.fields["email"]}
        return WriteRequest("employee", Operation.CREATE, "refused-1", body=body)

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("declares no action")

    async def number(self, entity: str, key: str) -> str:
        return key

    async def count(self, entity: str) -> int:
        rows = self.sandbox.books.table(_KINDS[entity])
        if entity != "time_entry":
            return len(rows)
        classes = ("standard_time_minutes", "over_time_minutes", "double_time_minutes")
        return sum(row.fields[name] > 0 for row in rows for name in classes)

    async def forbid(self, entity: str, key: str) -> None:
        path = f"/public_api/v2/{_KINDS[entity]}/"
        await self.control.order(Fault(kind=FaultKind.STATUS, path=path, status=403, times=None))

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        raise AssertionError("announces nothing")


class TestRhumbix(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.rhumbix"
    entities: ClassVar[tuple[str, ...]] = tuple(_KINDS)
    main: ClassVar[str] = "employee"

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[_Harness]:
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(running("rhumbix", Order(size=1)))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            harness = _Harness(live, control, tmp_path)
            yield harness
            await harness.close()
