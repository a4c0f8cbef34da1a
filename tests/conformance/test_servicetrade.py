"""The ServiceTrade connector against the suite, over its sandbox, with both logins."""

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

from syncd.connectors.registry import Opening
from syncd.connectors.servicetrade import PLATFORM, Settings
from syncd.connectors.servicetrade.profile import load_profile
from syncd.core.model import Operation, Record
from syncd.ports import Connector, WriteRequest
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from syncd.sandbox.servicetrade.server import OWN_PROFILE, ServiceTradeSandbox
from syncd.sandbox.servicetrade.world import Kind, Row
from syncd.sandbox.servicetrade.writes import job_fields, location_fields
from tests.conformance.connector_suite import ConnectorSuite
from tests.conformance.harness import Moment, Trouble
from tests.conformance.wire import WRONG, HurriedClock, MemoryVault, fault_of

_KINDS = {
    "customer": Kind.COMPANY,
    "vendor": Kind.COMPANY,
    "location": Kind.LOCATION,
    "job": Kind.JOB,
    "invoice": Kind.INVOICE,
    "bill": Kind.INVOICE,
    "payment": Kind.PAYMENT,
    "employee": Kind.USER,
    "time_entry": Kind.CLOCK,
    "job_cost": Kind.JOB_ITEM,
}
_FIELDS = {
    "customer": "name",
    "vendor": "name",
    "location": "name",
    "job": "name",
    "invoice": "name",
    "bill": "name",
    "employee": "lastName",
    "time_entry": "activity",
    "job_cost": "name",
}


