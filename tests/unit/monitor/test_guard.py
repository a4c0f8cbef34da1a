"""The guard: which records keep the contract at the places we map, and which do not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from monitor.contract import Contract
from monitor.differences import Kind
from monitor.guard import STRUCTURES_KEPT, Guard, structure
from monitor.learning import learned
from tests.unit.monitor.records import invoices, shape_of

CONTRACT = Contract.parse(
    """
x-platform: acme
x-operation: invoice
type: object
required: [id, total, status]
properties:
  id: {type: integer}
  total: {type: number}
  status: {type: string, enum: [ok, paid]}
  at: {type: [string, 'null'], format: date-time}
  customer: {type: object, required: [id], properties: {id: {type: integer}}}
  items: {type: array, items: {type: object, required: [price], properties: {price: {type: number}}}}
  tags: {type: object, additionalProperties: {type: string}}
"""
)
GOOD: dict[str, Any] = {
    "id": 1,
    "total": 418.25,
    "status": "ok",
    "at": "2026-03-02T09:30:00Z",
    "customer": {"id": 7},
    "items": [{"price": 1.5}, {"price": 2}],
    "tags": {"a": "b"},
}


@pytest.mark.parametrize(
    ("change", "kind", "path"),
    [
        ({"total": "418.25"}, Kind.TYPE_CHANGED, "total"),
        ({"total": None}, Kind.NULLABLE, "total"),
        ({"id": 1.5}, Kind.TYPE_WIDENED, "id"),
        ({"customer": 7}, Kind.SHAPE_CHANGED, "customer"),
        ({"customer": {}}, Kind.OPTIONAL, "customer.id"),
        ({"items": {"price": 1}}, Kind.SHAPE_CHANGED, "items"),
        ({"items": [{"price": 1}, {"price": "1"}]}, Kind.TYPE_CHANGED, "items[].price"),
        ({"items": [{}]}, Kind.OPTIONAL, "items[].price"),
        ({"status": "void"}, Kind.ENUM_NEW, "status"),
        ({"at": "02.03.2026"}, Kind.FORMAT_CHANGED, "at"),
        ({"tags": {"a": 1}}, Kind.TYPE_CHANGED, "tags.*"),
    ],
)
def test_a_broken_record_is_seen_at_once_and_each_time(change: dict[str, Any], kind: Kind, path: str) -> None:
    guard = Guard(CONTRACT)
    for _ in range(2):
        assert [(v.kind, v.path) for v in guard.violations({**GOOD, **change})] == [(kind, path)]


def test_a_record_that_keeps_the_contract_passes() -> None:
    guard = Guard(CONTRACT)
    assert guard.violations(GOOD) == ()
    assert guard.violations({**GOOD, "total": 418, "at": None, "new": [1]}) == ()


def test_a_missing_field_is_seen() -> None:
    without = {name: value for name, value in GOOD.items() if name != "total"}
    assert [str(v) for v in Guard(CONTRACT).violations(without)] == ["total: a value expected, nothing found"]


def test_places_we_do_not_map_stop_nothing() -> None:
    guard = Guard(CONTRACT, ["items[].price", "id"])
    broken = {**GOOD, "total": "x", "status": "void", "customer": None}
    assert guard.violations(broken) == ()
    assert [v.path for v in guard.violations({**broken, "items": None})] == ["items"]


def test_a_violation_shows_no_content() -> None:
    record = {**GOOD, "total": "canary-1", "status": "canary-2", "at": "canary-3"}
    assert "canary" not in "".join(map(str, Guard(CONTRACT).violations(record)))


def test_structures_are_known_by_build_not_by_content() -> None:
    guard = Guard(CONTRACT)
    guard.violations(GOOD)
    other = copy.deepcopy(GOOD)
    other["total"], other["items"] = 3.5, [{"price": 9}, {"price": 0.5}]
    assert guard.knows(other)
    assert structure({"a": 1}) != structure({"a": "1"})
    assert structure([{"a": 1}, {"b": 2}]) == structure([{"b": 3}, {"a": 4}, {"a": 5}])


def test_endlessly_many_structures_do_not_fill_memory() -> None:
    guard = Guard(CONTRACT)
    for number in range(STRUCTURES_KEPT + 10):
        guard.violations({**GOOD, f"n{number}": 1})
    assert len(guard._verdicts) <= STRUCTURES_KEPT


def test_what_was_seen_in_few_records_may_be_missing_but_not_of_another_type() -> None:
    records: list[dict[str, Any]] = [
        {"id": n, "rare": {"code": "a"}} if n % 10 == 0 else {"id": n} for n in range(100)
    ]
    guard = Guard(learned(shape_of(records), "acme", "invoice"))
    assert guard.violations({"id": 1, "rare": {"code": None}}) == ()
    assert guard.violations({"id": 1, "rare": {}}) == ()
    assert [v.path for v in guard.violations({"id": 1, "rare": {"code": 7}})] == ["rare.code"]
    assert [v.path for v in guard.violations({"id": None})] == ["id"]


def test_hardly_any_record_of_the_same_platform_is_stopped() -> None:
    guard = Guard(learned(shape_of(invoices(300, 1)), "acme", "invoice"))
    assert sum(bool(guard.violations(record)) for record in invoices(2000, 2)) <= 2
