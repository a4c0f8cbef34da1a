"""What is Business Central's own: drafts that become posted, ids of our choice, stale writes in two statuses,
subscriptions with a handshake, amounts that are reckoned there, its description of itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from syncd.connectors.business_central import PLATFORM, BusinessCentralConnector
from syncd.connectors.business_central.metadata import missing_fields
from syncd.core.errors import FixInput, RetryLater, UnreadableAnswer
from syncd.core.model import Operation, Record
from syncd.core.outcome import Confirmed, ErrorClass, Rejected, Unknown
from syncd.ports import WriteRequest
from syncd.ports.webhooks import Delivery, Handshake
from syncd.sandbox.business_central import SANDBOX
from syncd.sandbox.business_central.metadata import document
from syncd.sandbox.business_central.server import BusinessCentralSandbox
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.connectors.live import Keep, live

POST: Mapping[str, Any] = {"documents": "post"}


@dataclass
class Company:
    connector: BusinessCentralConnector
    control: SandboxControl
    sandbox: BusinessCentralSandbox

    @property
    def customer(self) -> str:
        return next(iter(self.sandbox.books.table("customers"))).id

    def invoice(self, number: str, **fields: Any) -> WriteRequest:
        line: Record = {"quantity": Decimal(3), "unit_price": Decimal("38.333"), "amount": Decimal("115.00")}
        wanted: Record = {
            "number": number,
            "date": date(2026, 3, 2),
            "customer": self.customer,
            "lines": ({**line, "item": "R410A", "description": "Refrigerant"},),
            **fields,
        }
        body = self.connector.capabilities.entities["invoice"].map.put(wanted, None)
        return WriteRequest("invoice", Operation.CREATE, f"sy-{number}", body=body)

    async def documents(self, number: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control.view("salesInvoices", externalDocumentNumber=number)
        return found

    async def keys(self, since: str | None = None) -> set[str]:
        pages = [page async for page in self.connector.pages("invoice", since=since)]
        assert pages[-1].complete
        return {record.key for page in pages for record in page.records}


Open = Callable[..., AbstractAsyncContextManager[Company]]


@pytest.fixture
def company(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def opened(changes: Mapping[str, Any] | None = None, **options: str) -> AsyncIterator[Company]:
        def more(keep: Keep) -> Mapping[str, Any]:
            return {"client_state": keep("state", "agreed-on"), **(changes or {})}

        async with live(PLATFORM, SANDBOX, tmp_path, options, more) as (connector, control, sandbox):
            assert isinstance(connector, BusinessCentralConnector)
            assert isinstance(sandbox, BusinessCentralSandbox)
            yield Company(connector, control, sandbox)

    return opened


# -- drafts and posted documents --------------------------------------------------------------------


async def test_an_invoice_is_posted_at_once_where_it_is_to_be(company: Open) -> None:
    async with company(POST) as books:
        outcome = await books.connector.submit(books.invoice("S-1", tax=Decimal("9.25")))
        assert isinstance(outcome, Confirmed)
        (posted,) = await books.documents("S-1")
        assert (posted["id"], posted["status"]) == (outcome.key, "Open")
        assert posted["number"].startswith("PS-INV")
        assert posted["totalAmountIncludingTax"] == 124.25
        seen = await books.connector.fetch("invoice", outcome.key)
        assert seen is not None
        read = books.connector.capabilities.entities["invoice"].map.get(json.loads(seen.raw))
        assert (read["tax"], read["total"]) == (Decimal("9.25"), Decimal("124.25"))


async def test_a_draft_keeps_its_id_when_somebody_posts_it(company: Open) -> None:
    async with company() as books:
        outcome = await books.connector.submit(books.invoice("S-1"))
        assert isinstance(outcome, Confirmed)
        (draft,) = await books.documents("S-1")
        await books.control.act("post", kind="salesInvoices", id=outcome.key)
        (posted,) = await books.documents("S-1")
        assert (draft["id"], draft["status"], posted["status"]) == (posted["id"], "Draft", "Open")
        assert draft["number"] != posted["number"]
        assert outcome.key in await books.keys()


async def test_what_is_a_draft_is_no_document_where_all_are_posted(company: Open) -> None:
    async with company(POST) as books:
        before = await books.keys()
        await books.control.act("close", words="The posting date is not within your range")
        refused = await books.connector.submit(books.invoice("S-1"))
        assert refused == Rejected(
            ErrorClass.VALIDATION,
            "The posting date is not within your range (Application_DialogException)",
        )
        (draft,) = await books.documents("S-1")
        assert draft["status"] == "Draft"
        assert await books.keys() == before
        assert await books.connector.fetch("invoice", draft["id"]) is None


async def test_a_refused_posting_is_tried_again_on_the_same_draft(company: Open) -> None:
    async with company(POST) as books:
        await books.control.act("close", words="Closed")
        await books.connector.submit(books.invoice("S-1"))
        await books.control.act("close", words="")
        outcome = await books.connector.submit(books.invoice("S-1"))
        assert isinstance(outcome, Confirmed)
        assert [one["id"] for one in await books.documents("S-1")] == [outcome.key]


@pytest.mark.parametrize("path", ["*salesInvoices", "*Microsoft.NAV.post"])
@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.LOST_BEFORE])
async def test_whatever_is_lost_one_invoice_is_posted(company: Open, path: str, kind: FaultKind) -> None:
    """The draft's own answer, or the posting's: what is not posted is no evidence, the next try goes on."""
    async with company(POST) as books:
        request = books.invoice("S-1")
        await books.control.order(Fault(kind=kind, method="POST", path=path))
        assert isinstance(await books.connector.submit(request), Unknown)
        found = await books.connector.evidence(request)
        if not found:
            assert isinstance(await books.connector.submit(request), Confirmed)
            found = await books.connector.evidence(request)
        (posted,) = await books.documents("S-1")
        assert posted["status"] == "Open"
        assert [seen.key for seen in found] == [posted["id"]]


async def test_two_drafts_of_one_number_are_a_persons(company: Open) -> None:
    async with company(POST) as books:
        body = {"customerId": books.customer, "externalDocumentNumber": "S-1"}
        for _ in range(2):
            await books.connector._http.write(
                "POST", books.connector._settings.path + "/salesInvoices", json=body
            )
        outcome = await books.connector.submit(books.invoice("S-1"))
        assert isinstance(outcome, Rejected)
        assert outcome.error_class is ErrorClass.DUPLICATE


async def test_what_somebody_posted_by_hand_meanwhile_is_not_made_again(company: Open) -> None:
    async with company(POST) as books:
        await books.control.act("close", words="Closed")
        await books.connector.submit(books.invoice("S-1"))
        (draft,) = await books.documents("S-1")
        await books.control.act("post", kind="salesInvoices", id=draft["id"])
        outcome = await books.connector.submit(books.invoice("S-1"))
        assert isinstance(outcome, Rejected)
        assert outcome.error_class is ErrorClass.DUPLICATE
        evidence = await books.connector.evidence(books.invoice("S-1"))
        assert [seen.key for seen in evidence] == [draft["id"]]


async def test_an_edit_of_a_drafts_lines_is_seen(company: Open) -> None:
    """Whether it moves the document's time is not said: here it does not."""
    async with company() as books:
        outcome = await books.connector.submit(books.invoice("S-1"))
        assert isinstance(outcome, Confirmed)
        later = str(int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1000))
        assert outcome.key in await books.keys(since=later)


