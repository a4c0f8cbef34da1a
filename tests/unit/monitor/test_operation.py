"""What one operation makes of what it is shown, before anything is carried out."""

from __future__ import annotations

from typing import Any

import pytest

from monitor import gating
from monitor.contract import Contract
from monitor.differences import Kind
from monitor.findings import Finding, Waiver
from monitor.operation import Operation
from monitor.repair import Repair
from syncd.mapping.atoms import Identifier, Money, Text
from syncd.mapping.entity_map import EntityMap, FieldMap
from tests.unit.monitor.records import Record, invoices

LENS = EntityMap(
    "invoice",
    (
        FieldMap("number", "invoiceNumber", Text()),
        FieldMap("status", "status", Text()),
        FieldMap("customer", "customer.id", Identifier()),
        FieldMap("total", "totalPrice", Money()),
    ),
)
FILED = Contract.parse(
    """\
x-platform: acme
x-operation: invoice
x-provenance: {source: specification}
type: object
properties:
  status: {type: string, enum: [ok, sent, paid, processed, void]}
"""
)


@pytest.fixture
def learned() -> Operation:
    made = Operation("acme", "invoice", LENS, filed=FILED)
    for at, record in enumerate(invoices(200, seed=1)):
        if at % 40 == 0:
            made.poll()
        made.sample(str(at), record)
    assert made.ready
    return made


def tapped(operation: Operation, records: list[Record], start: int = 1_000) -> list[Finding]:
    for at, record in enumerate(records, start):
        operation.sample(str(at), record)
    return operation.weigh(())


def with_status(status: str, count: int) -> list[dict[str, Any]]:
    return [{**one, "status": status} for one in invoices(count, seed=9)]


def test_a_new_value_that_was_tapped_and_not_decided_yet_is_meant_when_it_is_accepted(
    learned: Operation,
) -> None:
    (finding,) = tapped(learned, [*invoices(20, seed=2), *with_status("approved", 4)])
    assert finding.difference.kind is Kind.ENUM_NEW
    values = frozenset(finding.difference.after["new"])
    assert len(values) == 1
    learned.waive([Waiver("status", frozenset({Kind.ENUM_NEW}), values)])
    assert learned.objection("2000", with_status("approved", 1)[0]) is None
    assert learned.objection("2001", with_status("lost", 1)[0]) is not None


def test_one_tapped_record_is_no_evidence(learned: Operation) -> None:
    assert tapped(learned, [*invoices(20, seed=2), *with_status("approved", 1)]) == []


def test_a_declared_value_that_nobody_had_seen_yet_is_none_new(learned: Operation) -> None:
    assert tapped(learned, [*invoices(20, seed=2), *with_status("void", 6)]) == []
    assert learned.objection("2000", with_status("void", 1)[0]) is None


def test_a_look_that_knows_more_new_values_takes_the_place_of_the_earlier(learned: Operation) -> None:
    def seen(*statuses: str) -> Any:
        for at, status in enumerate(statuses):
            learned.objection(f"{status}{at}", with_status(status, 1)[0])
        (finding,) = learned.weigh(())
        where = gating.Watched("field", "acme")
        return gating.sighting(finding, where, "invoice", Repair(""))

    first, second = seen("approved"), seen("lost")
    assert second.after["values"] == ["approved", "lost"]
    assert gating.supersedes(second, first)
    assert not gating.supersedes(first, second)
