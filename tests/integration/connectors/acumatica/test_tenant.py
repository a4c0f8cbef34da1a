"""What is Acumatica's own: fields that were not saved, a PUT that must not overwrite, ids of details that do
not last, business errors with status 500, seats, the endpoint's description of itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncd.connectors.acumatica import PLATFORM, AcumaticaConnector, Settings
from syncd.connectors.acumatica.profile import load_profile
from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput, RetryLater
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Rejected
from syncd.ports import WriteRequest
from syncd.sandbox.acumatica.server import OWN_PROFILE
from syncd.sandbox.acumatica.shapes import shown
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.conformance.wire import HurriedClock, MemoryVault


@dataclass
class Tenant:
    connector: AcumaticaConnector
    control: SandboxControl


Open = Callable[..., AbstractAsyncContextManager[Tenant]]


@pytest.fixture
def tenant(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def opened(version: str = "24.200.001", **options: str) -> AsyncIterator[Tenant]:
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(running("acumatica", Order(size=5, options=options)))
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            details = live.ready.details
            for name in ("secret", "client_secret"):
                (tmp_path / name).touch(mode=0o600)
                (tmp_path / name).write_text(details[name])
            auth = {
                "client_id": details["client_id"],
                "client_secret": f"file:{tmp_path / 'client_secret'}",
                "refresh_token": f"file:{tmp_path / 'secret'}",
            }
            settings = Settings.model_validate(
                {"base_url": details["base_url"], "version": version, "auth": auth}
            )
            profile = load_profile(OWN_PROFILE)
            connector = PLATFORM.open(
                Opening("books", settings, HurriedClock(), MemoryVault(), tmp_path, profile=profile)
            )
            assert isinstance(connector, AcumaticaConnector)
            yield Tenant(connector, control)
            await connector.close()

    return opened


async def test_a_field_that_was_not_saved_is_named(tenant: Open) -> None:
    async with tenant(frozen="Customer.CustomerName") as here:
        (first, *_) = await here.control.view("Customer")
        key = first["CustomerID"]
        request = WriteRequest(
            "customer", Operation.UPDATE, "sy-1", key=key, body={"CustomerName": "A name nobody saves"}
        )
        outcome = await here.connector.submit(request)
        assert isinstance(outcome, Rejected)
        assert (outcome.error_class, outcome.field) == (ErrorClass.VALIDATION, "CustomerName")
        assert "nobody" not in outcome.words, "names of fields, never what they hold"
        phone = WriteRequest(
            "customer", Operation.UPDATE, "sy-2", key=key, body={"MainContact": {"Phone1": "555-0199"}}
        )
        assert isinstance(await here.connector.submit(phone), Confirmed)
        (after,) = await here.control.view("Customer", CustomerID=key)
        assert after["MainContact"]["Phone1"] == "555-0199"
        assert after["MainContact"]["Address"] == first["MainContact"]["Address"]


async def test_a_create_never_overwrites_what_has_its_key_already(tenant: Open) -> None:
    """PUT makes and changes alike: ``If-None-Match`` keeps a create from changing another's record."""
    async with tenant() as here:
        (first, *_) = await here.control.view("Project")
        body = {"ProjectID": first["ProjectID"], "Description": "Somebody else's number"}
        outcome = await here.connector.submit(WriteRequest("job", Operation.CREATE, "sy-1", body=body))
        assert isinstance(outcome, Rejected)
        assert outcome.error_class is ErrorClass.DUPLICATE
        assert await here.control.view("Project", ProjectID=first["ProjectID"]) == [first]


async def test_ids_of_details_last_for_a_session_and_are_no_change(tenant: Open) -> None:
    async with tenant() as here:
        (first, *_) = await here.control.view("Invoice")
        key = f"{first['Type']}/{first['ReferenceNbr']}"
        once, again = (shown("Invoice", "1", first, {"Details"}, 4)["Details"] for _ in range(2))
        assert once != again, "so the tenant shows it"
        seen = [await here.connector.fetch("invoice", key) for _ in range(2)]
        assert len({one.raw for one in seen if one is not None}) == 1


async def test_a_business_rule_that_answers_500_is_a_refusal(tenant: Open) -> None:
    async with tenant() as here:
        released = next(row for row in await here.control.view("Invoice") if row["Status"] == "Open")
        key = f"{released['Type']}/{released['ReferenceNbr']}"
        body = {"Type": released["Type"], "ReferenceNbr": released["ReferenceNbr"], "Description": "x"}
        request = WriteRequest("invoice", Operation.CREATE, "sy-1", key=key, body=body)
        outcome = await here.connector.submit(request)
        assert isinstance(outcome, Rejected)
        assert "is released and cannot be changed" in outcome.words


async def test_no_free_seat_is_no_bad_login(tenant: Open) -> None:
    async with tenant() as here:
        await here.control.act("seats", taken=True)
        with pytest.raises(RetryLater, match="no free session"):
            await here.connector.fetch("customer", "C001001")
        await here.control.act("seats", taken=False)
        assert await here.connector.fetch("customer", "C001001") is not None


async def test_the_endpoint_is_asked_what_it_has(tenant: Open) -> None:
    async with tenant(version="24.200.001") as here:
        findings = {finding.subject: finding for finding in await here.connector.probe()}
        assert findings["endpoint"].level == "ok"
        assert findings["push notifications"].level == "ok"


async def test_an_endpoint_that_is_not_there_is_named(tenant: Open) -> None:
    async with tenant(version="22.200.001") as here:
        (found,) = [f for f in await here.connector.probe() if f.subject == "endpoint"]
        assert found.level == "error"
        assert "22.200.001" in found.message


async def test_the_others_tax_is_a_line_there_and_a_tax_here(tenant: Open) -> None:
    async with tenant() as here:
        lens = here.connector.capabilities.entities["invoice"].map
        customer = (await here.control.view("Customer"))[0]["CustomerID"]
        body = {
            "CustomerOrder": "S-77",
            "Customer": customer,
            "syncdTax": 4.5,
            "Details": [{"Qty": 1, "Amount": 60.0, "TaxCategory": "TAXABLE"}],
        }
        outcome = await here.connector.submit(WriteRequest("invoice", Operation.CREATE, "sy-3", body=body))
        assert isinstance(outcome, Confirmed), outcome
        (stored,) = await here.control.view("Invoice", CustomerOrder="S-77")
        assert [line["Amount"] for line in stored["Details"]] == [60.0, 4.5]
        seen = await here.connector.fetch("invoice", outcome.key)
        assert seen is not None
        record = lens.get(json.loads(seen.raw))
        assert (str(record["tax"]), str(record["total"])) == ("4.50", "64.50")
        assert len(json.loads(seen.raw)["Details"]) == 1


def test_without_a_profile_nothing_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "s"
    secret.touch(mode=0o600)
    auth = {"client_id": "c", "client_secret": f"file:{secret}", "refresh_token": f"file:{secret}"}
    settings = Settings.model_validate({"base_url": "https://x.example.com", "auth": auth})
    with pytest.raises(FixInput, match="numbers its records"):
        PLATFORM.open(Opening("books", settings, HurriedClock(), MemoryVault()))
