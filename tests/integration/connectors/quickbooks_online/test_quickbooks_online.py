"""What is QuickBooks' own: refusals with status 200, changes that replace lines, deletes in the change feed,
changes that travel together, numbers and announcements."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from syncd.connectors.quickbooks_online import PLATFORM, QuickBooksConnector
from syncd.core.errors import FixInput, RenewCredentials, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Rejected, Unknown
from syncd.http import Answer, OAuth2
from syncd.ports import Grant, Seen, WriteRequest
from syncd.ports.webhooks import Delivery, Genuine
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.quickbooks_online import SANDBOX
from syncd.sandbox.quickbooks_online.server import QuickBooksSandbox
from tests.conformance.test_quickbooks_online import signed
from tests.integration.connectors.live import Keep, live

CUSTOMER = "1001"
INVOICE = "10001"


@dataclass
class Company:
    connector: QuickBooksConnector
    control: SandboxControl
    sandbox: QuickBooksSandbox

    async def seen(self, entity: str, key: str) -> Seen:
        found = await self.connector.fetch(entity, key)
        assert found is not None
        return found

    async def change(self, entity: str, key: str, wanted: Mapping[str, Any]) -> WriteRequest:
        seen = await self.seen(entity, key)
        lens = self.connector.capabilities.entities[entity].map
        body = lens.put(wanted, json.loads(seen.raw))
        return WriteRequest(entity, Operation.UPDATE, f"change-{key}", key=key, body=body, expected=seen.raw)


Open = Callable[..., AbstractAsyncContextManager[Company]]


@pytest.fixture
def company(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def opened(changes: Mapping[str, Any] | None = None, **options: str) -> AsyncIterator[Company]:
        def more(keep: Keep) -> Mapping[str, Any]:
            return {"webhook_verifier": keep("verifier", "verifier-token"), **(changes or {})}

        async with live(PLATFORM, SANDBOX, tmp_path, options, more) as (connector, control, sandbox):
            assert isinstance(connector, QuickBooksConnector)
            assert isinstance(sandbox, QuickBooksSandbox)
            yield Company(connector, control, sandbox)

    return opened


async def test_a_refusal_with_status_200_is_a_refusal(company: Open) -> None:
    async with company(faults_with_200="true") as books:
        stale = await books.change("customer", CUSTOMER, {"name": "Ours"})
        await books.control.act("edit", kind="Customer", id=CUSTOMER, fields={"DisplayName": "Theirs"})
        outcome = await books.connector.submit(stale)
        assert isinstance(outcome, Rejected)
        assert outcome.error_class is ErrorClass.CONFLICT
        taken = {"DisplayName": "theirs"}
        outcome = await books.connector.submit(WriteRequest("vendor", Operation.CREATE, "new-1", body=taken))
        assert outcome == Rejected(
            ErrorClass.DUPLICATE,
            "Duplicate Name Exists Error: Duplicate Name Exists Error (6240) (code 6240)",
            "DisplayName",
        )
        assert await books.connector.fetch("invoice", "77") is None


async def test_a_login_that_is_given_back_opens_nothing_any_more(company: Open) -> None:
    async with company(token_life_s="60") as books:
        assert await books.connector.fetch("invoice", INVOICE) is not None
        assert await books.connector.revoke()
        with pytest.raises(RenewCredentials, match="refuses the refresh token"):
            await books.connector.fetch("invoice", INVOICE)


async def test_the_end_of_the_consent_is_told_where_it_comes_first(company: Open) -> None:
    """A hundred days without use, five years whatever happens: what ends sooner is what people must know."""
    for ends_s, told_s in (("157680000", 8_640_000.0), ("86400", 86_400.0)):
        async with company(consent_ends_s=ends_s) as books:
            granted: list[Grant] = []
            login = books.connector._http._auth
            assert isinstance(login, OAuth2)
            login.granted = granted.append
            await books.seen("customer", CUSTOMER)
            assert [grant.refresh_lifetime_s for grant in granted] == [told_s]


async def test_a_list_that_is_a_fault_is_no_empty_list(company: Open) -> None:
    async with company({"minor_version": 76}) as books:
        await books.control.order(Fault(kind=FaultKind.WRONG_TYPE, field="QueryResponse", path="*/query"))
        with pytest.raises(UnreadableAnswer):
            assert [page async for page in books.connector.pages("customer", since=None)]


async def test_a_fault_of_quickbooks_own_leaves_a_write_in_doubt(company: Open) -> None:
    async with company() as books:
        request = await books.change("customer", CUSTOMER, {"phone": "555-0199"})
        body = b'{"fault":{"error":[{"message":"Oops","code":"10000"}],"type":"SERVICE"}}'
        outcome = books.connector._dialect.outcome(request, Answer(200, {}, body))
        assert isinstance(outcome, Unknown)


async def test_a_change_keeps_lines_and_the_rest_of_an_address(company: Open) -> None:
    """The sandbox replaces what is nested whole, as the sparest reading of the documents has it."""
    async with company() as books:
        before = (await books.control.view("Invoice", Id=INVOICE))[0]
        request = await books.change("invoice", INVOICE, {"description": "Second visit"})
        assert isinstance(await books.connector.submit(request), Confirmed)
        after = (await books.control.view("Invoice", Id=INVOICE))[0]
        assert after["CustomerMemo"] == {"value": "Second visit"}
        assert after["Line"] == before["Line"]
        assert after["TotalAmt"] == before["TotalAmt"]
        address = (await books.control.view("Customer", Id=CUSTOMER))[0]["BillAddr"]
        request = await books.change("customer", CUSTOMER, {"street": "9 Quay"})
        assert isinstance(await books.connector.submit(request), Confirmed)
        changed = (await books.control.view("Customer", Id=CUSTOMER))[0]["BillAddr"]
        assert changed == {**address, "Line1": "9 Quay"}


async def _now(books: Company) -> str:
    """A watermark: people work in the company until just now."""
    await books.control.act("edit", kind="Invoice", id="10002", fields={"PrivateNote": "Called them"})
    pages = [page async for page in books.connector.pages("invoice", since=None)]
    assert pages[-1].watermark is not None
    return pages[-1].watermark


async def test_the_change_feed_tells_what_was_deleted(company: Open) -> None:
    async with company() as books:
        watermark = await _now(books)
        await books.control.act("delete", kind="Invoice", id=INVOICE)
        pages = [page async for page in books.connector.pages("invoice", since=watermark)]
        shown = [(record.key, record.deleted) for page in pages for record in page.records]
        assert shown == [("10002", False), (INVOICE, True)]
        assert pages[-1].complete


async def test_the_change_feed_is_never_asked_past_its_reach(company: Open) -> None:
    """In a company that nobody has touched for a year, the watermark is as old."""
    async with company() as books:
        last_year = str(int((datetime.now(UTC) - timedelta(days=400)).timestamp()))
        await books.control.act("delete", kind="Invoice", id=INVOICE)
        pages = [page async for page in books.connector.pages("invoice", since=last_year)]
        assert INVOICE in {record.key for page in pages for record in page.records if record.deleted}


async def test_inactive_customers_are_read_and_are_not_gone(company: Open) -> None:
    async with company() as books:
        await books.control.act("edit", kind="Customer", id=CUSTOMER, fields={"Active": False})
        pages = [page async for page in books.connector.pages("customer", since=None)]
        assert CUSTOMER in {record.key for page in pages for record in page.records}
        lens = books.connector.capabilities.entities["customer"].map
        assert lens.get(json.loads((await books.seen("customer", CUSTOMER)).raw))["status"] == "inactive"


async def test_a_job_is_no_customer(company: Open) -> None:
    async with company() as books:
        await books.control.act("edit", kind="Customer", id=CUSTOMER, fields={"Job": True})
        pages = [page async for page in books.connector.pages("customer", since=None)]
        assert CUSTOMER not in {record.key for page in pages for record in page.records}
        assert await books.connector.fetch("customer", CUSTOMER) is None


async def test_many_records_of_one_second_are_all_read(company: Open) -> None:
    """More than a page changed in one second: the walk goes on by position inside it."""
    async with company({"page_size": 2}) as books:
        at = books.sandbox.books.now()
        for number in range(9):
            fields = {"DisplayName": f"Imported {number}", "Active": True}
            books.sandbox.books.seed("Vendor", str(70 + number), fields, at)
        pages = [page async for page in books.connector.pages("vendor", since=None)]
        keys = [record.key for page in pages for record in page.records]
        assert sorted(key for key in keys if len(key) == 2) == [str(70 + number) for number in range(9)]
        assert len(keys) == len(set(keys))
        assert pages[-1].complete


async def test_changes_travel_together_and_each_has_its_own_outcome(company: Open) -> None:
    async with company() as books:
        keys = [str(1001 + at) for at in range(3)]
        requests = [await books.change("customer", key, {"phone": f"555-01{key[-2:]}"}) for key in keys]
        await books.control.act("edit", kind="Customer", id=keys[1], fields={"Notes": "Edited meanwhile"})
        done = await asyncio.gather(*(books.connector.submit(request) for request in requests))
        assert [type(outcome) for outcome in done] == [Confirmed, Rejected, Confirmed]
        posts = {path: n for path, n in books.sandbox.surface.requests.items() if path.startswith("POST /v3")}
        assert list(posts.values()) == [1], posts


async def test_no_batch_holds_more_than_thirty(company: Open) -> None:
    async with company() as books:
        request = await books.change("customer", CUSTOMER, {"phone": "555-0100"})
        several = [replace(request, reference=f"change-{at}") for at in range(31)]
        done = await asyncio.gather(*(books.connector.submit(one) for one in several))
        # all are changes of one version of one record: the first is made, to the others it is an edit between
        assert [type(outcome) for outcome in done] == [Confirmed, *[Rejected] * 30]
        posts = [path for path in books.sandbox.surface.requests if path.startswith("POST /v3")]
        assert len(posts) == 2, "one batch of thirty, and one by itself"


@pytest.mark.parametrize("wrong", [{"minor_version": 74}, {"batch_size": 31}])
def test_what_intuit_would_ignore_or_refuse_is_no_setting(wrong: Mapping[str, int]) -> None:
    auth = {"client_id": "an-app", "client_secret": "env:SECRET", "refresh_token": "env:CONSENT"}
    known: dict[str, object] = {"realm_id": "9130", "auth": auth}
    assert PLATFORM.settings.model_validate(known).model_dump()["minor_version"] == 75
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        PLATFORM.settings.model_validate({**known, **wrong})


async def test_a_lost_batch_leaves_every_change_in_doubt(company: Open) -> None:
    async with company() as books:
        requests = [await books.change("customer", key, {"phone": "555-0177"}) for key in ("1001", "1002")]
        await books.control.order(Fault(kind=FaultKind.LOST_ANSWER, method="POST", path="*/batch"))
        done = await asyncio.gather(*(books.connector.submit(request) for request in requests))
        assert [type(outcome) for outcome in done] == [Unknown, Unknown]
        for request in requests:
            assert [seen.key for seen in await books.connector.evidence(request)] == [request.key]


async def test_an_order_needs_a_payables_account(company: Open) -> None:
    async with company({"chart": {}}) as books:
        request = WriteRequest("purchase_order", Operation.CREATE, "new-1", body={"DocNumber": "Q-1"})
        with pytest.raises(FixInput, match="payables account"):
            await books.connector.submit(request)


@pytest.mark.parametrize(("kept", "level"), [("true", "ok"), ("false", "warning")])
async def test_check_says_whose_numbers_stay(company: Open, kept: str, level: str) -> None:
    async with company(custom_numbers=kept) as books:
        findings = {finding.subject: finding.level for finding in await books.connector.probe()}
        assert findings["numbering"] == level


async def test_the_older_shape_of_announcements_is_read_too(company: Open) -> None:
    async with company() as books:
        realm = books.sandbox.options.realm_id
        change = {"name": "Customer", "id": "58", "operation": "Merge", "deletedId": "59"}
        told = [{"realmId": realm, "dataChangeEvent": {"entities": [change]}}]
        body = json.dumps({"eventNotifications": told}).encode()
        assert books.connector.hints(signed(body), body) == [("customer", "58"), ("customer", "59")]


async def test_a_signature_proves_a_delivery(company: Open) -> None:
    async with company() as books:
        verifier = books.connector.webhook_verifier
        headers = {name.lower(): [value] for name, value in signed(b"[]").items()}
        assert verifier.examine(Delivery(headers, {}, b"[]"), datetime.now(UTC)) == Genuine()


async def test_without_a_verifier_nothing_is_believed(company: Open) -> None:
    async with company({"webhook_verifier": None}) as books:
        with pytest.raises(UnreadableAnswer):
            books.connector.hints(signed(b"[]", ""), b"[]")
