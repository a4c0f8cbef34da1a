"""How values cross: pairs, crosswalk tables, lines, widths."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncd.core.crossing import Crossing, Table
from syncd.core.errors import AwaitReference, RefuseRecord
from syncd.core.model import Side
from syncd.core.policy import FieldPolicy, Kind

LEFT, RIGHT = Side.LEFT, Side.RIGHT
TERMS = FieldPolicy("terms", Kind.CROSSWALK, "terms")
CUSTOMER = FieldPolicy("customer", Kind.REFERENCE, "customer")
ROWS = (("N30", "30"), ("NET30", "30"), ("COD", "0"))


def crossing(left: str | None = None, right: str | None = None, **more: Any) -> Crossing:
    return Crossing({"terms": Table.of(ROWS, left, right)}, **more)


@pytest.mark.parametrize(
    ("says", "value", "to", "crossed"),
    [
        ("a listed code", "COD", RIGHT, "0"),
        ("two codes of one side may mean one of the other", "NET30", RIGHT, "30"),
        ("back again: the first listed stands", "30", LEFT, "N30"),
        ("nothing stays nothing", None, RIGHT, None),
        ("so does empty text", "", RIGHT, None),
    ],
)
def test_a_code_crosses_through_its_table(
    says: str, value: str | None, to: Side, crossed: str | None
) -> None:
    assert crossing().cross(TERMS, value, to) == crossed


@pytest.mark.parametrize("value", ["odd", None, ""])
def test_a_default_takes_what_is_not_listed_and_what_is_empty(value: str | None) -> None:
    assert crossing(right="99").cross(TERMS, value, RIGHT) == "99"


def test_a_code_not_covered_is_refused_with_its_remedy() -> None:
    with pytest.raises(RefuseRecord) as refused:
        crossing().cross(TERMS, "odd", RIGHT)
    assert (refused.value.code, refused.value.field) == ("mapping", "terms")
    assert "add the code" in refused.value.remedy


def test_without_a_table_a_code_means_nothing_on_the_other_side() -> None:
    assert Crossing().cross(TERMS, "N30", RIGHT) is None


def test_a_reference_crosses_through_its_pair() -> None:
    pairs = {(LEFT, "customer", "F1"): "17", (RIGHT, "customer", "17"): "F1"}
    assert Crossing(pairs=pairs).cross(CUSTOMER, "F1", RIGHT) == "17"
    assert Crossing(pairs=pairs).cross(CUSTOMER, "17", LEFT) == "F1"
    assert Crossing(pairs=pairs).cross(CUSTOMER, None, RIGHT) is None


def test_an_unpaired_reference_says_what_to_wait_for() -> None:
    with pytest.raises(AwaitReference) as waiting:
        Crossing().cross(CUSTOMER, "F1", RIGHT)
    assert (waiting.value.side, waiting.value.entity, waiting.value.key) == ("left", "customer", "F1")


ACCOUNT = FieldPolicy("account", Kind.CROSSWALK, "gl_account", source="item")
LINES = FieldPolicy("lines", Kind.LINES, lines=(FieldPolicy("text"), FieldPolicy("amount"), ACCOUNT))


def accounts(default: str | None) -> Crossing:
    return Crossing({"gl_account": Table.of((("WIDGET", "4010"),), None, default)})


def test_each_line_crosses_by_its_own_fields() -> None:
    lines: Any = (
        {"text": "Visit", "amount": Decimal(10), "unknown": "dropped"},
        {"text": "Fee", "amount": Decimal(1)},
    )
    assert accounts("4000").cross(LINES, lines, RIGHT) == (
        {"text": "Visit", "amount": Decimal(10), "account": "4000"},
        {"text": "Fee", "amount": Decimal(1), "account": "4000"},
    )


def test_another_fields_code_may_decide_a_lines_account() -> None:
    crossed = accounts("4000").cross(LINES, ({"item": "WIDGET", "amount": Decimal(1)},), RIGHT)
    assert crossed == ({"amount": Decimal(1), "account": "4010"},)


@pytest.mark.parametrize(
    ("says", "field", "left", "right", "same"),
    [
        ("a code and its translation", TERMS, "N30", "30", True),
        ("many to one: either direction agrees", TERMS, "NET30", "30", True),
        ("codes that differ", TERMS, "COD", "30", False),
        ("a code that is not covered is not the same", TERMS, "odd", "30", False),
        ("nothing on both sides", TERMS, None, "", True),
        ("nothing and something", TERMS, None, "30", False),
        ("an unpaired reference", CUSTOMER, "F9", "9", False),
        ("no lines, said in two ways", LINES, None, (), True),
        ("the empty text and null", FieldPolicy("name"), "", None, True),
        ("zero is an amount", FieldPolicy("tax"), Decimal(0), None, False),
    ],
)
def test_whether_two_sides_say_the_same(
    says: str, field: FieldPolicy, left: Any, right: Any, same: bool
) -> None:
    assert crossing().same(field, left, right) is same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Orchard Foods", "Orchard", True),
        ("Orchard Foods", "Orch", False),
        ("Orchard", "Orchard Foods", False),
        ("Orchar  Foods", "Orchar", True),
    ],
)
def test_a_text_and_its_cut_are_the_same_on_the_side_that_cuts(left: str, right: str, same: bool) -> None:
    narrow = Crossing(widths={RIGHT: {"name": 7}})
    assert narrow.same(FieldPolicy("name"), left, right) is same
