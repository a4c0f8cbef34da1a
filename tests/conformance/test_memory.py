"""The memory connector, in both its shapes, against the suite."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import ClassVar

import pytest

from syncd.connectors.memory import (
    FIELD,
    LEDGER,
    Behaviour,
    Call,
    Fault,
    FaultKind,
    Manner,
    MemoryConnector,
    MemoryPlatform,
    OrderedFaults,
    Refused,
    Shape,
    trimmed,
)
from syncd.core.model import Operation, Record
from syncd.core.outcome import ErrorClass
from syncd.ports import WriteRequest
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.harness import Moment, Trouble

_FAULTS = {
    Trouble.LOST_BEFORE: FaultKind.LOST_BEFORE,
    Trouble.LOST_AFTER: FaultKind.LOST_AFTER,
    Trouble.BUSY: FaultKind.RETRY_LATER,
    Trouble.HTML: FaultKind.UNREADABLE,
    Trouble.TRUNCATED: FaultKind.TRUNCATED,
    Trouble.LOGIN_EXPIRED: FaultKind.LOGIN_EXPIRED,
    Trouble.SHIFT: FaultKind.PAGE_SHIFT,
    Trouble.INCOMPLETE: FaultKind.INCOMPLETE,
}
_PARENTS = {
    "location": ("customer",),
    "job": ("customer", "location"),
    "invoice": ("customer", "location", "job"),
    "payment": ("invoice",),
}


class _Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class _Harness:
    secrets: Sequence[str] = ("open-sesame", "wrong-password")
    edits: Mapping[str, str] = {
        "customer": "name",
        "location": "name",
        "job": "name",
        "invoice": "description",
        "payment": "number",
    }

    def __init__(self, shape: Shape, behaviour: Behaviour) -> None:
        self.clock = _Clock()
        self.faults = OrderedFaults()
        self.platform = MemoryPlatform(
            shape,
            self.clock,
            behaviour=behaviour,
            faults=self.faults,
            refuse=_period_is_closed,
            normalise=trimmed(shape),
        )
        self._serial = count(1)

    async def connect(self, *, good_credentials: bool = True) -> MemoryConnector:
        password = self.platform.password if good_credentials else "wrong-password"
        return MemoryConnector(self.platform, Manner(password=password))

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        lens = self.platform.shape.maps[entity]
        self.clock.at -= timedelta(seconds=age_s)
        keys = [self.platform.add(entity, lens.put(await self.draft(entity), None)) for _ in range(count)]
        self.clock.at += timedelta(seconds=age_s)
        return keys

    async def edit(self, entity: str, key: str, value: str) -> None:
        lens = self.platform.shape.maps[entity]
        wire = self.platform.records(entity)[key]
        self.platform.edit(entity, key, lens.put({self.edits[entity]: value}, wire))

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        parents = {parent: await self._parent(parent) for parent in _PARENTS.get(entity, ())}
        record: dict[str, Record] = {
            "customer": {"number": f"C{number}", "name": f"Orchard Foods {number}", "city": "Dayton"},
            "location": {"number": f"L{number}", "name": f"Plant {number}", "taxable": True},
            "job": {"number": f"J{number}", "name": "Annual inspection", "status": "scheduled"},
            "invoice": {
                "number": f"S-{number}",
                "date": date(2026, 3, 1),
                "total": Decimal("418.25"),
                "status": "pending_accounting",
                "lines": (
                    {"description": "Labour", "quantity": Decimal("1.5"), "amount": Decimal("418.25")},
                ),
            },
            "payment": {"number": f"P{number}", "date": date(2026, 3, 1), "amount": Decimal("10.00")},
        }
        return {**record[entity], **parents}

    async def refused(self) -> WriteRequest:
        body = self.platform.shape.maps["invoice"].put({"date": date(1999, 1, 1)}, None)
        return WriteRequest("invoice", Operation.CREATE, "refused-1", body=body)

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        return (await self.seed(entity, 1))[0], {"set_status": "processed"}.get(name, "4711")

    async def number(self, entity: str, key: str) -> str:
        lens = self.platform.shape.maps[entity]
        return str(lens.get(self.platform.records(entity)[key])["number"])

    async def count(self, entity: str) -> int:
        return len(self.platform.records(entity))

    async def forbid(self, entity: str, key: str) -> None:
        self.platform.forbidden.add((entity, key))

    async def order(self, trouble: Trouble, moment: Moment, *, after: int = 0) -> None:
        call = Call.PAGE if moment is Moment.READ else Call.WRITE
        self.faults.order(call, Fault(_FAULTS[trouble], after_s=5.0), after=after)

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        raise AssertionError("a memory platform announces nothing")

    async def _parent(self, entity: str) -> str:
        known = list(self.platform.records(entity))
        return known[0] if known else (await self.seed(entity, 1))[0]


def _period_is_closed(entity: str, operation: Operation, wire: Mapping[str, object]) -> Refused | None:
    dates = (wire.get("transactionDate"), wire.get("doc_date"))
    if entity == "invoice" and any(str(day) < "2000" for day in dates if day):
        return Refused(ErrorClass.VALIDATION, "The period of this date is closed.")
    return None


class _Suite(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.memory"
    entities: ClassVar[tuple[str, ...]] = ("customer", "location", "job", "invoice", "payment")
    shape: ClassVar[Shape]
    behaviour: ClassVar[Behaviour]

    @pytest.fixture
    def harness(self) -> _Harness:
        return _Harness(self.shape, self.behaviour)


class TestField(_Suite):
    shape = FIELD
    behaviour = Behaviour(page_size=4)


class TestLedger(_Suite):
    shape = LEDGER
    behaviour = Behaviour(page_size=2, conditional_write=True, returns_record=False, delete_feed=True)


class TestNativeKey(_Suite):
    shape = LEDGER
    behaviour = Behaviour(page_size=3, native_key_life_s=86_400.0)

    async def test_a_repeated_create_is_answered_not_repeated(self, harness: _Harness) -> None:
        connector = await harness.connect()
        body = harness.platform.shape.maps["customer"].put({"name": "Orchard Foods"}, None)
        request = WriteRequest("customer", Operation.CREATE, "once-1", body=body)
        assert await connector.submit(request) == await connector.submit(request)
        assert harness.platform.duplicates == 0