class _Harness:
    secrets: Sequence[str] = ("demo-secret", "demo-password", WRONG)
    edits: Mapping[str, str] = {
        "customer": "name",
        "vendor": "name",
        "location": "name",
        "job": "name",
        "invoice": "description",
        "bill": "description",
        "employee": "last_name",
        "time_entry": "earning",
        "job_cost": "description",
    }

    def __init__(
        self, sandbox: ServiceTradeSandbox, url: str, control: SandboxControl, folder: Path, profile: Path
    ) -> None:
        self.sandbox = sandbox
        self.url = url
        self.control = control
        self.folder = folder
        self.scheme = "oauth2"
        self.vault = MemoryVault()
        self.open: list[Connector] = []
        self.profile = load_profile(profile)
        self._serial = count(1)
        world = self._world
        self.vendor = world.seed(Kind.COMPANY, self._company("Vendor"), 1, 1)
        self.vendor.listed = False

    @property
    def _world(self) -> Any:
        return self.sandbox._world

    async def connect(self, *, good_credentials: bool = True) -> Connector:
        secret = self.folder / ("good" if good_credentials else "bad")
        good = {"oauth2": "demo-secret", "session": "demo-password"}[self.scheme]
        secret.write_text(good if good_credentials else WRONG)
        secret.chmod(0o600)
        login = {
            "oauth2": {"client_id": "demo-client", "client_secret": f"file:{secret}"},
            "session": {"username": "demo-user", "password": f"file:{secret}"},
        }[self.scheme]
        settings = Settings.model_validate(
            {
                "base_url": f"{self.url}/api",
                "auth": {"scheme": self.scheme, **login},
                "page_size": 4,
                "payment_method": "check",
                "labour": {"first_day": "2020-01-01", "look_back_h": 1},
            }
        )
        vault = self.vault if good_credentials else MemoryVault()
        connector = PLATFORM.open(
            Opening("field", settings, HurriedClock(), vault, folder=self.folder, profile=self.profile)
        )
        self.open.append(connector)
        return connector

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        rows = [self._seed(entity, int(age_s)) for _ in range(count)]
        return [f"{row.fields['job']}-{row.id}" if entity == "time_entry" else str(row.id) for row in rows]

    def _seed(self, entity: str, age_s: int = 0) -> Row:
        number = next(self._serial)
        at = self._world.now() - age_s
        fields = {
            "customer": lambda: self._company(f"Orchard Foods {number}"),
            "vendor": lambda: self._company(f"Harbor Supply {number}"),
            "location": lambda: {
                **location_fields(self.profile, self._parent("customer")),
                "name": f"Plant {number}",
                "address": self._company("")["address"],
            },
            "job": lambda: {
                **job_fields(
                    self.profile,
                    number,
                    self._parent("customer"),
                    self.vendor.id,
                    self._parent("location"),
                ),
                "type": "repair",
                "status": ("scheduled", "canceled", "new", "invoiced")[number % 4],
            },
            "invoice": lambda: self._invoice(number),
            "bill": lambda: {**self._invoice(number), "type": "vendorbill", "vendor": self._parent("vendor")},
            "payment": lambda: self._payment(number),
            "employee": lambda: self._person(number),
            "time_entry": lambda: self._pair(at),
            "job_cost": lambda: self._item(number, at),
        }[entity]()
        row: Row = self._world.seed(_KINDS[entity], fields, at, at)
        row.vendor = entity == "vendor"
        return row

    async def edit(self, entity: str, key: str, value: str) -> None:
        row = self._world.get(_KINDS[entity], int(key.rpartition("-")[2]))
        self._world.update(row, {_FIELDS[entity]: value}, None)

    async def draft(self, entity: str) -> Record:
        number = next(self._serial)
        if entity == "payment":
            invoice = str(self._parent("invoice"))
            amount = Decimal("418.25")
            return {"number": f"N{number}", "invoice": invoice, "date": date(2026, 3, 2), "amount": amount}
        record: Record = {
            "number": f"N{number}",
            "name": f"Orchard & Sons {number}",
            "phone": "555-0100",
            "street": "1 Mill Lane",
            "city": "Dayton",
            "state": "OH",
            "postal_code": "45402",
        }
        if entity == "location":
            return {**record, "taxable": True, "customer": str(self._parent("customer"))}
        return record

    def _person(self, number: int) -> dict[str, Any]:
        names = {"firstName": "Dana", "lastName": f"Whitaker {number}", "email": f"dana{number}@demo.example"}
        return {"name": f"Dana Whitaker {number}", **names, "status": "active", "isTech": True}

    def _pair(self, at: int) -> dict[str, Any]:
        """Each on a job of its own: a walk goes from job to job."""
        job, user = self._seed("job").id, self._parent("employee")
        ended = {"start": at - 5400, "end": at, "closed_by": self._world.new_id()}
        return {"job": job, "user": user, "activity": "onsite", **ended}

    def _item(self, number: int, at: int) -> dict[str, Any]:
        item = {"id": 5, "name": "Filter", "code": "FLT-20X25", "type": "part"}
        used = {"quantity": 3, "cost": 11.37, "usedOn": at}
        return {"name": f"Filter {number}", **used, "libItem": item, "job": self._parent("job")}

    def _payment(self, number: int) -> dict[str, Any]:
        names = self.profile.payments
        assert names is not None
        return {
            names.invoice_id: self._parent("invoice"),
            names.reference: f"CHK{number}",
            names.date: self._world.now(),
            names.method: "check",
            names.amount: 10.5,
        }

    async def refused(self) -> WriteRequest:
        row = self._seed("invoice")
        row.fields["status"] = "paid"
        return WriteRequest(
            "invoice", Operation.ACTION, "refused-1", key=str(row.id), action="set_status", argument="ok"
        )

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        argument = {"set_status": "processed", "set_external_id": "4711", "comment": "Period 3 is closed."}
        return (await self.seed(entity, 1))[0], argument[name]

    async def number(self, entity: str, key: str) -> str:
        name = {
            "customer": "name",
            "vendor": "name",
            "employee": "name",
            "location": "storeNumber",
            "job": "number",
            "invoice": "invoiceNumber",
            "bill": "invoiceNumber",
        }
        row = self._world.get(_KINDS[entity], int(key.rpartition("-")[2]))
        if entity in ("time_entry", "job_cost"):
            return str(row.id)
        if entity == "payment":
            assert self.profile.payments is not None
            return str(row.fields[self.profile.payments.reference])
        if entity == "location":
            row.fields["storeNumber"] = f"Store {row.id}"
        return str(row.fields[name[entity]])

    async def count(self, entity: str) -> int:
        return sum(self._is(entity, row) for row in self._world.tables[_KINDS[entity]])

    def _is(self, entity: str, row: Row) -> bool:
        """Whether lists of that kind show it."""
        bill = row.kind is Kind.INVOICE and row.fields["type"] == "vendorbill"
        return row.listed and row.vendor is (entity == "vendor") and bill is (entity == "bill")

    async def forbid(self, entity: str, key: str) -> None:
        path = f"/api/{_KINDS[entity]}/{key}"
        await self.control.order(Fault(kind=FaultKind.STATUS, path=path, status=403, times=None))

    async def order(self, trouble: Trouble, moment: Moment, *, after: int = 0) -> None:
        method = "GET" if moment is Moment.READ else "P*T*"
        await self.control.order(fault_of(trouble, method=method, after=after, path="/api/[!ao]*"))

    async def logins(self) -> int:
        doors = self.sandbox._doors
        return doors.tokens.grants if self.scheme == "oauth2" else doors.logins

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        entities = [
            ("company", 2270000000000001),
            ("invoice", 2270000000000123),
            ("user", 7),
            ("company", 2270000000000001),
        ]
        events = [
            {"action": "updated", "timestamp": 1, "userId": None, "entity": {"type": kind, "id": ident}}
            for kind, ident in entities
        ]
        body = orjson.dumps({"messageId": "m-1", "timestamp": "1760004105", "data": events})
        company, invoice = "2270000000000001", "2270000000000123"
        return {}, body, [("customer", company), ("vendor", company), ("invoice", invoice), ("bill", invoice)]

    def _company(self, name: str) -> dict[str, Any]:
        address = {"street": "1 Mill Lane", "city": "Dayton", "state": "OH", "postalCode": "45402"}
        return {
            "name": name,
            "phoneNumber": None,
            "status": "active",
            "refNumber": None,
            "address": address,
            self.profile.external_ids.field: {},
        }

    def _invoice(self, number: int) -> dict[str, Any]:
        names = self.profile.lines
        line = {
            "id": self._world.new_id(),
            names.quantity: 1.5,
            names.unit_price: 100,
            names.amount: 150.0,
            names.description: "Labour",
            names.taxable: True,
            names.item: {"id": 5, names.item_code: "LAB"},
        }
        return {
            "name": f"Invoice {number}",
            "invoiceNumber": f"S-{number}",
            "type": "invoice",
            "status": "pending_accounting",
            "transactionDate": self._world.now(),
            "totalPrice": 159.0,
            "salesTax": 9.0,
            "retainage": 0.0,
            "taxGroup": {"name": "OH"},
            "customer": self._parent("customer"),
            "location": self._parent("location"),
            "vendor": self.vendor.id,
            "job": None,
            "items": [line],
            self.profile.external_ids.field: {},
        }

    def _parent(self, entity: str) -> int:
        for row in self._world.tables[_KINDS[entity]]:
            if self._is(entity, row):
                return int(row.id)
        return self._seed(entity).id


