"""Envelopes, layouts and the platform's words."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest

from syncd.connectors.servicetrade.edge import Edge, words
from syncd.connectors.servicetrade.entities import entity_maps, resources
from syncd.connectors.servicetrade.profile import ServiceTradeProfile, load_profile
from syncd.connectors.servicetrade.settings import Settings
from syncd.core.errors import UnreadableAnswer
from syncd.http import Answer
from syncd.sandbox.servicetrade.server import OWN_PROFILE

SETTINGS = Settings.model_validate(
    {"auth": {"scheme": "oauth2", "client_id": "demo", "client_secret": "env:UNUSED"}}
)
PROFILE = load_profile(OWN_PROFILE)


def edge(entity: str, profile: ServiceTradeProfile = PROFILE) -> Edge:
    resource = resources(profile, SETTINGS)[entity]
    return Edge(entity, resource.path, resource.rows.removeprefix("data."), profile.totals)


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, {}, body if isinstance(body, bytes) else orjson.dumps(body))


def test_listed_records_keep_the_platforms_own_bytes() -> None:
    first = b'{"id":2270000000000001, "name" : "A\\u0041"}'
    body = b'{"data":{"page":1,"totalPages":3,"companies":[ ' + first + b',{"id":7}]}}'
    page = edge("customer").listed(answer(body))
    assert [(row.key, row.raw) for row in page.rows] == [
        ("2270000000000001", first),
        ("7", b'{"id":7}'),
    ]
    assert page.pages == 3


def test_no_total_means_one_page() -> None:
    assert edge("customer").listed(answer({"data": {"companies": []}})).pages == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": None},
        {"data": []},
        {"data": {"page": 1}},
        {"data": {"companies": {}}},
        {"data": {"companies": [{"name": "no id"}]}},
        {"data": {"companies": [{"id": 2.27e15}]}},
        {"data": {"companies": [], "totalPages": "two"}},
    ],
)
def test_a_list_that_is_none_is_unreadable(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        edge("customer").listed(answer(body))


def test_both_layouts_of_a_job_read_the_same() -> None:
    lens = entity_maps(PROFILE, "UTC")["job"]
    plain = {"id": 55, "number": 1042, "name": "Annual inspection", "updated": 5}
    flat = {**plain, "customer": {"id": 1, "name": "Orchard"}, "location": {"id": 7}}
    compound = {
        "job": {**plain, "customer": 1, "location": 7, "vendor": None},
        "companies": [{"id": 1, "name": "Orchard"}],
        "locations": [],
    }
    shown = [edge("job").single(answer({"data": data})) for data in (flat, compound)]
    records = [lens.get(json.loads(row.raw)) for row in shown]
    assert records[0] == records[1]
    assert records[0]["customer"] == "1"
    assert [row.key for row in shown] == ["55", "55"]


def test_a_list_of_bare_references_reads_like_a_flat_one() -> None:
    lens = entity_maps(PROFILE, "UTC")["location"]
    page = edge("location").listed(
        answer({"data": {"locations": [{"id": 7, "name": "Plant", "company": 2270000000000001}]}})
    )
    assert lens.get(json.loads(page.rows[0].raw))["customer"] == "2270000000000001"


def test_a_total_without_tax_is_completed_exactly() -> None:
    totals = PROFILE.totals.model_copy(update={"total_includes_tax": False})
    profile = PROFILE.model_copy(update={"totals": totals})
    lens = entity_maps(profile, "UTC")["invoice"]
    invoices = [{"id": 1, "totalPrice": 0.1, "salesTax": 0.2}, {"id": 2, "totalPrice": 5}]
    page = edge("invoice", profile).listed(answer({"data": {"invoices": invoices}}))
    read = [lens.get(json.loads(row.raw)) for row in page.rows]
    assert [record["total"] for record in read] == [Decimal("0.30"), None]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"messages": {"error": ["Invalid status transition"], "validation": []}},
            "Invalid status transition",
        ),
        ({"messages": {"error": "Not allowed", "validation": ["a", "b"]}}, "Not allowed; a; b"),
        ({"messages": ["Job not found", "Job not found"]}, "Job not found"),
        ({"messages": "Plain"}, "Plain"),
        ({"messages": {}}, "HTTP 400 without a word"),
        (b"<html>", "HTTP 400 without a word"),
        ([], "HTTP 400 without a word"),
    ],
)
def test_refusals_keep_the_platforms_words(body: Any, said: str) -> None:
    assert words(answer(body, 400)) == said