# -- writes ---------------------------------------------------------------------------------------


async def test_amounts_that_cannot_be_reckoned_are_sent_whole(company: Open) -> None:
    async with company() as books:
        line: Record = {"quantity": Decimal(100), "unit_price": Decimal("3"), "amount": Decimal("3.00")}
        request = books.invoice("S-1", lines=({**line, "item": "TRIP"},))
        assert isinstance(await books.connector.submit(request), Confirmed)
        (made,) = await books.documents("S-1")
        assert made["totalAmountIncludingTax"] == 3.0
        assert [(one["quantity"], one["unitPrice"]) for one in made["salesInvoiceLines"]] == [(1.0, 3.0)]


async def test_a_new_customer_has_the_id_that_its_request_chooses(company: Open) -> None:
    async with company() as books:
        request = WriteRequest("customer", Operation.CREATE, "sy-1", body={"displayName": "Orchard Foods"})
        first, again = await books.connector.submit(request), await books.connector.submit(request)
        assert isinstance(first, Confirmed)
        assert isinstance(again, Rejected)
        assert again.error_class is ErrorClass.DUPLICATE
        assert [seen.key for seen in await books.connector.evidence(request)] == [first.key]


@pytest.mark.parametrize("status", ["409", "412"])
async def test_a_stale_change_is_a_conflict_in_either_status(company: Open, status: str) -> None:
    async with company(stale_status=status) as books:
        seen = await books.connector.fetch("customer", books.customer)
        assert seen is not None
        await books.control.act("edit", kind="customers", id=books.customer, fields={"city": "Akron"})
        request = WriteRequest(
            "customer",
            Operation.UPDATE,
            "sy-1",
            key=books.customer,
            body={"displayName": "Ours"},
            expected=seen.raw,
        )
        outcome = await books.connector.submit(request)
        assert isinstance(outcome, Rejected)
        assert outcome.error_class is ErrorClass.CONFLICT
        assert outcome.words == "Another user has already changed the record (Request_EntityChanged)"


