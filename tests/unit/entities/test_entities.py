"""The canonical entities: what refers to what, what is posted, and how their fields cross."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from syncd.core.errors import RefuseRecord
from syncd.core.model import Record
from syncd.core.policy import Kind, Mode
from syncd.entities import ENTITIES, Bill, PurchaseOrder, TimeEntry


def test_a_kind_refers_only_to_kinds_before_it() -> None:
    order = list(ENTITIES)
    for name, kind in ENTITIES.items():
        assert kind.entity == name
        assert all(order.index(parent) < order.index(name) for parent in kind.references())


def test_references_on_lines_are_references() -> None:
    """A line of an order names the job that carries its cost: the order waits for that job."""
    assert PurchaseOrder.references() == {"vendor", "job"}
    assert Bill.references() == {"vendor", "job", "purchase_order"}


@pytest.mark.parametrize("kind", ENTITIES.values(), ids=list(ENTITIES))
def test_natural_keys_and_labels_are_fields(kind: type[Bill]) -> None:
    fields = kind.model_fields
    assert {name.partition("~")[0] for names in kind.match for name in names} <= set(fields)
    assert set(kind.label) <= set(fields)


def test_what_moves_money_or_hours_is_posted_once() -> None:
    posted = {name for name, kind in ENTITIES.items() if kind.posts}
    assert posted == {"invoice", "purchase_order", "bill", "time_entry", "job_cost"}
    assert all(ENTITIES[name].mode is Mode.LEFT_TO_RIGHT for name in posted)


def test_a_cost_is_placed_by_job_phase_code_and_type() -> None:
    """Never one string: each part crosses by itself."""
    by_name = {p.name: p for p in TimeEntry.policies()}
    assert by_name["job"].kind is Kind.REFERENCE
    assert {by_name[n].kind for n in ("phase", "cost_code", "cost_type")} == {Kind.CROSSWALK}
    assert {by_name[n].group for n in ("regular_hours", "overtime_hours", "double_hours")} == {"hours"}


def test_types_are_guarded() -> None:
    good: Record = {"number": "V-1", "vendor": "9", "date": date(2026, 3, 4), "total": Decimal("1.00")}
    Bill.guard(good)
    with pytest.raises(RefuseRecord, match=r"bill\.total"):
        Bill.guard({**good, "total": "1.00"})
