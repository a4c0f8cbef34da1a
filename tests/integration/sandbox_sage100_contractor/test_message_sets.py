"""Documents: form, onError, messageSetID, and requests that only read."""

from __future__ import annotations

import pytest
from lxml import etree

from syncd.connectors.sage100_contractor.profile import load_profile
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sage100_contractor.product import OWN_PROFILE
from syncd.sandbox.sage100_contractor.refusals import Code
from tests.integration.sandbox_sage100_contractor.site import Site, job_invoice, line

GOOD = '<ClientAddNextRq requestID="{0}"><Name>Client {0}</Name></ClientAddNextRq>'
BAD = '<ClientAddNextRq requestID="{0}"><Name></Name></ClientAddNextRq>'


async def test_every_request_is_answered_by_its_id_and_the_set_by_its_own(site: Site) -> None:
    answers = await site.submit(GOOD.format("a"), GOOD.format("b"), set_id="run-7")
    assert [(a.name, a.code, a.message) for a in answers] == [("ClientAddNextRs", "0", "Ok")] * 2
    assert [a.element.get("requestID") for a in answers] == ["a", "b"]
    parent = answers[0].element.getparent()
    assert parent is not None
    assert parent.get("messageSetID") == "run-7"


async def test_answers_follow_the_sites_schema(site: Site) -> None:
    schema = etree.XMLSchema(etree.parse(str(load_profile(OWN_PROFILE).schema_file)))
    requests = (GOOD.format("1"), BAD.format("2"), GOOD.format("3"))
    for text in (site.document(*requests), "<broken"):
        answer = await site.session(lambda held, text=text: held.submitXML(text, site.password))  # type: ignore[misc]
        schema.assertValid(etree.fromstring(answer.encode()))


async def test_stop_on_error_leaves_the_rest_undone_and_says_so(site: Site) -> None:
    answers = await site.submit(GOOD.format("1"), BAD.format("2"), GOOD.format("3"))
    assert [a.code for a in answers] == [Code.GOOD, Code.REQUIRED, Code.NOT_PROCESSED]
    assert len(site.rows("select 1 from reccln where clnnme like 'Client %'")) == 1, "the first one stands"


async def test_continue_on_error_carries_out_the_rest(site: Site) -> None:
    requests = (BAD.format("1"), GOOD.format("2"))
    assert [a.code for a in await site.submit(*requests, on_error="continueOnError")] == [Code.REQUIRED, "0"]


async def test_the_same_message_set_twice_is_executed_twice(site: Site) -> None:
    for _ in range(2):
        await site.submit(GOOD.format("1"), set_id="run-1")
    assert len(site.rows("select 1 from reccln where clnnme = 'Client 1'")) == 2


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text[:-9], "not well-formed"),
        (lambda text: text.replace("stopOnError", "maybe"), "onError"),
        (lambda text: text.replace("<Name>", "<Name2>").replace("</Name>", "</Name2>"), "Name2"),
        (lambda text: text.replace("ClientAddNextRq", "ClientEraseRq"), "ClientEraseRq"),
        (lambda text: text.replace("sage100contractor.com", "sagemasterbuilder.com"), "MBXML"),
        (lambda text: text.replace(' requestID="1"', ""), "requestID"),
    ],
)
async def test_a_document_of_the_wrong_form_is_refused_whole(site: Site, spoil: object, words: str) -> None:
    assert callable(spoil)
    (answer,) = await site.submit_text(spoil(site.document(GOOD.format("1"))))
    assert (answer.name, answer.code) == ("", Code.DOCUMENT)
    assert words in answer.message
    assert await site.control.view("submissions") == []


async def test_two_requests_of_one_id_are_refused(site: Site) -> None:
    assert (await site.submit(GOOD.format("1"), GOOD.format("1")))[0].code == Code.DOCUMENT


async def test_elements_out_of_order_are_refused_as_the_schema_says(site: Site) -> None:
    request = '<ClientAddNextRq requestID="1"><City>Dayton</City><Name>X</Name></ClientAddNextRq>'
    assert (await site.submit(request))[0].code == Code.DOCUMENT


async def test_no_entity_is_expanded_and_no_file_is_read(site: Site) -> None:
    text = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + site.document(GOOD.format("&e;"))
    (answer,) = await site.submit_text(text)
    assert answer.code == Code.DOCUMENT


async def test_a_client_is_queried_by_its_number(site: Site) -> None:
    number = site.a_client()
    query = '<ClientQryRq requestID="1"><ObjectRef><ObjectID>{}</ObjectID></ObjectRef></ClientQryRq>'
    (answer,) = await site.submit(query.format(number))
    name = site.row("select clnnme from reccln where recnum = ?", number)["clnnme"]
    assert answer.element.findtext("Name") == name
    assert answer.element.findtext("ObjectRef/ObjectID") == str(number)
    assert (await site.submit(query.format(999999)))[0].code == Code.NOT_FOUND


async def test_sql_run_answers_a_rowset(site: Site) -> None:
    (answer,) = await site.submit(
        '<SQLRunRq requestID="1"><SQL>SELECT 1 AS one, NULL AS none</SQL></SQLRunRq>'
    )
    (row,) = answer.element.iter("{#RowsetSchema}row")
    assert row.items() == [("one", "1")]


@pytest.mark.parametrize(
    "statement", ["delete from reccln", "select 1; select 2", "select * from nothing", "select"]
)
async def test_sql_run_only_runs_one_select_that_fits(site: Site, statement: str) -> None:
    (answer,) = await site.submit(f'<SQLRunRq requestID="1"><SQL>{statement}</SQL></SQLRunRq>')
    assert answer.code == Code.SQL


async def test_a_record_open_at_another_user_is_refused_and_nothing_is_written(site: Site) -> None:
    await site.control.order(Fault(kind=FaultKind.LOCKED, operation="ClientUpdRq"))
    update = (
        f'<ClientUpdRq requestID="1"><ObjectRef><ObjectID>{site.a_client()}</ObjectID></ObjectRef>'
        "<City>Akron</City></ClientUpdRq>"
    )
    (answer,) = await site.submit(update)
    assert (answer.code, answer.message) == (Code.IN_USE, "The record is in use by another user.")
    assert site.rows("select 1 from reccln where ctynme = 'Akron'") == []
    assert (await site.submit(update))[0].code == Code.GOOD


async def test_a_period_closed_on_order_takes_back_the_whole_document(site: Site) -> None:
    await site.control.order(Fault(kind=FaultKind.CLOSED_PERIOD, operation="ARInvoice*"))
    request = job_invoice(site.a_job(), "FS-P", lines=line() + line())
    lines = len(site.rows("select 1 from arivln"))
    assert (await site.submit(request))[0].code == Code.PERIOD
    assert site.rows("select 1 from acrinv where invnum = 'FS-P'") == []
    assert len(site.rows("select 1 from arivln")) == lines
    assert (await site.submit(request))[0].code == Code.GOOD


async def test_readers_are_not_held_up_by_a_write_under_way(site: Site) -> None:
    assert site.row("pragma journal_mode")["journal_mode"] == "wal"
