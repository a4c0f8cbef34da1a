"""``syncd export``: looked at, made, confirmed and reversed from the command line."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Ran, syncd
from tests.integration.files.handover import Handover, create


class Site(Handover):
    """The same folder, with a ``syncd.yaml``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        key = self.site / "master.key"
        key.touch(mode=0o600)
        key.write_text(b64encode(bytes(32)).decode())
        connection = {"platform": self.platform, "settings": self.settings_data}
        said = {"master_key": "file:master.key", "connections": {"books": connection}, "links": {}}
        (self.site / "syncd.yaml").write_text(json.dumps(said))

    def syncd(self, *arguments: str) -> Ran:
        return syncd("export", *arguments, cwd=self.site)

    def told(self, *arguments: str) -> Any:
        ran = self.syncd(*arguments, "--json")
        assert ran.code == 0, ran.err
        return ran.data


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_from_the_first_look_to_the_reversal(site: Site) -> None:
    for number in ("S-1", "S-2"):
        await site.connect().submit(create(number))
    looked = site.told("run", "--dry-run", "invoice")
    assert [(one["total"], len(one["records"])) for one in looked] == [("836.50", 2)]
    (made,) = site.told("run")
    assert [file.name for file in site.files("import")] == [made["file"].rpartition("/")[2]]
    assert site.syncd("confirm", "1").code == 5, "only if somebody agrees"
    shown = site.told("confirm", "1", "--yes")
    assert [line["state"] for line in shown] == ["posted", "posted"]
    assert site.syncd("confirm", "1", "--yes").code == 2
    shown = site.told("reverse", "1", "--reason", "wrong company", "--yes")
    assert {line["state"] for line in shown} == {"reversed"}
    (listed,) = site.told("list")
    assert (listed["state"], listed["count"], listed["connection"]) == ("reversed", 2, "books")


def test_what_is_not_there_is_said(site: Site) -> None:
    assert "Nothing waits" in site.syncd("run").err
    assert site.syncd("list", "7").code == 4
    assert site.syncd("run", "customer").code == 2
    assert site.syncd("list", "-c", "field").code == 4
