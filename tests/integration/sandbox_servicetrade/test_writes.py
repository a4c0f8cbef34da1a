"""What a write may say, and what it is refused for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.sandbox_servicetrade.conftest import Account

ADDRESS = {"street": "1 Main St", "city": "Columbus", "state": "OH", "postalCode": "43215"}


async def ready_invoice(account: Account) -> Any:
    return (await account.get("/invoice", status="ok", limit=1))["invoices"][0]


async def some_job(account: Account) -> Any:
    return (await account.get("/job", limit=1))["jobs"][0]


async def test_an_invoice_is_approved_through_the_api(account: Account) -> None:
    invoice = await ready_invoice(account)
    changed = await account.write("PUT", f"/invoice/{invoice['id']}", {"status": "pending_accounting"})
    assert changed["status"] == "pending_accounting"
    assert changed["totalPrice"] == invoice["totalPrice"]


async def test_a_step_that_a_status_does_not_take_answers_400(account: Account) -> None:
    invoice = await ready_invoice(account)
    path = f"/invoice/{invoice['id']}"
    await account.write("PUT", path, {"status": "void"})
    status, body = await account.ask("PUT", path, {"status": "processed"})
    assert (status, body["messages"]) == (400, {"error": ["Invalid status transition"], "validation": []})
    assert (await account.get(path))["status"] == "void"


@pytest.mark.parametrize(
    "field", ["type", "jobId", "locationId", "customerId", "vendorId", "items", "applyTax"]
)
async def test_fields_of_creation_cannot_be_changed_later(account: Account, field: str) -> None:
    invoice = await ready_invoice(account)
    assert (await account.ask("PUT", f"/invoice/{invoice['id']}", {field: 1}))[0] == 400


async def test_a_job_brings_its_parties_and_they_cannot_be_sent_beside_it(account: Account) -> None:
    job = await some_job(account)
    both = {"jobId": job["id"], "locationId": job["location"]["id"]}
    assert (await account.ask("POST", "/invoice", both))[0] == 400
    made = await account.write("POST", "/invoice", {"jobId": job["id"], "items": []})
    assert made["customer"]["id"] == job["customer"]["id"]


async def test_an_invoice_without_a_job_needs_all_parties(account: Account) -> None:
    job = await some_job(account)
    body = {"locationId": job["location"]["id"], "customerId": job["customer"]["id"], "items": []}
    assert (await account.ask("POST", "/invoice", body))[0] == 400
    made = await account.write("POST", "/invoice", {**body, "vendorId": job["vendor"]["id"]})
    assert (made["job"], made["status"]) == (None, "ok")


async def test_given_items_make_the_total(account: Account) -> None:
    job = await some_job(account)
    items = [{"quantity": 3, "price": 10.10, "description": "Filters"}, {"quantity": 1, "price": -5}]
    made = await account.write("POST", "/invoice", {"jobId": job["id"], "items": items})
    assert made["totalPrice"] == 25.30
    assert [item["totalPrice"] for item in made["items"]] == [30.30, -5.0]


async def test_a_contract_turns_the_jobs_items_into_lines(account: Account) -> None:
    job = await some_job(account)
    own = await account.get("/jobitem", jobId=job["id"])
    without = await account.write("POST", "/invoice", {"jobId": job["id"]})
    made = await account.write("POST", "/invoice", {"jobId": job["id"], "contractId": job["contract"]["id"]})
    assert without["items"] == []
    assert [line["description"] for line in made["items"]] == [item["name"] for item in own["jobItems"]]


async def test_a_contract_that_does_not_fit_the_job_answers_409(account: Account) -> None:
    job = await some_job(account)
    jobs = (await account.get("/job", status="all"))["jobs"]
    other = next(j for j in jobs if j["customer"]["id"] != job["customer"]["id"])
    body = {"jobId": job["id"], "contractId": other["contract"]["id"]}
    assert (await account.ask("POST", "/invoice", body))[0] == 409
    invoice = (await account.get("/invoice", customerId=job["customer"]["id"], limit=1))["invoices"][0]
    change = {"contractId": other["contract"]["id"]}
    assert (await account.ask("PUT", f"/invoice/{invoice['id']}", change))[0] == 409


async def test_a_wrong_type_is_refused_and_changes_nothing(account: Account) -> None:
    invoice = await ready_invoice(account)
    status, body = await account.ask("PUT", f"/invoice/{invoice['id']}", {"notes": "x", "status": 5})
    assert (status, body["messages"]["validation"]) == (400, ["status is not valid"])
    assert (await account.get(f"/invoice/{invoice['id']}"))["notes"] is None


async def test_the_ledgers_key_is_kept_as_external_id(account: Account) -> None:
    path = f"/invoice/{(await ready_invoice(account))['id']}"
    await account.write("PUT", path, {"externalIds": {"sage100": "4711"}})
    await account.write("PUT", path, {"status": "processed"})
    assert (await account.get(path))["externalIds"] == {"sage100": "4711"}


async def test_an_external_system_that_nobody_defined_is_refused(account: Account) -> None:
    path = f"/invoice/{(await ready_invoice(account))['id']}"
    assert (await account.ask("PUT", path, {"externalIds": {"other": "1"}}))[0] == 400


async def test_a_comment_is_put_on_an_invoice(account: Account) -> None:
    invoice = await ready_invoice(account)
    body = {"entityId": invoice["id"], "entityType": 9001, "content": "Period 9 is closed"}
    await account.write("POST", "/comment", body)
    found = (await account.get("/comment", entityId=invoice["id"], entityType=9001))["comments"]
    assert [comment["content"] for comment in found] == ["Period 9 is closed"]
    assert (await account.ask("POST", "/comment", {**body, "entityId": 1}))[0] == 400


async def test_a_company_is_created_and_changed_in_parts(account: Account) -> None:
    made = await account.write("POST", "/company", {"name": "Neu & Söhne", "address": ADDRESS})
    changed = await account.write("PUT", f"/company/{made['id']}", {"phoneNumber": "(614) 555-0100"})
    assert (changed["name"], changed["phoneNumber"]) == ("Neu & Söhne", "(614) 555-0100")
    assert changed["address"] == ADDRESS


async def test_a_company_needs_a_name_and_a_whole_address(account: Account) -> None:
    assert (await account.ask("POST", "/company", {"phoneNumber": "1"}))[0] == 400
    part = {"name": "A", "address": {"street": "1 Main St"}}
    assert (await account.ask("POST", "/company", part))[0] == 400


async def test_a_location_takes_the_flat_address_fields(account: Account) -> None:
    company = (await account.get("/company", limit=1))["companies"][0]["id"]
    body: dict[str, Any] = {"companyId": company, "name": "Annex"}
    assert (await account.ask("POST", "/location", body))[0] == 400
    flat = {f"address{name[0].upper()}{name[1:]}": value for name, value in ADDRESS.items()}
    made = await account.write("POST", "/location", {**body, **flat})
    assert (made["address"], made["company"]["id"]) == (ADDRESS, company)


@pytest.mark.parametrize("missing", ["locationId", "vendorId", "type"])
async def test_a_job_needs_location_vendor_and_type(account: Account, missing: str) -> None:
    job = await some_job(account)
    body = {"locationId": job["location"]["id"], "vendorId": job["vendor"]["id"], "type": "repair"}
    made = await account.write("POST", "/job", body)
    assert made["number"] > job["number"]
    assert (await account.ask("POST", "/job", {k: v for k, v in body.items() if k != missing}))[0] == 400


async def test_a_job_item_needs_a_name(account: Account) -> None:
    job = await some_job(account)
    assert (await account.ask("POST", "/jobitem", {"jobId": job["id"]}))[0] == 400
    made = await account.write("POST", "/jobitem", {"jobId": job["id"], "name": "Belt", "quantity": 2})
    assert (made["cost"], made["job"]["id"]) == (None, job["id"])


async def test_only_locations_and_job_items_can_be_deleted(account: Account) -> None:
    kinds = {"company": "companies", "location": "locations", "job": "jobs", "jobitem": "jobItems"}
    answers = {}
    for kind, key in {**kinds, "invoice": "invoices"}.items():
        ident = (await account.get(f"/{kind}", limit=1))[key][0]["id"]
        answers[kind] = (await account.ask("DELETE", f"/{kind}/{ident}"))[0]
    assert answers == {"company": 405, "location": 204, "job": 405, "jobitem": 204, "invoice": 405}


async def test_payments_do_not_exist_unless_the_profile_names_them(account: Account) -> None:
    assert (await account.ask("GET", "/payment"))[0] == 404


async def test_a_checker_sees_invoices_comments_writes_and_requests(account: Account) -> None:
    invoice = await ready_invoice(account)
    for notes in ("a", "b"):
        await account.write("PUT", f"/invoice/{invoice['id']}", {"notes": notes})
    (seen,) = await account.control.view("invoices", number=invoice["invoiceNumber"])
    assert (seen["writes"], seen["comments"], seen["externalIds"]) == (2, [], {})
    assert seen["totalPrice"] == f"{invoice['totalPrice']:.2f}"
    assert await account.control.view("writes") == {f"invoice/{invoice['id']}": 2}
    assert (await account.control.view("requests"))["PUT /api/invoice/{id}"] == 2


async def test_reset_brings_the_start_back(account: Account) -> None:
    before = (await ready_invoice(account))["id"]
    await account.write("PUT", f"/invoice/{before}", {"status": "void"})
    await account.control.reset()
    assert (await account.ask("GET", "/invoice"))[0] == 401
    await account.log_in()
    assert (await account.get(f"/invoice/{before}"))["status"] == "ok"
    assert (await account.control.state())["writes"] == 0
