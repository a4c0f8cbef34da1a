"""How much two records look alike, and the evidence a person is shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

import pytest

from syncd.core.crossing import Crossing
from syncd.core.likeness import Likeness, block_keys, compare
from syncd.core.model import Side
from syncd.entities import ENTITIES


def similarity(left: str, right: str) -> float:
    return SequenceMatcher(None, " ".join(sorted(left.split())), " ".join(sorted(right.split()))).ratio()


def weighed(entity: str, left: dict[str, Any], right: dict[str, Any], **pairs: str) -> Likeness:
    fields = {f.name: f for f in ENTITIES[entity].policies()}
    known = {(Side.LEFT, name, left[name]): key for name, key in pairs.items()}
    return compare(left, right, fields, Crossing(pairs=known), similarity)


ORCHARD = {
    "name": "Orchard Foods, Inc.",
    "phone": "(515) 555-0100",
    "postal_code": "50010",
    "street": "12 Main St",
}


@pytest.mark.parametrize(
    ("says", "right", "probable"),
    [
        ("another spelling", {"name": "The ORCHARD FOODS", "phone": "515-555-0100"}, True),
        ("a typing error, and the same place", {"name": "Orchrad Foods", "postal_code": "50010"}, True),
        ("a typing error, and the same phone", {"name": "Orchad Food", "phone": "5155550100"}, True),
        ("the words the other way round", {"name": "Foods Orchard", "street": "12 Main Street"}, True),
        ("the same name, nothing else known", {"name": "Orchard Foods"}, True),
        (
            "another name at the same address",
            {"name": "Miller Dental", "street": "12 Main", "postal_code": "50010"},
            False,
        ),
        ("another name with the same phone", {"name": "Miller Dental", "phone": "515-555-0100"}, False),
        ("one word in common", {"name": "Orchard Heating & Air"}, False),
        (
            "alike, in another town",
            {"name": "Orchid Foods", "postal_code": "90210", "phone": "310-555-0100"},
            False,
        ),
    ],
)
def test_a_customer(says: str, right: dict[str, Any], probable: bool) -> None:
    assert weighed("customer", ORCHARD, right).probable is probable
    assert weighed("customer", right, ORCHARD).probable is probable


def test_figures_tell_two_sites_of_one_customer_apart() -> None:
    store = {"name": "Store 12", "customer": "F1", "phone": "515-555-0100"}
    other = {**store, "name": "Store 14", "customer": "L1"}
    assert not weighed("location", store, other, customer="L1").probable
    assert weighed("location", store, {**other, "name": "Store #12"}, customer="L1").probable


def test_a_document_is_its_number_and_its_money() -> None:
    posted = {"number": "S-10442", "total": Decimal("418.25"), "date": date(2026, 11, 2)}
    assert weighed("invoice", posted, {**posted, "number": "10442"}).probable
    assert not weighed("invoice", posted, {**posted, "number": "10443"}).probable, "a day's usual price"
    other = {**posted, "number": "10442", "total": Decimal("99.00"), "date": date(2025, 1, 7)}
    assert not weighed("invoice", posted, other).probable


def test_a_reference_to_another_record_speaks_against() -> None:
    job = {"number": "J-1001", "name": "Boiler", "customer": "F1"}
    same = weighed("job", job, {"number": "1001", "name": "Boiler", "customer": "L1"}, customer="L1")
    other = weighed("job", job, {"number": "1001", "name": "Boiler", "customer": "L2"}, customer="L1")
    unknown = weighed("job", job, {"number": "1001", "name": "Boiler", "customer": "L2"})
    assert same.score > unknown.score > other.score


def test_the_evidence_is_words_without_values_heaviest_first() -> None:
    found = weighed(
        "customer", ORCHARD, {"name": "Orchard Food", "phone": "5155550100", "postal_code": "90210"}
    )
    assert [e.says for e in found.evidence][1:] == ["same phone", "other postal code"]
    assert found.evidence[0].says.startswith("name ")
    assert "% alike" in found.evidence[0].says
    assert found.score == max(0, min(100, sum(e.points for e in found.evidence)))
    said = " ".join(e.says for e in found.evidence).lower()
    assert not any(value in said for value in ("orchard", "555", "90210"))


@pytest.mark.parametrize(
    ("says", "left", "right"),
    [
        ("a typing error in one word", {"name": "Orchard Foods"}, {"name": "Orchrad Foods"}),
        ("a cut name", {"name": "Consolidated Refrigeration"}, {"name": "Consol Refrigeration"}),
        ("joined words", {"name": "Sun Rise Bakery"}, {"name": "Sunrise Bakery"}),
        (
            "another name, the same phone",
            {"name": "A", "phone": "515-555-0100"},
            {"name": "B", "phone": "5155550100"},
        ),
        ("other letters around a number", {"number": "INV-00442"}, {"number": "442"}),
        (
            "the same door",
            {"name": "A", "street": "12 Main St.", "postal_code": "50010"},
            {"name": "B", "street": "12 Main Street", "postal_code": "50010"},
        ),
    ],
)
def test_what_may_be_the_same_is_found_by_a_shared_key(says: str, left: Any, right: Any) -> None:
    fields = {f.name: f for f in ENTITIES["customer"].policies()}
    assert block_keys(left, fields) & block_keys(right, fields)


def test_few_keys_a_record_however_long_its_name() -> None:
    fields = {f.name: f for f in ENTITIES["customer"].policies()}
    name = " ".join(f"word{n}" for n in range(50))
    assert len(block_keys({**ORCHARD, "name": name, "email": "a@b.example"}, fields)) <= 9
    assert block_keys({"name": "", "phone": None}, fields) == frozenset()