class _Suite(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.servicetrade"
    entities: ClassVar[tuple[str, ...]] = (
        "customer",
        "vendor",
        "employee",
        "location",
        "job",
        "invoice",
        "bill",
        "time_entry",
        "job_cost",
    )
    scheme: ClassVar[str]
    payments: ClassVar[str] = "payments: null"

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[_Harness]:
        profile = tmp_path / "profile.yaml"
        profile.write_text(OWN_PROFILE.read_text().replace("payments: null", self.payments))
        async with AsyncExitStack() as stack:
            order = Order(size=1, profile=profile)
            live = await stack.enter_async_context(running("servicetrade", order))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            sandbox = live.sandbox
            assert isinstance(sandbox, ServiceTradeSandbox)
            harness = _Harness(sandbox, live.url, control, tmp_path, profile)
            harness.scheme = self.scheme
            yield harness
            for connector in harness.open:
                await connector.close()


class TestOAuth2WithPayments(_Suite):
    """An account whose profile names the payment fields: payments may be written back."""

    entities = (*_Suite.entities, "payment")
    scheme = "oauth2"
    payments = (
        "payments: {path: /payment, list_key: payments, invoice_id: invoiceId, reference: reference, "
        "date: paymentDate, method: method, amount: amount}"
    )


class TestSession(_Suite):
    scheme = "session"
