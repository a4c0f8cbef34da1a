"""Rows become wire records in one spelling; walks miss nothing, whatever clock and lines do."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from syncd.connectors.sage100_contractor.reading import spelled, started
from syncd.connectors.sage100_contractor.statements import Position
from syncd.connectors.sage100_contractor.tables import TABLES as SHIPPED
from syncd.core.errors import NothingMatched, RefuseRecord, UnreadableAnswer
from syncd.sandbox.sage100_contractor.tables import ACRINV, ACRPMT, ARIVLN, RECCLN, SRVLOC
from tests.unit.connectors.sage100_contractor.site import Site, walked

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("column", "value", "spelling"),
    [
        ("invttl", "418.2500", "418.25"),
        ("invttl", 418.25, "418.25"),
        ("invttl", "100.00", "100"),
        ("invttl", "-0.50", "-0.5"),
        ("jobnum", "240017", 240017),
        ("jobnum", 240017.0, 240017),
        ("jobnum", "", None),
        ("invdte", "2026-03-01T00:00:00", "2026-03-01"),
        ("invnum", "007", "007"),
        ("invttl", None, None),
    ],
)
def test_one_value_has_one_spelling_whatever_the_driver(column: str, value: object, spelling: object) -> None:
    assert spelled({column: value}, SHIPPED["acrinv"]) == {column: spelling}


@pytest.mark.parametrize("value", ["many", "1e999999", "NaN", True, "12.5"])
def test_a_value_of_the_wrong_kind_stays_for_the_map_to_refuse(value: object) -> None:
    assert spelled({"jobnum": value}, SHIPPED["acrinv"]) == {"jobnum": value}


async def test_a_field_of_the_wrong_type_is_refused_by_name_and_not_by_value(site: Site) -> None:
    site.invoice(invnum="S-1")
    connector, _ = site.connect()
    raw = next(iter((await walked(connector, "invoice")).values()))
    broken = {**json.loads(raw), "invttl": "a great deal"}
    with pytest.raises(RefuseRecord) as refused:
        connector.capabilities.entities["invoice"].map.get(broken)
    assert refused.value.field == "total"
    assert "great deal" not in refused.value.message


async def test_an_invoice_reads_with_its_lines_in_two_statements_a_page(site: Site) -> None:
    job = site.job()
    for number in range(8):
        site.invoice(invnum=f"S-{number}", jobnum=job["recnum"], lines=3)
    connector, channel = site.connect()
    records = await walked(connector, "invoice")
    lens = connector.capabilities.entities["invoice"].map
    canonical = lens.get(json.loads(records["1"]))
    assert canonical["number"] == "S-0"
    assert canonical["job"] == str(job["recnum"])
    assert canonical["total"] == Decimal("300.00")
    assert canonical["status"] == "open"
    lines = canonical["lines"]
    assert isinstance(lines, tuple)
    assert [line["description"] for line in lines] == ["Line 1", "Line 2", "Line 3"]
    # the walk's beginning, two full pages and the empty one that ends it
    assert len(channel.queries) == 1 + 2 * 2 + 1


async def test_no_statement_asks_for_everything(site: Site) -> None:
    """Neighbouring columns hold tax ids and bank data."""
    site.invoice(invnum="S-1")
    connector, channel = site.connect()
    for entity in connector.capabilities.entities:
        await walked(connector, entity)
    assert channel.queries
    assert not [text for text in channel.queries if "*" in text]


async def test_a_receipt_refers_to_its_invoice_by_number(site: Site) -> None:
    invoice = site.invoice(invnum="S-1")
    site.add(ACRPMT, _idref=invoice["_idnum"], chknum="1001", chkdte=date(2026, 3, 9), amount=Decimal(60))
    connector, _ = site.connect()
    ((_, raw),) = (await walked(connector, "payment")).items()
    assert connector.capabilities.entities["payment"].map.get(json.loads(raw)) == {
        "number": "1001",
        "invoice": str(invoice["recnum"]),
        "date": date(2026, 3, 9),
        "amount": Decimal("60.00"),
        "discount": Decimal("0.00"),
    }


async def test_an_edit_of_a_line_alone_brings_its_invoice_back(site: Site) -> None:
    """Whether Sage stamps the document then is not known."""
    old = timedelta(days=2)
    document = site.invoice(invnum="S-1", age=old)
    site.invoice(invnum="S-2", age=old)
    line = site.rows(ARIVLN, _idref=document["_idnum"])[0]
    latest = site.invoice(invnum="S-3")
    connector, channel = site.connect()
    since = [page async for page in connector.pages("invoice", since=None)][-1].watermark
    site.edit(ARIVLN, line["_idnum"], dscrpt="Edited alone")
    found = await walked(connector, "invoice", since)
    assert set(found) == {str(document["recnum"]), str(latest["recnum"])}
    assert b"Edited alone" in found[str(document["recnum"])]
    blind = site.open(channel, line_stamps=False)
    assert set(await walked(blind, "invoice", since)) == {str(latest["recnum"])}


async def test_a_record_without_any_stamp_is_in_the_full_walk_only(site: Site) -> None:
    client = site.client()
    site.stamp(RECCLN, client["_idnum"], None)
    connector, _ = site.connect()
    assert list(await walked(connector, "customer")) == [str(client["recnum"])]
    assert await walked(connector, "customer", "2026-01-01T00:00:00.000") == {}


async def test_one_stamp_from_the_future_does_not_hide_what_comes_before_it(site: Site) -> None:
    """A machine with a wrong clock must not move the watermark beyond now."""
    early = site.client()
    site.stamp(RECCLN, early["_idnum"], datetime.fromisoformat("2999-01-01"))
    connector, _ = site.connect()
    watermark = [page async for page in connector.pages("customer", since=None)][-1].watermark
    later = site.client()
    assert str(later["recnum"]) in await walked(connector, "customer", watermark)


async def test_records_of_one_second_are_split_over_pages_without_loss(site: Site) -> None:
    clients = [site.client() for _ in range(11)]
    for client in clients:
        site.stamp(RECCLN, client["_idnum"], datetime.fromisoformat("2026-03-01T09:30"))
    connector, _ = site.connect(page_size=3)
    assert set(await walked(connector, "customer", "2026-03-01T09:30:00.000")) == {
        str(client["recnum"]) for client in clients
    }


def test_a_walk_begins_before_its_watermark_by_the_overlap() -> None:
    start = started("2026-03-01T09:30:00.000", timedelta(seconds=120), NEW_YORK)
    assert start == Position("2026-03-01T09:28:00.000")


def test_the_hour_that_the_wall_clock_repeats_is_read_twice() -> None:
    """1 November 2026, 01:30 happens twice in New York: stamps of the second are behind the first."""
    start = started("2026-11-01T01:30:00.000", timedelta(seconds=120), NEW_YORK)
    assert start == Position("2026-11-01T00:28:00.000")


def test_an_hour_that_the_wall_clock_skips_is_an_hour_like_others() -> None:
    start = started("2026-03-08T02:30:00.000", timedelta(), NEW_YORK)
    assert start == Position("2026-03-08T02:30:00.000")


async def test_a_walk_over_everything_starts_the_next_where_it_began(site: Site) -> None:
    """An edit behind it has a stamp of its own time; the watermark must not be beyond that."""
    for _ in range(6):
        site.client(age=timedelta(days=1))
    connector, _ = site.connect(overlap_s=0)
    walk = connector.pages("customer", since=None)
    first = await anext(walk)
    edited = site.rows(RECCLN, recnum=int(first.records[0].key))[0]
    site.edit(RECCLN, edited["_idnum"], clnnme="Edited behind the walk")
    newcomer = site.client()
    rest = [page async for page in walk]
    next_walk = await walked(connector, "customer", rest[-1].watermark)
    assert {str(edited["recnum"]), str(newcomer["recnum"])} <= set(next_walk)


@pytest.mark.parametrize("token", ["[]", "3f0c", '["other","2026-03-01",null]'])
async def test_a_place_that_is_none_of_ours_is_not_walked_from(site: Site, token: str) -> None:
    connector, _ = site.connect()
    with pytest.raises(UnreadableAnswer):
        await anext(connector.pages("customer", since=None, resume=token))


@pytest.mark.parametrize("stored", ["", "yesterday", "{}"])
def test_a_watermark_that_is_none_of_ours_is_no_start(stored: str) -> None:
    with pytest.raises(UnreadableAnswer):
        started(stored, timedelta(), NEW_YORK)


async def test_absence_proves_nothing_where_years_are_archived(site: Site) -> None:
    connector, _ = site.connect()
    listings = {name: spec.full_listing for name, spec in connector.capabilities.entities.items()}
    assert {name for name, full in listings.items() if full} == {"customer", "location", "employee"}


async def test_two_records_of_one_number_are_an_error_and_not_a_choice(site: Site) -> None:
    connector, channel = site.connect()
    row = {"_idnum": "3f0c", "recnum": 1, "upddte": ""}

    async def both(statement: str, parameters: object) -> list[dict[str, object]]:
        return [row, row]

    channel.query = both  # type: ignore[method-assign]
    with pytest.raises(UnreadableAnswer, match="more than one"):
        await connector.fetch("customer", "1")


async def test_what_a_site_does_not_offer_is_said_so(service_site: Site) -> None:
    """Receipts of service invoices stand in a table that nobody has published."""
    connector, _ = service_site.connect()
    assert "payment" not in connector.capabilities.entities
    with pytest.raises(NothingMatched, match="payment"):
        await connector.fetch("payment", "1")


async def test_columns_that_a_version_lacks_are_left_alone(site: Site) -> None:
    site.invoice(invnum="S-1")
    connector, channel = site.connect(absent=frozenset({"acrinv.retain", "arivln.cstcde", "arivln.upddte"}))
    ((_, raw),) = (await walked(connector, "invoice")).items()
    assert "retainage" not in connector.capabilities.entities["invoice"].map.get(json.loads(raw))
    assert not [text for text in channel.queries if "retain" in text or "cstcde" in text]


async def test_empty_references_are_zero_and_read_as_none(site: Site) -> None:
    site.invoice(invnum="S-1", taxdst=0)
    connector, _ = site.connect()
    ((_, raw),) = (await walked(connector, "invoice")).items()
    assert connector.capabilities.entities["invoice"].map.get(json.loads(raw))["tax_district"] is None
    assert site.rows(ACRINV)[0]["taxdst"] == 0


async def test_a_location_is_found_by_its_two_numbers(site: Site) -> None:
    client = site.client()["recnum"]
    site.add(SRVLOC, recnum=client, locnum=3, locnme="Plant 3")
    connector, _ = site.connect()
    for said in ("Plant 3", f"{client}-3"):
        assert [seen.key for seen in await connector.search("location", said)] == [f"{client}-3"]
    assert await connector.fetch("location", str(client)) is None


async def test_a_key_that_no_record_can_have_is_not_asked_for(site: Site) -> None:
    """SQL Server answers such a comparison with an error, not with nothing."""
    connector, channel = site.connect()
    for entity, key in (("payment", "1001"), ("customer", "Orchard Foods"), ("invoice", "9" * 40)):
        assert await connector.fetch(entity, key) is None
    assert channel.queries == []