async def test_an_order_is_made_only_with_a_number_that_stays(company: Open) -> None:
    async with company({"chart": {}}) as books:
        assert books.connector.capabilities.entities["purchase_order"].operations == {}
        with pytest.raises(FixInput, match="purchase_order"):
            await books.connector.submit(
                WriteRequest("purchase_order", Operation.CREATE, "sy-1", body={"number": "Q-1"})
            )


@pytest.mark.parametrize("blank", [" ", "_x0020_"])
async def test_a_blank_word_reads_the_same_however_it_is_written(company: Open, blank: str) -> None:
    async with company(blank=blank) as books:
        seen = await books.connector.fetch("customer", books.customer)
        assert seen is not None
        lens = books.connector.capabilities.entities["customer"].map
        assert lens.get(json.loads(seen.raw))["status"] == "active"


# -- announcements ----------------------------------------------------------------------------------


@dataclass
class Ear:
    """A webhook address that answers as the connector's own verifier says."""

    connector: BusinessCentralConnector
    asked: int = 0
    deaf: bool = field(default=False)

    async def hear(self, request: web.Request) -> web.Response:
        self.asked += 1
        delivery = Delivery({}, dict(request.query), await request.read())
        verdict = self.connector.webhook_verifier.examine(delivery, datetime.now(UTC))
        assert isinstance(verdict, Handshake)
        return web.Response(text="" if self.deaf else verdict.text)


@asynccontextmanager
async def listening(ear: Ear) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/webhooks/books/{token}", ear.hear)
    async with TestServer(app) as server:
        yield str(server.make_url("/webhooks/books/"))


async def test_subscriptions_are_made_renewed_and_swept(company: Open) -> None:
    async with company() as books:
        ear = Ear(books.connector)
        async with listening(ear) as place:
            first = await books.connector.subscribe(f"{place}one")
            assert first is not None
            assert first.until is not None
            assert timedelta(days=2) < first.until - datetime.now(UTC) <= timedelta(days=3)
            made = {one["subscriptionId"] for one in books.sandbox.subscriptions.listed()}
            assert len(made) == ear.asked == 6
            await books.connector.subscribe(f"{place}one")
            assert {one["subscriptionId"] for one in books.sandbox.subscriptions.listed()} == made
            assert ear.asked == 12
            # the unguessable part was changed: what was ours there is swept
            await books.connector.subscribe(f"{place}two")
            urls = {one["notificationUrl"] for one in books.sandbox.subscriptions.listed()}
            assert urls == {f"{place}two"}


async def test_without_a_handshake_there_is_no_subscription(company: Open) -> None:
    async with company() as books:
        async with listening(Ear(books.connector, deaf=True)) as place:
            with pytest.raises(RetryLater, match="not granted"):
                await books.connector.subscribe(f"{place}one")
        assert books.sandbox.subscriptions.listed() == []


async def test_without_a_shared_state_nothing_is_subscribed_nor_believed(company: Open) -> None:
    async with company({"client_state": None}) as books:
        assert await books.connector.subscribe("http://127.0.0.1:9/one") is None
        with pytest.raises(UnreadableAnswer):
            books.connector.hints({}, b'{"value": [{"clientState": ""}]}')


# -- what it says of itself -------------------------------------------------------------------------


async def test_check_compares_the_fields_with_its_own_description(company: Open) -> None:
    async with company(POST) as books:
        findings = {finding.subject: finding for finding in await books.connector.probe()}
        assert {finding.level for finding in findings.values()} == {"ok"}, findings


async def test_a_field_that_is_gone_is_named(company: Open) -> None:
    async with company() as books:
        lenses = {name: spec.map for name, spec in books.connector.capabilities.entities.items()}
        described = document().replace(b'Name="phoneNumber"', b'Name="phone"')
        assert missing_fields(described, lenses) == ["customers.phoneNumber", "vendors.phoneNumber"]
        with pytest.raises(UnreadableAnswer):
            missing_fields(b"<html>", lenses)
