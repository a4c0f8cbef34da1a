"""What stands around the records of a listing, and what it means that it does no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.envelope import LEARNED_AT, Envelopes, around
from syncd.ports import Exchange


def page(**beside: Any) -> Exchange:
    return answered("/invoice", {"data": {"invoices": [{"id": 1}], "page": 1, "totalPages": 3} | beside})


def answered(path: str, body: Any) -> Exchange:
    return Exchange("GET", path, 200, {}, body=json.dumps(body).encode())


@pytest.fixture
def learned() -> Envelopes:
    made = Envelopes()
    for at in range(LEARNED_AT):
        made.saw(page(**({"next": "p2"} if at % 3 else {})))
    return made


def lost(envelopes: Envelopes) -> list[tuple[str, str, list[str]]]:
    return [(name, one.path, one.after["types"]) for name, one in envelopes.differences()]


def test_names_and_types_are_read_and_no_value() -> None:
    found = around(b'{"data": {"invoices": [{"id": 1}], "page": 1, "last": null}, "took": "3 ms"}')
    assert found == (
        "data.invoices",
        {"data": "object", "data.page": "number", "data.last": "null", "took": "string"},
    )


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data": {"id": 1}}', b"<html>", b""])
def test_what_is_no_listing_says_nothing(body: bytes) -> None:
    assert around(body) is None


def test_a_number_of_pages_by_another_name_is_news_after_three_listings(learned: Envelopes) -> None:
    renamed = answered("/invoice", {"data": {"invoices": [], "page": 1, "pageCount": 3}})
    for _ in range(2):
        learned.saw(renamed)
    assert lost(learned) == []
    learned.saw(renamed)
    assert lost(learned) == [("/invoice data.invoices", "data.totalPages", ["nothing"])]


def test_another_type_is_news_and_null_or_what_was_only_there_at_times_is_none(learned: Envelopes) -> None:
    for _ in range(5):
        learned.saw(page(totalPages=None))
    assert lost(learned) == []
    for _ in range(3):
        learned.saw(page(totalPages={"value": 3}))
    assert lost(learned) == [("/invoice data.invoices", "data.totalPages", ["object"])]


def test_it_is_over_when_listings_are_as_they_were_and_when_it_is_accepted(learned: Envelopes) -> None:
    strange = answered("/invoice", {"data": {"invoices": [], "page": 1}})
    for _ in range(3):
        learned.saw(strange)
    ((name, difference),) = learned.differences()
    for _ in range(5):
        assert not learned.over(name)
        learned.saw(page())
    assert learned.over(name)
    learned.accept(name, difference.path)
    for _ in range(5):
        learned.saw(strange)
    assert lost(learned) == []


def test_one_record_and_another_kind_of_list_at_the_same_path_are_not_compared(learned: Envelopes) -> None:
    for _ in range(5):
        learned.saw(answered("/invoice/17", {"data": {"items": []}}))
        learned.saw(answered("/invoice", {"data": {"jobs": []}}))
    assert lost(learned) == []


def test_what_was_learned_survives_a_restart(learned: Envelopes) -> None:
    again = Envelopes()
    again.restore(learned.to_bytes())
    for _ in range(3):
        again.saw(answered("/invoice", {"data": {"invoices": [], "page": 1}}))
    assert lost(again) == [("/invoice data.invoices", "data.totalPages", ["nothing"])]


def test_of_large_answers_a_part_is_looked_at_until_one_is_strange() -> None:
    made = Envelopes()
    long = [{"id": n, "note": "x" * 100} for n in range(300)]
    for _ in range(8 * LEARNED_AT):
        made.saw(answered("/invoice", {"rows": long, "total": 300}))
    for _ in range(8):
        made.saw(answered("/invoice", {"rows": long}))
    made.saw(answered("/invoice", {"rows": long}))
    made.saw(answered("/invoice", {"rows": long}))
    assert lost(made) == [("/invoice rows", "total", ["nothing"])]
