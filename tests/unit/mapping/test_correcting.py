"""A lens laid over by what a person accepted: another name, another unit, both ways, once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.mapping.atoms import KEEP, Lines, Money, Number, Text
from syncd.mapping.correcting import Correction, Scaled, corrected, declared
from syncd.mapping.entity_map import EntityMap, FieldMap

LENS = EntityMap(
    "invoice",
    (
        FieldMap("number", "invoiceNumber", Text()),
        FieldMap("total", "totalPrice", Money()),
        FieldMap("lines", "items", Lines((("amount", "price", Money()), ("quantity", "quantity", Number())))),
    ),
)


def correction(path: str, **change: object) -> Correction:
    made = declared(LENS, path)
    assert made is not None
    return Correction.of({"path": path, "declared": made, **change})


def test_a_renamed_field_is_read_and_written_under_its_new_name() -> None:
    lens = corrected(LENS, [correction("totalPrice", moved_to="totals.grand")])
    assert lens.get({"totals": {"grand": 10.5}})["total"] == Decimal("10.50")
    assert "total" not in lens.get({"totalPrice": 10.5})
    assert lens.put({"total": Decimal("11.00")}, {"totals": {"grand": 10.5}}) == {"totals": {"grand": 11.0}}
    assert lens.fingerprint() != LENS.fingerprint()


def test_cents_are_read_as_currency_units_also_inside_lines() -> None:
    change = [correction("totalPrice", divide_by=100), correction("items[].price", divide_by=100)]
    lens = corrected(LENS, change)
    record = lens.get({"totalPrice": 41825, "items": [{"price": 40000, "quantity": 2}]})
    assert record["total"] == Decimal("418.25")
    assert record["lines"] == ({"amount": Decimal("400.00"), "quantity": Decimal(2)},)


def test_a_later_correction_is_of_what_an_earlier_one_made() -> None:
    moved = correction("totalPrice", moved_to="grandTotal")
    between = corrected(LENS, [moved])
    made = declared(between, "grandTotal")
    assert made is not None
    lens = corrected(LENS, [moved, Correction("grandTotal", made, divide_by=100)])
    assert lens.get({"grandTotal": 41825})["total"] == Decimal("418.25")


def test_a_line_field_moves_within_its_line() -> None:
    lens = corrected(LENS, [correction("items[].price", moved_to="items[].amount")])
    assert lens.get({"items": [{"amount": 5, "quantity": 1}]})["lines"] == (
        {"amount": Decimal("5.00"), "quantity": Decimal(1)},
    )


def test_a_map_that_was_mended_meanwhile_is_not_corrected_again() -> None:
    change = correction("totalPrice", divide_by=100)
    mended = EntityMap("invoice", (FieldMap("total", "totalPrice", Scaled(Money(), 100)),))
    assert corrected(mended, [change]) is mended


def test_a_place_that_the_map_does_not_read_has_nothing_to_correct() -> None:
    assert declared(LENS, "elsewhere") is None


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=2), st.sampled_from([10, 60, 100, 1000]))
def test_what_was_written_reads_back_and_is_not_written_again(value: Decimal, times: int) -> None:
    atom = Scaled(Money(as_text=True), times)
    wire = atom.put(value, None)
    assert atom.get(wire) == value
    assert atom.put(value, wire) is KEEP


@pytest.mark.parametrize("wire", ["abc", True, [1]])
def test_what_is_no_number_is_refused(wire: object) -> None:
    with pytest.raises(ValueError, match=r"number|yes/no"):
        Scaled(Money(), 100).get(wire)
