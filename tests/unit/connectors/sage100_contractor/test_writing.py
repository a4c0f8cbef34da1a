"""One business request a document, confirmed only when it was read back: found exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.core.errors import FixInput, RenewCredentials, RetryLater, UnreadableAnswer
from syncd.core.model import Operation, Record
from syncd.core.outcome import Confirmed, ErrorClass, Rejected, Retry, Unknown
from syncd.ports import Connector, Proof, WriteRequest
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sage100_contractor.tables import ACRINV, ACTREC, ARIVLN, RECCLN, SRVINV, SRVLIN
from tests.unit.connectors.sage100_contractor.site import ACCOUNT, DISTRICT, DirectChannel, Site

LINE = {
    "description": "Labour",
    "quantity": Decimal("1.5"),
    "unit_price": Decimal(100),
    "amount": Decimal("150.00"),
    "account": str(ACCOUNT),
    "cost_code": "15.5",
}


def create(connector: Connector, entity: str, wanted: Record, reference: str = "st-1") -> WriteRequest:
    body = connector.capabilities.entities[entity].map.put(wanted, None)
    return WriteRequest(entity, Operation.CREATE, reference, body=body)


async def update(connector: Connector, entity: str, key: str, wanted: Record) -> WriteRequest:
    seen = await connector.fetch(entity, key)
    assert seen is not None
    body = connector.capabilities.entities[entity].map.put(wanted, json.loads(seen.raw))
    return WriteRequest(entity, Operation.UPDATE, "st-up", key=key, body=body, expected=seen.raw)


def invoice(site: Site, **changes: Any) -> dict[str, Any]:
    parent = (
        {"job": str(site.job()["recnum"])}
        if site.billing == "job"
        else {"customer": str(site.client()["recnum"])}
    )
    lines = changes.pop("lines", (LINE, {**LINE, "amount": Decimal("-20.00"), "quantity": None}))
    return {
        **parent,
        "number": "S-10442",
        "date": date(2026, 3, 1),
        "due_date": date(2026, 3, 31),
        "description": "Quarterly inspection",
        "tax_district": str(DISTRICT),
        "tax": Decimal("9.75"),
        "retainage": Decimal("10.00"),
        "total": Decimal("139.75"),
        "lines": lines,
        **changes,
    }


# -- creates ------------------------------------------------------------------------------------


async def test_an_invoice_stands_in_receivables_with_its_lines_to_the_cent(site: Site) -> None:
    connector, channel = site.connect()
    outcome = await connector.submit(create(connector, "invoice", invoice(site)))
    assert isinstance(outcome, Confirmed), outcome
    (document,) = site.rows(ACRINV)
    assert outcome.key == str(document["recnum"])
    shown = {name: document[name] for name in ("invnum", "invttl", "slstax", "retain", "status", "usrdf1")}
    assert shown == {
        "invnum": "S-10442",
        "invttl": Decimal("139.75"),
        "slstax": Decimal("9.75"),
        "retain": Decimal("10.00"),
        "status": 1,
        "usrdf1": "st-1",
    }
    lines = site.rows(ARIVLN, _idref=document["_idnum"])
    assert [line["extprc"] for line in lines] == [Decimal("150.00"), Decimal("-20.00")]
    assert outcome.raw is not None
    lens = connector.capabilities.entities["invoice"].map
    assert lens.get(json.loads(outcome.raw))["total"] == Decimal("139.75")
    assert len(channel.documents) == 1


async def test_a_service_invoice_hangs_off_a_client(service_site: Site) -> None:
    site = service_site
    connector, _ = site.connect()
    wanted = {name: value for name, value in invoice(site).items() if name != "retainage"}
    outcome = await connector.submit(create(connector, "invoice", wanted))
    assert isinstance(outcome, Confirmed), outcome
    (document,) = site.rows(SRVINV)
    assert document["clnnum"] == site.rows(RECCLN)[0]["recnum"]
    assert (document["ordnum"], document["orddte"]) == ("S-10442", date(2026, 3, 1))
    assert len(site.rows(SRVLIN)) == 2


async def test_a_line_that_does_not_multiply_is_posted_as_one_unit_at_its_amount(site: Site) -> None:
    """Sage computes a line; the money is the truth."""
    connector, _ = site.connect()
    line = {**LINE, "quantity": Decimal(3), "unit_price": Decimal("33.33"), "amount": Decimal("100.00")}
    wanted = invoice(site, lines=(line,), tax=Decimal("0.00"), total=Decimal("100.00"))
    assert isinstance(await connector.submit(create(connector, "invoice", wanted)), Confirmed)
    (kept,) = site.rows(ARIVLN)
    assert (kept["linqty"], kept["linprc"], kept["extprc"]) == (1, Decimal(100), Decimal(100))


async def test_a_client_gets_what_sage_wants_and_nobody_else_knows(site: Site) -> None:
    connector, _ = site.connect(client_status=2)
    name = "Peña Brothers Property Management and Facilities Services of Columbus"
    outcome = await connector.submit(create(connector, "customer", {"name": name, "phone": "614 555 0100"}))
    assert isinstance(outcome, Confirmed), outcome
    (client,) = site.rows(RECCLN)
    assert client["clnnme"] == name[:50].strip()
    assert client["shtnme"] == name[:30].strip()
    assert client["status"] == 2
    assert client["recnum"] == 1


async def test_a_job_gets_the_contractors_own_number(site: Site) -> None:
    connector, _ = site.connect()
    client = str(site.client()["recnum"])
    wanted = {"number": "24017", "name": "Chiller", "customer": client}
    assert isinstance(await connector.submit(create(connector, "job", wanted)), Confirmed)
    (job,) = site.rows(ACTREC)
    assert (job["recnum"], job["status"]) == (24017, 4)


async def test_where_sage_gives_no_next_number_one_is_chosen(tmp_path: Path) -> None:
    probe = Site(tmp_path)
    requests = probe.profile.requests.model_copy(update={"client_add_next": None})
    probe.close()
    folder = tmp_path / "other"
    folder.mkdir()
    site = Site(folder, requests=requests)
    site.client(recnum=1205)
    connector, _ = site.connect()
    outcome = await connector.submit(create(connector, "customer", {"name": "Harbor Foods"}))
    assert isinstance(outcome, Confirmed), outcome
    assert outcome.key == "1206"
    site.close()


async def test_repeating_a_create_that_was_carried_out_finds_it(site: Site) -> None:
    connector, channel = site.connect()
    request = create(connector, "invoice", invoice(site))
    first, second = await connector.submit(request), await connector.submit(request)
    assert first == second
    assert len(channel.documents) == 1


async def test_an_invoice_number_that_stands_already_is_not_posted_again(site: Site) -> None:
    """Somebody entered it by hand; Sage itself would only warn."""
    site.invoice(invnum="S-10442")
    connector, channel = site.connect()
    outcome = await connector.submit(create(connector, "invoice", invoice(site)))
    assert isinstance(outcome, Rejected)
    assert outcome.error_class is ErrorClass.DUPLICATE
    assert outcome.field == "number"
    assert channel.documents == []


async def test_a_void_invoice_leaves_its_number_free(site: Site) -> None:
    site.invoice(invnum="S-10442", status=5)
    connector, _ = site.connect()
    assert isinstance(await connector.submit(create(connector, "invoice", invoice(site))), Confirmed)


# -- refusals -----------------------------------------------------------------------------------


async def test_a_closed_period_is_refused_in_sages_words(site: Site) -> None:
    site.books.closed.add((2026, 3))
    connector, _ = site.connect()
    outcome = await connector.submit(create(connector, "invoice", invoice(site)))
    assert outcome == Rejected(ErrorClass.VALIDATION, "Posting period 3 of 2026 is closed.")
    assert site.rows(ACRINV) == []


async def test_a_locked_record_is_tried_again_later(site: Site) -> None:
    site.faults.add([Fault(kind=FaultKind.LOCKED, operation="ARInvoiceAddRq")])
    connector, _ = site.connect(retry_after_s=30)
    request = create(connector, "invoice", invoice(site))
    outcome = await connector.submit(request)
    assert isinstance(outcome, Retry)
    assert outcome.after_s == 30
    assert "in use" in outcome.words
    assert isinstance(await connector.submit(request), Confirmed)


async def test_exclusive_access_of_another_is_tried_again_later(site: Site) -> None:
    site.installation.taken_by_person = True
    connector, _ = site.connect()
    assert isinstance(await connector.submit(create(connector, "customer", {"name": "Harbor"})), Retry)


async def test_a_refused_login_was_not_executed(site: Site) -> None:
    connector, _ = site.connect(company="Another Company")
    outcome = await connector.submit(create(connector, "customer", {"name": "Harbor"}))
    assert isinstance(outcome, Retry)
    assert outcome.error_class is ErrorClass.AUTH


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"number": "S-" + "1" * 19}, "number", "longer than Sage can hold"),
        ({"description": "bell \x07"}, None, "control characters"),
        ({"lines": ()}, None, "mbxml.xsd"),
        ({"tax": Decimal("1.999")}, "tax", "decimals"),
    ],
)
async def test_a_wrong_document_never_leaves(
    site: Site, changes: Mapping[str, Any], field: str | None, said: str
) -> None:
    connector, channel = site.connect()
    request = create(connector, "invoice", invoice(site, **changes))
    outcome = await connector.submit(request)
    assert isinstance(outcome, Rejected), outcome
    assert said in outcome.words
    assert outcome.field == field
    assert channel.documents == []


async def test_what_no_request_can_do_is_refused(site: Site) -> None:
    connector, channel = site.connect()
    for request in (
        WriteRequest("customer", Operation.DELETE, "st-1", key="1"),
        WriteRequest("invoice", Operation.ACTION, "st-1", key="1", action="void"),
        WriteRequest("payment", Operation.CREATE, "st-1", body={"chknum": "1"}),
    ):
        if request.entity == "payment":
            assert "create" not in connector.capabilities.entities["payment"].operations
            continue
        assert isinstance(await connector.submit(request), Rejected)
    assert channel.documents == []


async def test_without_an_element_for_our_reference_nothing_is_created(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    profile = Site(tmp_path).profile
    add = profile.requests.job_billing_add
    assert add is not None
    elements = {name: path for name, path in add.elements.items() if name != "usrdf1"}
    poor = add.model_copy(update={"elements": elements})
    site = Site(folder, requests=profile.requests.model_copy(update={"job_billing_add": poor}))
    connector, _ = site.connect()
    operations = connector.capabilities.entities["invoice"].operations
    assert "create" not in operations
    assert "usrdf1" in " ".join(finding.message for finding in await connector.probe())


# -- lost answers -------------------------------------------------------------------------------


def _raise(error: Exception, *, after: bool) -> Callable[[Callable[[], bytes]], bytes]:
    def instead(carry_out: Callable[[], bytes]) -> bytes:
        if after:
            carry_out()
        raise error

    return instead


async def test_a_bridge_that_is_away_was_not_asked(site: Site) -> None:
    connector, channel = site.connect()
    channel.instead_of_submit.append(_raise(RetryLater("no bridge is connected", after_s=3.0), after=False))
    outcome = await connector.submit(create(connector, "customer", {"name": "Harbor"}))
    assert outcome == Retry(ErrorClass.CONNECTION, "no bridge is connected", 3.0)


async def test_a_document_that_is_too_large_for_the_bridge_is_refused(site: Site) -> None:
    connector, channel = site.connect()
    channel.instead_of_submit.append(_raise(FixInput("too large for the bridge"), after=False))
    outcome = await connector.submit(create(connector, "customer", {"name": "Harbor"}))
    assert isinstance(outcome, Rejected)
    assert outcome.error_class is ErrorClass.TOO_LARGE


async def test_a_login_that_the_bridge_lost_stops_the_connection(site: Site) -> None:
    connector, _ = site.connect(password="wrong")
    with pytest.raises(RenewCredentials):
        await connector.submit(create(connector, "customer", {"name": "Harbor"}))


async def test_an_answer_that_never_came_is_unknown_and_provable(site: Site) -> None:
    connector, channel = site.connect()
    channel.instead_of_submit.append(_raise(UnreadableAnswer("no answer"), after=True))
    request = create(connector, "invoice", invoice(site))
    assert isinstance(await connector.submit(request), Unknown)
    (seen,) = await connector.evidence(request)
    assert seen.key == str(site.rows(ACRINV)[0]["recnum"])


async def test_good_words_without_a_record_confirm_nothing(site: Site) -> None:
    connector, channel = site.connect()
    good = (
        '<api:MBXML xmlns:api="http://sage100contractor.com/api"><MBXMLMsgsRs messageSetID="st-1">'
        '<ClientAddNextRs requestID="1" statusCode="0" statusMessage="Ok"/></MBXMLMsgsRs></api:MBXML>'
    )
    channel.instead_of_submit.append(lambda _: good.encode())
    outcome = await connector.submit(create(connector, "customer", {"name": "Harbor"}))
    assert isinstance(outcome, Unknown)


async def test_two_records_with_our_reference_confirm_nothing(site: Site) -> None:
    connector, channel = site.connect()

    def twice(carry_out: Callable[[], bytes]) -> bytes:
        carry_out()
        return carry_out()

    channel.instead_of_submit.append(twice)
    request = create(connector, "customer", {"name": "Harbor"})
    outcome = await connector.submit(request)
    assert isinstance(outcome, Unknown)
    assert outcome.error_class is ErrorClass.DUPLICATE
    assert len(await connector.evidence(request)) == 2


async def test_a_read_back_that_fails_leaves_it_unknown(site: Site) -> None:
    connector, channel = site.connect()

    def then_away(carry_out: Callable[[], bytes]) -> bytes:
        channel.before_query.append(lambda: RetryLater("no bridge is connected"))
        return carry_out()

    channel.instead_of_submit.append(then_away)
    assert isinstance(await connector.submit(create(connector, "customer", {"name": "Harbor"})), Unknown)
    assert len(site.rows(RECCLN)) == 1


async def test_a_database_that_is_away_before_a_write_means_not_executed(site: Site) -> None:
    connector, channel = site.connect()
    request = create(connector, "customer", {"name": "Harbor"})
    channel.before_query.append(lambda: UnreadableAnswer("the bridge's answer broke off"))
    assert isinstance(await connector.submit(request), Retry)
    assert channel.documents == []


# -- evidence -----------------------------------------------------------------------------------


async def test_an_invoice_that_lost_our_reference_is_known_by_number_job_and_total(site: Site) -> None:
    connector, _ = site.connect()
    request = create(connector, "invoice", invoice(site))
    await connector.submit(request)
    (document,) = site.rows(ACRINV)
    site.edit(ACRINV, document["_idnum"], usrdf1="")
    assert [seen.key for seen in await connector.evidence(request)] == [str(document["recnum"])]
    site.edit(ACRINV, document["_idnum"], invttl=Decimal("1.00"))
    assert list(await connector.evidence(request)) == []


async def test_a_record_of_another_reference_is_not_ours(site: Site) -> None:
    connector, _ = site.connect()
    request = create(connector, "customer", {"name": "Harbor Foods", "postal_code": "45402"})
    theirs = site.client(clnnme="Harbor Foods", zipcde="45402", usrdf1="st-other")
    assert list(await connector.evidence(request)) == []
    site.edit(RECCLN, theirs["_idnum"], usrdf1="")
    assert [seen.key for seen in await connector.evidence(request)] == [str(theirs["recnum"])]


async def test_an_update_is_proven_by_content(site: Site) -> None:
    key = str(site.client()["recnum"])
    connector, _ = site.connect()
    request = await update(connector, "customer", key, {"city": "Dayton"})
    assert connector.capabilities.entities["customer"].operations["update"].proof is Proof.CONTENT
    assert list(await connector.evidence(request)) == []
    await connector.submit(request)
    assert [seen.key for seen in await connector.evidence(request)] == [key]


# -- updates ------------------------------------------------------------------------------------


async def test_an_edit_in_between_is_not_overwritten(site: Site) -> None:
    client = site.client()
    connector, channel = site.connect()
    request = await update(connector, "customer", str(client["recnum"]), {"name": "Ours"})
    site.edit(RECCLN, client["_idnum"], clnnme="Theirs")
    outcome = await connector.submit(request)
    assert isinstance(outcome, Rejected)
    assert outcome.error_class is ErrorClass.CONFLICT
    assert "Theirs" not in outcome.words
    assert channel.documents == []


async def test_a_new_stamp_alone_is_no_conflict(site: Site) -> None:
    """A receipt touches the document; nothing that we read of it changed."""
    client = site.client()
    connector, _ = site.connect()
    request = await update(connector, "customer", str(client["recnum"]), {"city": "Dayton"})
    site.edit(RECCLN, client["_idnum"], ntetxt="called twice")
    assert isinstance(await connector.submit(request), Confirmed)


async def test_what_is_so_already_needs_no_licence(site: Site) -> None:
    client = site.client()
    connector, channel = site.connect()
    request = await update(connector, "customer", str(client["recnum"]), {"city": "Dayton"})
    site.edit(RECCLN, client["_idnum"], ctynme="Dayton")
    assert isinstance(await connector.submit(request), Confirmed)
    assert channel.documents == []


async def test_a_field_is_cleared_with_an_empty_element(site: Site) -> None:
    client = site.client(phnnum="614 555 0100")
    connector, _ = site.connect()
    request = await update(connector, "customer", str(client["recnum"]), {"phone": None})
    assert isinstance(await connector.submit(request), Confirmed)
    assert site.rows(RECCLN)[0]["phnnum"] == ""


async def test_only_text_of_a_posted_document_is_ever_updated(site: Site) -> None:
    connector, _ = site.connect()
    lens = connector.capabilities.entities["invoice"].map
    names = frozenset(field.name for field in lens.fields)
    assert names - lens.unwritable(names) == {"description", "customer_po"}


async def test_a_customers_own_field_is_read_and_written(site: Site) -> None:
    _, channel = site.connect()
    connector = site.open(channel, custom={"customer": {"warranty": "usrdf2"}})
    request = create(connector, "customer", {"name": "Harbor", "custom.warranty": "gold"})
    outcome = await connector.submit(request)
    assert isinstance(outcome, Confirmed), outcome
    assert site.rows(RECCLN)[0]["usrdf2"] == "gold"
    assert outcome.raw is not None
    lens = connector.capabilities.entities["customer"].map
    assert lens.get(json.loads(outcome.raw))["custom.warranty"] == "gold"


@pytest.mark.parametrize("column", ["usrdf2; DROP TABLE reccln", "Usrdf2", "custom.warranty", ""])
async def test_a_custom_field_is_a_column_and_nothing_else(site: Site, column: str) -> None:
    channel = DirectChannel(site.database.path, site.installation.open())
    with pytest.raises(FixInput, match="warranty"):
        site.open(channel, custom={"customer": {"warranty": column}})
