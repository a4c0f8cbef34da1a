"""The example of docs/connectors.md, as it is printed there: two JSON APIs kept equal by configuration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncd.app.installation import Installation, installation
from syncd.config.load import load
from syncd.sandbox.rest.server import RestSandbox
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from syncd.secrets.sealed import generate_master_key_file

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "rest" / "syncd.yaml"


@dataclass
class Shop:
    """Both sides' books, and the site that keeps them equal."""

    field: RestSandbox
    office: RestSandbox
    opened: Installation

    async def sync(self) -> Mapping[str, Any]:
        """One run of the link: flow -> its report."""
        report: Any = None
        async for event in self.opened.operator(daemon=False).sync("shop", actor="test"):
            report = event
        assert [flow.error for flow in report.flows if flow.error] == []
        return {flow.flow: flow for flow in report.flows}

    def edit(self, side: RestSandbox, kind: str, name: str, **fields: Any) -> None:
        row = next(row for row in side.books.table(kind) if row.fields["name"] == name)
        side.books.update(kind, row, fields)

    def shown(self, side: RestSandbox, kind: str, *names: str) -> set[tuple[Any, ...]]:
        return {tuple(row.fields[name] for name in names) for row in side.books.table(kind)}


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    key = tmp_path / "master.key"
    generate_master_key_file(key)
    async with AsyncExitStack() as stack:
        field = await stack.enter_async_context(running("rest", Order(seed=5, size=6)))
        office = await stack.enter_async_context(running("rest", Order(seed=5, size=4)))
        text = EXAMPLE.read_text()
        text = text.replace("https://field.example.com/v1", field.ready.details["base_url"])
        text = text.replace("https://office.example.com/v1", office.ready.details["base_url"])
        # a key lies in a file that only its owner reads; everything else is as it is printed
        (tmp_path / "syncd.yaml").write_text(text.replace("env:SYNCD_MASTER_KEY", f"file:{key}"))
        for side in ("FIELD", "OFFICE"):
            monkeypatch.setenv(f"{side}_TOKEN", "demo-secret")
        opened = await stack.enter_async_context(installation(load(tmp_path / "syncd.yaml")))
        sides = [live.sandbox for live in (field, office)]
        assert isinstance(sides[0], RestSandbox)
        assert isinstance(sides[1], RestSandbox)
        yield Shop(sides[0], sides[1], opened)


async def test_both_sides_become_equal_and_stay_so(shop: Shop) -> None:
    first = await shop.sync()
    assert first["customer"].created, "the office did not have them all"
    assert first["customer"].adopted, "and had some of them"
    assert shop.shown(shop.field, "customers", "name", "zip") == shop.shown(
        shop.office, "customers", "name", "zip"
    )
    machines = ("serial", "name", "rate", "installed_on")
    assert shop.shown(shop.field, "equipment", *machines) == shop.shown(shop.office, "equipment", *machines)

    name = next(iter(shop.field.books.table("customers"))).fields["name"]
    shop.edit(shop.field, "customers", name, phone="(614) 555-0101")
    shop.edit(shop.office, "customers", name, city="Toledo")
    serial = next(iter(shop.office.books.table("equipment"))).fields["name"]
    shop.edit(shop.office, "equipment", serial, rate=77.25)
    await shop.sync()
    for side in (shop.field, shop.office):
        assert (name, "(614) 555-0101", "Toledo") in shop.shown(side, "customers", "name", "phone", "city")
        assert (serial, 77.25) in shop.shown(side, "equipment", "name", "rate")

    before = shop.field.books.writes.total() + shop.office.books.writes.total()
    await shop.sync()
    assert shop.field.books.writes.total() + shop.office.books.writes.total() == before


async def test_the_site_can_be_checked(shop: Shop) -> None:
    for connector in shop.opened.connectors.values():
        assert {finding.level for finding in await connector.probe()} == {"ok"}
