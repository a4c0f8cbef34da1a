"""The Sage 100 Contractor connector against the suite, over the sandbox's tables and rules, both billings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest

from syncd.core.errors import RetryLater, UnreadableAnswer
from syncd.core.model import Operation, Record
from syncd.ports import Connector, WriteRequest
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sage100_contractor.database import Row
from syncd.sandbox.sage100_contractor.tables import ACRPMT, RECCLN, SRVLOC
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.harness import Moment, Trouble
from tests.unit.connectors.sage100_contractor.site import ACCOUNT, PASSWORD, TABLES, DirectChannel, Site

_COLUMNS = {
    "customer": "clnnme",
    "location": "locnme",
    "job": "jobnme",
    "invoice": "dscrpt",
    "payment": "chknum",
    "employee": "lstnme",
    "time_entry": "dscrpt",
}
"""The column behind ``edits``."""


class _Harness:
    secrets: Sequence[str] = (PASSWORD, "wrong-password")
    edits: Mapping[str, str] = {
        "customer": "name",
        "location": "name",
        "job": "name",
        "invoice": "description",
        "payment": "number",
        "employee": "last_name",
        "time_entry": "description",
    }

    def __init__(self, site: Site) -> None:
        self.site = site
        self._serial = count(1)
        self._channels: list[DirectChannel] = []
        self._ordered: list[tuple[Trouble, Moment, int]] = []

    async def connect(self, *, good_credentials: bool = True) -> Connector:
        for channel in self._channels:
            if channel.product in self.site.installation._objects:
                self.site.installation.drop(channel.product)
        connector, channel = self.site.connect(password=PASSWORD if good_credentials else "wrong-password")
        self._channels.append(channel)
        return connector

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        return [self._seeded(entity, timedelta(seconds=age_s)) for _ in range(count)]

    def _seeded(self, entity: str, age: timedelta) -> str:
        number = next(self._serial)
        site = self.site
        match entity:
            case "customer":
                return str(site.client(age=age, clnnme=f"Seeded Foods {number}")["recnum"])
            case "location":
                client = site.client()["recnum"]
                site.add(SRVLOC, age, recnum=client, locnum=number, locnme=f"Plant {number}")
                return f"{client}-{number}"
            case "job":
                return str(site.job(age=age, clnnum=self._client(), jobnme=f"Seeded job {number}")["recnum"])
            case "invoice":
                return str(site.invoice(age=age, invnum=f"SEED-{number}", **self._parent())["recnum"])
            case "employee":
                return str(site.employee(age=age, lstnme=f"Whitaker {number}")["recnum"])
            case "time_entry":
                return str(site.hours(age=age, dscrpt=f"Shift {number}")["_idnum"])
            case _:
                invoice = site.invoice(invnum=f"SEED-{number}", **self._parent())
                receipt = {"chknum": f"CHK{number}", "chkdte": date(2026, 3, 9), "amount": Decimal(10)}
                return str(site.add(ACRPMT, age, _idref=invoice["_idnum"], **receipt)["_idnum"])

    def _client(self) -> int:
        known = self.site.rows(RECCLN)
        return int(known[0]["recnum"] if known else self.site.client()["recnum"])

    def _parent(self) -> Mapping[str, int]:
        if self.site.billing == "service":
            return {"clnnum": self._client()}
        jobs = self.site.rows(TABLES["job"]["job"])
        return {"jobnum": jobs[0]["recnum"] if jobs else self.site.job(clnnum=self._client())["recnum"]}

    async def edit(self, entity: str, key: str, value: str) -> None:
        row = self._row(entity, key)
        self.site.edit(TABLES[self.site.billing][entity], row["_idnum"], **{_COLUMNS[entity]: value})

    def _row(self, entity: str, key: str) -> Row:
        table = TABLES[self.site.billing][entity]
        if entity in ("payment", "time_entry"):
            return self.site.rows(table, _idnum=key)[0]
        if entity == "location":
            client, _, number = key.partition("-")
            return self.site.rows(table, recnum=int(client), locnum=int(number))[0]
        return self.site.rows(table, recnum=int(key))[0]

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        if entity == "customer":
            return {"name": f"Harbor Foods {number}", "city": "Dayton", "postal_code": "45402"}
        if entity == "job":
            client = str(self._client())
            return {"number": str(24_000 + number), "name": "Annual inspection", "customer": client}
        if entity == "time_entry":
            employee, job = self.site.employee()["recnum"], self.site.job()["recnum"]
            hours: Record = {"overtime_hours": Decimal("1.75"), "cost_code": "15.5", "description": "Late"}
            return {"employee": str(employee), "job": str(job), "date": date(2026, 3, 1), **hours}
        names = {"jobnum": "job", "clnnum": "customer"}
        parent: Record = {names[column]: str(key) for column, key in self._parent().items()}
        line: Record = {"description": "Labour", "quantity": Decimal("1.5"), "unit_price": Decimal(278)}
        return {
            "number": f"S-{number}",
            "date": date(2026, 3, 1),
            "total": Decimal("418.25"),
            "tax": Decimal("1.25"),
            "description": "Quarterly inspection",
            "lines": ({**line, "amount": Decimal("417.00"), "account": str(ACCOUNT)},),
            **parent,
        }

    async def refused(self) -> WriteRequest:
        connector = await self.connect()
        self.site.books.closed.add((2026, 3))
        body = connector.capabilities.entities["invoice"].map.put(await self.draft("invoice"), None)
        return WriteRequest("invoice", Operation.CREATE, "refused-1", body=body)

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        raise AssertionError("no action is declared")

    async def number(self, entity: str, key: str) -> str:
        if entity == "time_entry":
            return key
        column = "invnum" if entity == "invoice" else _COLUMNS[entity]
        return str(self._row(entity, key)[column])

    async def count(self, entity: str) -> int:
        return len(self.site.rows(TABLES[self.site.billing][entity]))

    async def forbid(self, entity: str, key: str) -> None:
        raise AssertionError("SQL rights are given by table")

    async def order(self, trouble: Trouble, moment: Moment, *, after: int = 0) -> None:
        channel = self._channels[-1]
        if moment is Moment.WRITE:
            if trouble is Trouble.BUSY:
                self.site.faults.add([Fault(kind=FaultKind.LOCKED, operation="*Rq")])
            else:
                channel.instead_of_submit.append(_ANSWERS[trouble])
            return
        # a page of documents takes a second statement for their lines
        channel.before_query += [lambda: None] * after
        channel.before_query.append(self._moved if trouble is Trouble.SHIFT else lambda: _ERRORS[trouble])

    def _moved(self) -> None:
        """The first record shown moves behind all others."""
        table = TABLES[self.site.billing]["customer"]
        self.site.edit(table, self.site.rows(table)[0]["_idnum"], phnnum="614 555 0100")

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        raise AssertionError("Sage announces nothing")


def _lost_before(_: Callable[[], bytes]) -> bytes:
    raise UnreadableAnswer("handed over and no answer came back")


def _lost_after(carry_out: Callable[[], bytes]) -> bytes:
    carry_out()
    raise UnreadableAnswer("handed over and no answer came back")


def _web_page(carry_out: Callable[[], bytes]) -> bytes:
    carry_out()
    return b"<!DOCTYPE html><html><body>Bad gateway</body></html>"


_ANSWERS: Mapping[Trouble, Callable[[Callable[[], bytes]], bytes]] = {
    Trouble.LOST_BEFORE: _lost_before,
    Trouble.LOST_AFTER: _lost_after,
    Trouble.HTML: _web_page,
    Trouble.TRUNCATED: lambda carry_out: carry_out()[:-30],
}

_ERRORS: Mapping[Trouble, Exception] = {
    Trouble.BUSY: RetryLater("the bridge has more queries than it can take", after_s=5.0),
    Trouble.LOST_BEFORE: RetryLater("no bridge is connected"),
    Trouble.TRUNCATED: UnreadableAnswer("the bridge's answer broke off"),
    Trouble.HUGE: UnreadableAnswer("the answer has more rows than the bridge may send"),
}


class _Suite(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.sage100_contractor"
    billing: ClassVar[str]

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[_Harness]:
        site = Site(tmp_path, billing=self.billing)
        yield _Harness(site)
        site.close()


_ALIKE = ("customer", "location", "job", "employee", "time_entry")


class TestJobBilling(_Suite):
    billing = "job"
    entities: ClassVar[tuple[str, ...]] = (*_ALIKE, "invoice", "payment")


class TestServiceBilling(_Suite):
    billing = "service"
    entities: ClassVar[tuple[str, ...]] = (*_ALIKE, "invoice")
