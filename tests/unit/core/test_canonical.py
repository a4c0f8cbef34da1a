"""One value, one spelling: money, times, bytes; and what counts as the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from syncd.core.canonical import (
    Fixed,
    company_name,
    content_hash,
    decode,
    encode,
    instant,
    money,
    number,
    phone_digits,
    plain_text,
    same,
)
from syncd.core.model import Record


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (418.25, "418.25"),
        (0.1 + 0.2, "0.30"),
        ("418.255", "418.26"),
        ("-418.255", "-418.26"),
        ("2.675", "2.68"),
        (2.675, "2.68"),
        ("0.005", "0.01"),
        ("0.0049", "0.00"),
        (7, "7.00"),
        ("1E+3", "1000.00"),
        (Decimal("12345678901234567890.12"), "12345678901234567890.12"),
    ],
)
def test_money_has_two_decimals_and_halves_go_away_from_zero(given: Any, kept: str) -> None:
    assert str(money(given)) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [("1.50", "1.5"), (100, "100"), ("1E+2", "100"), ("0.00", "0"), (0.1, "0.1"), ("-0.250", "-0.25")],
)
def test_a_number_has_one_spelling(given: Any, kept: str) -> None:
    assert str(number(given)) == kept


@pytest.mark.parametrize(
    "given", ["", "a lot", None, "NaN", "Infinity", float("nan"), True, "1,000", "1" * 40, "1E+400"]
)
def test_what_is_no_number_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"number|yes/no"):
        money(given)


def test_an_instant_is_aware_utc() -> None:
    assert instant(0) == datetime(1970, 1, 1, tzinfo=UTC)


RECORD: dict[str, Any] = {
    "name": "Žižka & Söhne ✓",
    "total": Decimal("10.00"),
    "day": date(2026, 11, 2),
    "at": datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    "flag": True,
    "count": 3,
    "none": None,
    "lines": ({"amount": Decimal("1.5"), "none": None}, {}),
}


def test_a_record_survives_its_bytes() -> None:
    assert decode(encode(RECORD)) == RECORD


def test_equal_content_has_equal_bytes_whatever_the_order() -> None:
    assert encode(RECORD) == encode(dict(reversed(RECORD.items())))
    assert content_hash(RECORD) == content_hash(dict(reversed(RECORD.items())))
    assert len(content_hash(RECORD)) == 16


def test_a_fixed_record_has_the_bytes_of_any_other() -> None:
    record: Record = {"b": Decimal("1.50"), "a": "x"}
    fixed = Fixed(record)
    assert fixed == record
    assert encode(fixed) == encode(fixed) == encode(record)
    assert encode({**fixed, "a": "y"}) == encode({**record, "a": "y"})


def test_one_instant_in_two_zones_is_one() -> None:
    there = timezone(timedelta(hours=-6))
    assert encode({"at": RECORD["at"]}) == encode({"at": datetime(2026, 11, 2, 3, 30, tzinfo=there)})


@pytest.mark.parametrize(
    "pair",
    [
        ({"a": None}, {}),
        ({"a": ""}, {"a": None}),
        ({"a": "1"}, {"a": 1}),
        ({"a": True}, {"a": 1}),
        ({"a": date(2026, 1, 1)}, {"a": "2026-01-01"}),
        ({"a": Decimal(1)}, {"a": 1}),
    ],
)
def test_different_content_has_different_bytes(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert encode(pair[0]) != encode(pair[1])


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), {1}, b"x"])  # noqa: DTZ001
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode({"a": value})


@pytest.mark.parametrize(
    ("given", "folded"),
    [
        ("  Orchard   Foods ", "orchard foods"),
        ("ORCHARD-FOODS", "orchard foods"),
        ("Smith & Sons", "smith and sons"),
        ("Smith and Sons", "smith and sons"),
        ("Straße", "strasse"),
        ("CAFE\u0301", "caf\u00e9"),
        ("Caf\u00e9", "caf\u00e9"),
        ("\uff21\uff22", "ab"),
        ("東京 電力", "東京 電力"),
        ("O'Brien\u2019s", "o brien s"),
        ("snake_case", "snake case"),
        ("--", ""),
    ],
)
def test_plain_text(given: str, folded: str) -> None:
    assert plain_text(given) == folded
    assert plain_text(folded) == folded


@pytest.mark.parametrize(
    ("given", "folded"),
    [
        ("The Orchard Foods, Inc.", "orchard foods"),
        ("Orchard Foods L.L.C.", "orchard foods"),
        ("Orchard Foods GmbH & Co.", "orchard foods and"),
        ("The The", "the"),
        ("Limited Company", "limited company"),
        ("Theatre Co", "theatre"),
        ("Incorporated Thoughts", "thoughts"),
    ],
)
def test_a_companys_name_without_its_legal_form(given: str, folded: str) -> None:
    assert company_name(given) == folded


@pytest.mark.parametrize(
    ("given", "digits"),
    [
        ("(515) 555-0100", "5155550100"),
        ("+1 515.555.0100", "5155550100"),
        ("44 20 7946 0000", "442079460000"),
        ("no phone", ""),
    ],
)
def test_a_phone_number_is_its_digits(given: str, digits: str) -> None:
    assert phone_digits(given) == digits


@pytest.mark.parametrize(
    ("left", "right", "normaliser", "equal"),
    [
        (None, "", "exact", True),
        ("a", "A", "exact", False),
        ("a", "A", "text", True),
        ("Orchard, Inc.", "the orchard", "company", True),
        ("+1 515 555 0100", "515-555-0100", "phone", True),
        (Decimal("1.0"), Decimal(1), "text", True),
        (Decimal("1.00"), Decimal("1.01"), "text", False),
        ("1", 1, "text", False),
        (date(2026, 1, 1), date(2026, 1, 1), "exact", True),
    ],
)
def test_the_same_by_a_normaliser(left: Any, right: Any, normaliser: str, equal: bool) -> None:
    assert same(left, right, normaliser) is equal
