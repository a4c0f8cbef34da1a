"""What is Rhumbix' own: entries by class of pay, the feed of deletions, imports that are not there yet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.connectors.registry import Opening, platform
from syncd.core.errors import FixInput, RenewCredentials
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, Rejected, Unknown
from syncd.ports import Connector, Page, WriteRequest
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.rhumbix import server
from syncd.sandbox.rhumbix.company import EMPLOYEES, ENTRIES
from syncd.sandbox.rhumbix.server import RhumbixSandbox
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.conformance.wire import HurriedClock, MemoryVault

Record = dict[str, Any]


class Site:
    """One company, and connections to it."""

    def __init__(self, sandbox: RhumbixSandbox, details: Mapping[str, str], control: SandboxControl) -> None:
        self.sandbox = sandbox
        self.details = details
        self.control = control
        self.open: list[Connector] = []

    def connect(self, folder: Path, *, imports: bool = True, **settings: Any) -> Connector:
        key = folder / "key"
        key.write_text(self.details["secret"])
        key.chmod(0o600)
        older = {"base_url": self.details["imports_url"], "company_key": self.details["company_key"]}
        found = platform("rhumbix")
        told = {"base_url": self.details["base_url"], "api_key": f"file:{key}", "requests_per_s": 1_000}
        told |= {"imports": older} if imports else {}
        connector = found.open(
            Opening(
                connection="field",
                settings=found.settings.model_validate(told | settings),
                clock=HurriedClock(),
                vault=MemoryVault(),
                folder=folder,
            )
        )
        self.open.append(connector)
        return connector

    def entry(self, **fields: Any) -> str:
        """The id of an entry, set as told."""
        row = next(iter(self.sandbox.books.table(ENTRIES)))
        self.sandbox._edit({"kind": ENTRIES, "id": row.id, "fields": fields})
        return row.id


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        live = await stack.enter_async_context(running("rhumbix", Order(size=2)))
        control = await stack.enter_async_context(SandboxControl(live.control_url))
        assert isinstance(live.sandbox, RhumbixSandbox)
        site = Site(live.sandbox, live.ready.details, control)
        yield site
        for connector in site.open:
            await connector.close()


async def walked(connector: Connector, entity: str, since: str | None = None) -> list[Page]:
    return [page async for page in connector.pages(entity, since=since)]


def shown(connector: Connector, pages: Sequence[Page]) -> dict[str, Record]:
    lens = connector.capabilities.entities["time_entry"].map
    return {s.key: lens.get(json.loads(s.raw)) for page in pages for s in page.records if not s.deleted}


def gone(pages: Sequence[Page]) -> set[str]:
    return {seen.key for page in pages for seen in page.records if seen.deleted}


async def test_an_entry_is_one_record_for_each_class_of_pay(site: Site, tmp_path: Path) -> None:
    ident = site.entry(standard_time_minutes=480, over_time_minutes=100, double_time_minutes=0)
    connector = site.connect(tmp_path)
    found = shown(connector, await walked(connector, "time_entry"))
    assert found[f"{ident}-standard"]["regular_hours"] == Decimal(8)
    assert found[f"{ident}-standard"]["overtime_hours"] is None
    assert found[f"{ident}-overtime"]["overtime_hours"] == Decimal("1.67")
    assert f"{ident}-double" not in found
    assert found[f"{ident}-overtime"]["employee"] == found[f"{ident}-standard"]["employee"]


async def test_a_class_that_lost_its_minutes_is_gone(site: Site, tmp_path: Path) -> None:
    ident = site.entry(standard_time_minutes=480, over_time_minutes=60, double_time_minutes=0)
    connector = site.connect(tmp_path)
    watermark = (await walked(connector, "time_entry"))[-1].watermark
    site.entry(standard_time_minutes=540, over_time_minutes=0)
    later = await walked(connector, "time_entry", watermark)
    assert f"{ident}-overtime" in gone(later)
    assert shown(connector, later)[f"{ident}-standard"]["regular_hours"] == Decimal(9)
    assert await connector.fetch("time_entry", f"{ident}-overtime") is None


async def test_changes_are_told_apart_by_the_microsecond(site: Site, tmp_path: Path) -> None:
    """The very microsecond of a watermark is read again, the next one is past it."""
    ident = site.entry(standard_time_minutes=480, over_time_minutes=0, double_time_minutes=0)
    at = next(row.updated for row in site.sandbox.books.table(ENTRIES) if row.id == ident)
    connector = site.connect(tmp_path, overlap_s=0)
    assert f"{ident}-standard" in shown(connector, await walked(connector, "time_entry", str(at)))
    assert f"{ident}-standard" not in shown(connector, await walked(connector, "time_entry", str(at + 1)))


@pytest.mark.parametrize("touches", ["false", "true"])
async def test_a_deletion_is_told_whether_or_not_it_moves_the_time(touches: str, tmp_path: Path) -> None:
    async with running("rhumbix", Order(size=2, options={"deletion_touches": touches})) as live:
        assert isinstance(live.sandbox, RhumbixSandbox)
        async with SandboxControl(live.control_url) as control:
            site = Site(live.sandbox, live.ready.details, control)
            connector = site.connect(tmp_path)
            ident = site.entry(standard_time_minutes=480)
            # long ago: an incremental walk would not come by it
            live.sandbox.books.clock_offset_us = 7_200_000_000
            site.entry(comment=None)
            watermark = (await walked(connector, "time_entry"))[-1].watermark
            await control.act("delete_entry", id=ident)
            later = await walked(connector, "time_entry", watermark)
            assert f"{ident}-standard" in gone(later)
            assert f"{ident}-standard" not in shown(connector, await walked(connector, "time_entry"))
            assert await connector.fetch("time_entry", f"{ident}-standard") is None
            await connector.close()


async def test_the_status_decides_and_not_the_flag(site: Site, tmp_path: Path) -> None:
    ident = site.entry(status="APPROVED", is_approved=False, standard_time_minutes=60)
    connector = site.connect(tmp_path)
    found = shown(connector, await walked(connector, "time_entry"))
    assert found[f"{ident}-standard"]["status"] == "approved"


async def test_an_entry_is_found_by_its_number(site: Site, tmp_path: Path) -> None:
    ident = site.entry(standard_time_minutes=60, over_time_minutes=30, double_time_minutes=0)
    connector = site.connect(tmp_path)
    assert {s.key for s in await connector.search("time_entry", ident)} == {
        f"{ident}-standard",
        f"{ident}-overtime",
    }
    assert [s.key for s in await connector.search("time_entry", f"{ident}-overtime")] == [f"{ident}-overtime"]


async def test_hours_of_before_the_first_day_are_not_read(site: Site, tmp_path: Path) -> None:
    days = sorted({row.fields["shift_date"] for row in site.sandbox.books.table(ENTRIES)})
    connector = site.connect(tmp_path, first_day=days[-2])
    pages = await walked(connector, "time_entry")
    assert {str(record["date"]) for record in shown(connector, pages).values()} == set(days[-2:])
    later = await walked(connector, "time_entry", pages[-1].watermark)
    assert later[-1].complete, "the feed of deletions takes no first day"


async def test_a_list_that_became_shorter_is_no_complete_walk(site: Site, tmp_path: Path) -> None:
    connector = site.connect(tmp_path, page_size=3)
    people = site.sandbox.books.table(EMPLOYEES)
    while len(people) > 4:
        people.remove(next(iter(people)))
    walk = connector.pages("employee", since=None)
    await anext(walk)
    while len(people) > 2:
        people.remove(next(iter(people)))
    assert not [page async for page in walk][-1].complete


# -- imports --------------------------------------------------------------------------------------


def person(number: str, **fields: Any) -> WriteRequest:
    body = {"company_supplied_id": number, "first_name": "Mei", "last_name": "Chen", **fields}
    return WriteRequest("employee", Operation.CREATE, f"sy-{number}", body=body)


async def test_forbidden_says_not_yet_of_an_import(site: Site, tmp_path: Path) -> None:
    """And of everything else that this login may not see it."""
    site.sandbox.imports.queued = 4
    connector = site.connect(tmp_path)
    assert await connector.submit(person("9001")) == Confirmed("9001")
    await site.control.order(
        Fault(kind=FaultKind.STATUS, path="/public_api/v2/employees/", status=403, times=None)
    )
    with pytest.raises(RenewCredentials):
        await walked(connector, "employee")


async def test_an_import_that_does_not_end_is_unknown_and_found(site: Site, tmp_path: Path) -> None:
    site.sandbox.imports.queued = 10_000
    connector = site.connect(tmp_path)
    request = person("9002")
    assert isinstance(await connector.submit(request), Unknown)
    assert [seen.key for seen in await connector.evidence(request)] == ["9002"]


async def test_each_record_of_an_import_has_its_own_outcome(site: Site, tmp_path: Path) -> None:
    taken = next(row for row in site.sandbox.books.table(EMPLOYEES) if row.fields["phone"])
    connector = site.connect(tmp_path)
    good, bad = await asyncio.gather(
        connector.submit(person("9003")), connector.submit(person("9004", phone=taken.fields["phone"]))
    )
    assert good == Confirmed("9003")
    assert isinstance(bad, Rejected)
    assert bad.words == "phone: This field must be unique."
    assert len(site.sandbox.imports.batches) == 1, "they travelled together"


async def test_a_change_keeps_what_somebody_set_meanwhile(site: Site, tmp_path: Path) -> None:
    connector = site.connect(tmp_path)
    row = next(iter(site.sandbox.books.table(EMPLOYEES)))
    seen = await connector.fetch("employee", row.id)
    assert seen is not None
    row.fields["classification"] = "General foreman"
    request = WriteRequest(
        "employee", Operation.UPDATE, "sy-1", key=row.id, body={"last_name": "New"}, expected=seen.raw
    )
    assert await connector.submit(request) == Confirmed(row.id)
    assert (row.fields["last_name"], row.fields["classification"]) == ("New", "General foreman")


async def test_without_imports_nothing_is_written(site: Site, tmp_path: Path) -> None:
    connector = site.connect(tmp_path, imports=False)
    for spec in connector.capabilities.entities.values():
        assert spec.operations == {}
        assert not any(field.writable for field in spec.map.fields)
    with pytest.raises(FixInput, match="reads alone"):
        await connector.submit(person("9005"))


async def test_a_status_nobody_knows_is_an_error_of_the_check(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STATUSES", {**server.STATUSES, "UNION_REVIEW": ("Union", ())})
    found = await site.connect(tmp_path).probe()
    assert [f.message for f in found if f.level == "error"] == [
        "entries here have statuses that are not known: UNION_REVIEW"
    ]
