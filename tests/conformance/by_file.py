"""The harness of platforms that are written by file: people export reports, import files and say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path

from syncd.core.model import Operation, Record
from syncd.files.connector import FileConnector
from syncd.files.documents import document_map
from syncd.ports import WriteRequest
from tests.conformance.harness import Moment, Trouble
from tests.integration.files.handover import Handover

ENTITIES = ("customer", "job", "invoice", "time_entry", "purchase_order", "job_cost")
_REPORTED = ("customer", "job")
_AMOUNT = {"invoice": "total", "time_entry": "regular_hours", "purchase_order": "total", "job_cost": "amount"}


class FileHarness:
    """Implements ``Harness`` over a folder."""

    secrets: Sequence[str] = ()
    edits: Mapping[str, str] = {}

    def __init__(self, site: Path, platform: str) -> None:
        self._handover = Handover(site, platform)
        self._reports: dict[str, dict[str, str]] = {entity: {} for entity in _REPORTED}
        self._serial = count(1)

    async def connect(self, *, good_credentials: bool = True) -> FileConnector:
        assert good_credentials, "nobody logs in"
        return self._handover.connect(page=4)

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        """Masters stand in the report; documents were handed over, imported and confirmed."""
        keys = [f"{entity[0].upper()}{next(self._serial):04d}" for _ in range(count)]
        if entity in _REPORTED:
            self._reports[entity] |= {key: f"Orchard {key}" for key in keys}
            self._handover.report(entity, self._reports[entity])
            return keys
        connector = await self.connect()
        for key in keys:
            await connector.submit(self._request(entity, {**await self.draft(entity), "number": key}))
        now = self._handover.clock.now()
        for made in self._handover.desk().run("people", now, entity):
            self._handover.desk().confirm(made.batch, "people", now)
        return keys

    def _request(self, entity: str, record: Record) -> WriteRequest:
        body = document_map(entity, _REPORTED).put(record, None)
        return WriteRequest(entity, Operation.CREATE, f"seed-{record['number']}", body=body)

    async def edit(self, entity: str, key: str, value: str) -> None:
        raise AssertionError("what was handed over is not edited")

    async def draft(self, entity: str) -> Record:
        if entity in _REPORTED:
            return {"number": "C1", "name": "Orchard"}
        return {
            "number": f"N{next(self._serial):04d}",
            "date": date(2026, 11, 19),
            _AMOUNT[entity]: Decimal("418.25"),
        }

    async def refused(self) -> WriteRequest:
        """More decimals than the reviewed layout writes."""
        body = {"number": "R-1", "date": "2026-11-19", "total": "1.005"}
        return WriteRequest("invoice", Operation.CREATE, "refused-1", body=body)

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("there are no actions")

    async def number(self, entity: str, key: str) -> str:
        return key

    async def count(self, entity: str) -> int:
        if entity in _REPORTED:
            return len(self._reports[entity])
        ledger = self._handover.desk().ledger
        return len(ledger.posted_after(entity, 0, 1000)) + len(ledger.waiting(entity))

    async def forbid(self, entity: str, key: str) -> None:
        raise AssertionError("there are no rights within a folder")

    async def order(self, trouble: Trouble, moment: Moment, *, after: int = 0) -> None:
        raise AssertionError(f"files have no such trouble: {trouble} {moment} {after}")

    async def logins(self) -> int | None:
        return None

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        raise AssertionError("files announce nothing")

    async def forgeries(self) -> Sequence[tuple[Mapping[str, str], bytes]]:
        raise AssertionError("files announce nothing")
