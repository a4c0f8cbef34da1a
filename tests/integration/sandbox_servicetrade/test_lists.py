"""Paging, the different limits, the filters and what they hide."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.sandbox_servicetrade.conftest import Account, Open

STATUSES = "new,scheduled,bidding,completed,pending_invoice,sending_invoice,invoiced,closed,canceled"


async def walk(account: Account, path: str, key: str, **query: str | int) -> list[Any]:
    records: list[Any] = []
    page = 1
    while True:
        data = await account.get(path, page=page, **query)
        records += data[key]
        if page >= data["totalPages"]:
            return records
        page += 1


async def test_pages_hold_every_record_once(account: Account) -> None:
    invoices = await walk(account, "/invoice", "invoices", limit=30, type="invoice")
    assert len(invoices) == 100
    assert len({invoice["id"] for invoice in invoices}) == 100


@pytest.mark.parametrize(
    ("path", "key", "default"), [("/location", "locations", 10), ("/invoice", "invoices", 160)]
)
async def test_each_list_has_its_own_default_limit(
    account: Account, path: str, key: str, default: int
) -> None:
    """Locations give 10 unless told, invoices 2000 (here: all of them, and vendors' bills)."""
    assert len((await account.get(path))[key]) == default


async def test_per_page_is_not_a_parameter(account: Account) -> None:
    assert len((await account.get("/location", perPage=25))["locations"]) == 10


async def test_a_limit_that_is_no_number_is_refused(account: Account) -> None:
    status, body = await account.ask("GET", "/invoice", limit="many")
    assert status == 400
    assert body["messages"] == {"error": [], "validation": ["limit must be an integer"]}


async def test_ids_are_integers_of_sixteen_digits(account: Account) -> None:
    for invoice in (await account.get("/invoice", limit=5))["invoices"]:
        assert isinstance(invoice["id"], int)
        assert len(str(invoice["id"])) == 16


async def test_uris_name_the_app_host(account: Account) -> None:
    invoice = (await account.get("/invoice", limit=1))["invoices"][0]
    assert invoice["uri"] == f"https://app.servicetrade.com/api/invoice/{invoice['id']}"


async def test_jobs_without_a_status_are_only_the_scheduled_ones(account: Account) -> None:
    shown = {job["status"] for job in (await account.get("/job"))["jobs"]}
    assert shown == {"scheduled"}


async def test_all_jobs_leaves_out_the_canceled_ones(account: Account) -> None:
    every = {job["status"] for job in (await account.get("/job", status=STATUSES))["jobs"]}
    called_all = {job["status"] for job in (await account.get("/job", status="all"))["jobs"]}
    assert "canceled" in every
    assert called_all == every - {"canceled"}


async def test_a_job_number_finds_a_job_of_any_status(account: Account) -> None:
    closed = (await account.get("/job", status="closed", limit=1))["jobs"][0]
    found = (await account.get("/job", number=closed["number"]))["jobs"]
    assert [job["id"] for job in found] == [closed["id"]]


@pytest.mark.parametrize("stamp", ["updated", "created"])
async def test_time_bounds_are_inclusive_seconds(account: Account, stamp: str) -> None:
    invoice = (await account.get("/invoice", limit=1))["invoices"][0]
    at = invoice[stamp]
    bounds = {f"{stamp}After": at, f"{stamp}Before": at}
    inside = (await account.get("/invoice", **bounds))["invoices"]
    assert invoice["id"] in {found["id"] for found in inside}
    assert {found[stamp] for found in inside} == {at}


async def test_there_is_no_sort_by_updated(account: Account) -> None:
    invoices = (await account.get("/invoice", sort="updated"))["invoices"]
    names = [invoice["name"] for invoice in invoices]
    assert names == sorted(names)


async def test_a_changed_record_is_in_the_next_incremental_list(account: Account) -> None:
    newest = max(i["updated"] for i in (await account.get("/invoice"))["invoices"])
    invoice = (await account.get("/invoice", limit=1))["invoices"][0]
    await account.write("PUT", f"/invoice/{invoice['id']}", {"notes": "seen"})
    changed = (await account.get("/invoice", updatedAfter=newest + 1))["invoices"]
    assert [found["id"] for found in changed] == [invoice["id"]]


async def test_invoices_by_status_and_customer(account: Account) -> None:
    ready = (await account.get("/invoice", status="ok,pending_accounting"))["invoices"]
    assert {invoice["status"] for invoice in ready} <= {"ok", "pending_accounting"}
    customer = ready[0]["customer"]["id"]
    theirs = (await account.get("/invoice", customerId=customer))["invoices"]
    assert {invoice["customer"]["id"] for invoice in theirs} == {customer}


async def test_contacts_of_a_company(account: Account) -> None:
    contact = (await account.get("/contact", limit=1))["contacts"][0]
    company = contact["companies"][0]["id"]
    found = (await account.get("/contact", companyId=company))["contacts"]
    assert contact["id"] in {other["id"] for other in found}


async def test_a_page_that_shifts_skips_a_record(account: Account) -> None:
    await account.control.order(Fault(kind=FaultKind.SHIFT_PAGES, path="/api/invoice", after=1, times=None))
    shifted = await walk(account, "/invoice", "invoices", limit=30)
    await account.control.clear_faults()
    whole = await walk(account, "/invoice", "invoices", limit=30)
    assert len({i["id"] for i in whole} - {i["id"] for i in shifted}) == 1


async def test_a_page_that_shifts_the_other_way_shows_a_record_twice(account: Account) -> None:
    await account.control.order(
        Fault(kind=FaultKind.SHIFT_PAGES, path="/api/invoice", after=1, times=None, shift=-1)
    )
    ids = [invoice["id"] for invoice in await walk(account, "/invoice", "invoices", limit=30)]
    assert len(ids) == len(set(ids)) + 1


async def test_a_token_can_end_in_the_middle_of_a_walk(account: Account) -> None:
    await account.control.order(Fault(kind=FaultKind.EXPIRE_TOKEN, path="/api/invoice", after=1))
    await account.get("/invoice", page=1, limit=30)
    assert (await account.ask("GET", "/invoice", page=2, limit=30))[0] == 401
    await account.log_in()
    await account.get("/invoice", page=2, limit=30)


async def test_a_job_embeds_stubs_in_the_flat_layout(account: Account) -> None:
    """The customer inside a job is only id, name and status."""
    ident = (await account.get("/job", limit=1))["jobs"][0]["id"]
    job = await account.get(f"/job/{ident}")
    assert set(job["customer"]) == {"id", "uri", "name", "status"}


async def test_the_compound_layout_keeps_ids_and_puts_the_rest_beside(open_account: Open) -> None:
    account = await open_account(layout="compound")
    listed = (await account.get("/job", limit=1))["jobs"][0]
    data = await account.get(f"/job/{listed['id']}")
    assert data["job"]["customer"] == listed["customer"]["id"]
    assert listed["customer"]["id"] in {company["id"] for company in data["companies"]}
    assert [location["id"] for location in data["locations"]] == [listed["location"]["id"]]
    assert {"contacts", "users", "serviceRequests"} <= set(data)


async def test_a_missing_record_answers_404_with_a_plain_list_of_messages(account: Account) -> None:
    status, body = await account.ask("GET", "/invoice/2270000000999999")
    assert (status, body["messages"]) == (404, ["invoice not found"])


@pytest.mark.parametrize(
    "query",
    [
        {"openClockEvents": 1},
        {"appointmentId": 5},
        {"activity": "onbreak"},
        {"source": "paper"},
        {"startTime": "yesterday"},
    ],
    ids=lambda query: next(iter(query)),
)
async def test_clock_events_are_not_listed_by_what_the_list_does_not_know(
    account: Account, query: dict[str, str | int]
) -> None:
    status, body = await account.ask("GET", "/clock", **query)
    assert (status, bool(body["messages"]["validation"])) == (400, True)


async def test_clock_events_of_a_time_and_the_pairs_of_a_job(account: Account) -> None:
    events = (await account.get("/clock", limit=500))["events"]
    last = events[-1]
    late = (await account.get("/clock", startTime=last["eventTime"], limit=500))["events"]
    assert {event["eventTime"] for event in late} == {last["eventTime"]}
    data = await account.get(f"/job/{last['job']['id']}/clockevent")
    pairs = data["pairedEvents"]
    assert {last["id"]} & {end["id"] for pair in pairs for end in (pair["start"], pair["end"])}
    assert all(pair["elapsedTime"] == pair["end"]["eventTime"] - pair["start"]["eventTime"] for pair in pairs)
    assert sum(pair["elapsedTime"] for pair in pairs) == sum(data["activityTime"].values())


async def test_former_colleagues_are_not_listed_unless_asked_for(account: Account) -> None:
    shown = (await account.get("/user", limit=500))["users"]
    former = (await account.get("/user", limit=500, status="inactive"))["users"]
    assert {user["status"] for user in shown} == {"active"}
    assert not {user["id"] for user in shown} & {user["id"] for user in former}
    assert (await account.ask("POST", "/user", {"name": "Dana"}))[0] == 405
