"""Natural keys, and who is paired with whom."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.core.matching import natural_keys, pair_up
from syncd.core.policy import FieldPolicy, Kind

FIELDS = {
    "name": FieldPolicy("name", normaliser="company"),
    "number": FieldPolicy("number", normaliser="text"),
    "zip": FieldPolicy("zip"),
    "customer": FieldPolicy("customer", Kind.REFERENCE, "customer"),
}


@pytest.mark.parametrize(
    ("says", "match", "record", "key"),
    [
        ("a number, as people write it", ("number",), {"number": " s-10442 "}, "s 10442"),
        (
            "parts together",
            ("name", "zip"),
            {"name": "The Orchard, Inc.", "zip": "50010"},
            "orchard\x1f50010",
        ),
        ("the beginning of a name", ("name~7",), {"name": "Orchard Foods of Ames LLC"}, "orchard"),
        ("a cut at a blank", ("name~8",), {"name": "Orchard Foods"}, "orchard"),
        ("an empty part matches nothing", ("name", "zip"), {"name": "Orchard", "zip": None}, None),
        ("a missing part matches nothing", ("name", "zip"), {"name": "Orchard"}, None),
        ("only punctuation is nothing", ("number",), {"number": " -- "}, None),
        (
            "a reference is the key it holds",
            ("customer", "number"),
            {"customer": "F1", "number": "1"},
            "F1\x1f1",
        ),
        ("a field nobody carries", ("colour",), {"colour": "red"}, None),
    ],
)
def test_a_natural_key(says: str, match: tuple[str, ...], record: dict[str, Any], key: str | None) -> None:
    assert natural_keys(record, (match,), FIELDS) == (key,)


def test_one_key_a_rank_of_trust() -> None:
    record = {"name": "Orchard", "zip": "50010"}
    assert natural_keys(record, (("number",), ("name", "zip"), ("name",)), FIELDS) == (
        None,
        "orchard\x1f50010",
        "orchard",
    )


@pytest.mark.parametrize(
    ("says", "candidates", "bound", "ambiguous"),
    [
        ("one finds one", {1: [["a"]]}, {1: "a"}, {}),
        ("the first rank that finds anything speaks", {1: [[], ["a"], ["b", "c"]]}, {1: "a"}, {}),
        ("nobody found", {1: [[], []]}, {}, {}),
        ("several found: a person decides", {1: [["a", "b"]]}, {}, {1: ("a", "b")}),
        ("a worse rank does not settle a better one", {1: [["a", "b"], ["a"]]}, {}, {1: ("a", "b")}),
        ("two want the same one", {1: [["a"]], 2: [["a"]]}, {}, {1: ("a",), 2: ("a",)}),
        ("one of several is wanted elsewhere", {1: [["a", "b"]], 2: [["a"]]}, {}, {1: ("a", "b"), 2: ("a",)}),
        ("each finds its own", {1: [["a"]], 2: [["b"]]}, {1: "a", 2: "b"}, {}),
    ],
)
def test_pairing_up(
    says: str,
    candidates: dict[int, list[list[str]]],
    bound: dict[int, str],
    ambiguous: dict[int, tuple[str, ...]],
) -> None:
    matches = pair_up(candidates)
    assert matches.bound == bound
    assert matches.ambiguous == ambiguous
