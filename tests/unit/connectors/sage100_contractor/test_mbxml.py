"""Documents are made of elements and checked against the site's xsd; answers are read with suspicion."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from syncd.connectors.sage100_contractor.mbxml import (
    MAX_ANSWER_BYTES,
    Answer,
    Contract,
    Session,
    build,
    encoded,
    read_answer,
)
from syncd.connectors.sage100_contractor.profile import RequestShape
from syncd.core.errors import FixInput, UnreadableAnswer
from tests.unit.connectors.sage100_contractor.site import sandbox_profile

PROFILE = sandbox_profile()
SESSION = Session(PROFILE.namespace, "Demo Mechanical", "SYNCAPI")
CLIENT = PROFILE.requests.offered()["client_add_next"]
INVOICE = PROFILE.requests.offered()["job_billing_add"]


def _answer(inside: str, attributes: str = "") -> bytes:
    space = PROFILE.namespace
    return (
        f'<api:MBXML xmlns:api="{space}"><MBXMLMsgsRs messageSetID="ref-1" {attributes}>{inside}'
        "</MBXMLMsgsRs></api:MBXML>"
    ).encode()


def test_a_document_follows_the_xsd_whatever_order_its_values_come_in() -> None:
    values = {"usrdf1": "ref-1", "invdte": "2026-03-01", "jobnum": "12", "invnum": "S-1", "taxdst": "7"}
    lines = [{"lgract": "4000", "extprc": "10.00", "dscrpt": "Labour & parts"}, {"extprc": "0"}]
    document = build(SESSION, INVOICE, message_set="ref-1", values=values, lines=lines)
    assert Contract(PROFILE.schema_file).objection(document) is None
    text = encoded(document).decode()
    assert "Labour &amp; parts" in text
    assert "<JobRef><ObjectID>12</ObjectID></JobRef>" in text
    assert 'messageSetID="ref-1" onError="stopOnError"' in text
    assert text.count("requestID=") == 1


def test_columns_that_share_an_element_share_it_once() -> None:
    shape = RequestShape(name="ClientAddRq", elements={"addrs1": "Address/Line", "ctynme": "Address/City"})
    document = build(SESSION, shape, message_set="r", values={"addrs1": "1 Main St", "ctynme": "Dayton"})
    assert len(document.findall(".//Address")) == 1
    assert document.findtext(".//Address/City") == "Dayton"


def test_a_column_that_the_request_does_not_carry_is_no_silent_loss() -> None:
    with pytest.raises(KeyError, match="begbal"):
        build(SESSION, CLIENT, message_set="r", values={"begbal": "10"})


def test_an_objection_names_the_place_and_the_rule_but_no_value() -> None:
    document = build(SESSION, INVOICE, message_set="r", values={"invdte": "next Tuesday"}, lines=[{}])
    objection = Contract(PROFILE.schema_file).objection(document)
    assert objection is not None
    assert objection.place == "InvoiceDate"
    assert "Tuesday" not in objection.reason
    assert "type" in objection.reason or "form" in objection.reason


def test_a_missing_part_is_an_objection() -> None:
    document = build(SESSION, INVOICE, message_set="r", values={"invnum": "S-1"})
    objection = Contract(PROFILE.schema_file).objection(document)
    assert objection is not None
    assert "missing" in objection.reason


def test_the_contract_knows_its_requests_and_has_a_fingerprint(tmp_path: Path) -> None:
    contract = Contract(PROFILE.schema_file)
    assert contract.offers("ClientAddRq")
    assert not contract.offers("ClientDelRq")
    copy = tmp_path / "mbxml.xsd"
    copy.write_bytes(PROFILE.schema_file.read_bytes())
    assert Contract(copy).fingerprint == contract.fingerprint
    copy.write_bytes(copy.read_bytes() + b"\n")
    assert Contract(copy).fingerprint != contract.fingerprint


@pytest.mark.parametrize("content", [None, b"<xs:schema", b"<a/>"])
def test_an_unusable_xsd_is_for_a_person_to_mend(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "mbxml.xsd"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FixInput, match=r"mbxml\.xsd"):
        Contract(file).objection(etree.Element("a"))


def test_an_answer_is_read_from_its_own_request() -> None:
    inside = '<ClientAddNextRs requestID="1" statusCode="32" statusMessage="Client 9 does not exist."/>'
    assert read_answer(_answer(inside), CLIENT, "ref-1") == Answer("32", "Client 9 does not exist.")


def test_a_status_may_stand_in_child_elements() -> None:
    inside = "<ClientAddNextRs><statusCode>0</statusCode><statusMessage>Ok</statusMessage></ClientAddNextRs>"
    assert read_answer(_answer(inside), CLIENT, "ref-1") == Answer("0", "Ok")


def test_a_refusal_of_the_whole_set_stands_on_the_set() -> None:
    refusal = _answer("", 'statusCode="20" statusMessage="No licence is free."')
    assert read_answer(refusal, CLIENT, "ref-1") == Answer("20", "No licence is free.")


GOOD = '<ClientAddNextRs requestID="1" statusCode="0" statusMessage="Ok"/>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>Bad gateway</body></html>",
        _answer(GOOD)[:-20],
        _answer(GOOD).replace(b"ref-1", b"ref-2"),
        _answer(GOOD.replace('requestID="1"', 'requestID="2"')),
        _answer(GOOD + GOOD),
        _answer('<JobAddRs requestID="1" statusCode="0" statusMessage="Ok"/>'),
        _answer('<ClientAddNextRs requestID="1"/>'),
        _answer("", 'statusCode="0" statusMessage="Ok"'),
        b'<!DOCTYPE a [<!ENTITY e "x">]>' + _answer(GOOD),
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + _answer(GOOD),
        b" " * (MAX_ANSWER_BYTES + 1),
    ],
    ids=[
        "empty", "web page", "truncated", "another set", "another request", "twice", "another answer",
        "no status", "good set without an answer", "entities", "outer dtd", "huge",
    ],
)  # fmt: skip
def test_anything_else_is_no_answer(data: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        read_answer(data, CLIENT, "ref-1")
