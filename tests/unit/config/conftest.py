"""Two small platforms found by the registry like any other, alone, and a site folder that uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from sys import modules

import pytest

import syncd.connectors

GOOD = """\
master_key: env:MASTER
connections:
  field:
    platform: fieldserv
    settings: {base_url: "https://field.example.com"}
    custom: {customer: {warranty: custom.warranty, region: custom.region}}
  books:
    platform: ledger
    profile: profiles/books.yaml
    bridge_token: env:BRIDGE
    settle: {seconds: 90, provenance: assumed}
    custom: {customer: {warranty: usr1}}
links:
  acme:
    customer: Acme Mechanical
    left: field
    right: books
    crosswalks: crosswalks/acme.yaml
    flows:
      customer:
      invoice:
        select: {status: [pending_accounting]}
        acknowledge:
          posted: [[set_external_id, "{key}"], [set_status, processed]]
          rejected: [[set_status, failed], [comment, "{reason}"]]
      payment: {}
"""
CROSSWALK = """\
tax:
  default_right: "1"
  pairs:
    - {left: "TX-AUS", right: "3"}
    - {left: "TX-DAL", right: "4"}
department: {}
"""
PROFILE = """\
provenance: read from the installation
schema_file: ledger.xsd
requests:
  client_add: {name: ClientAddRq}
"""


@pytest.fixture(autouse=True)
def _platforms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    here = str(Path(__file__).parent / "platforms")
    monkeypatch.setattr(syncd.connectors, "__path__", [here])
    yield
    for name in ("fieldserv", "ledger"):
        modules.pop(f"syncd.connectors.{name}", None)


@pytest.fixture
def site_folder(tmp_path: Path) -> Path:
    """A folder with a good site in it."""
    for name, text in (
        ("syncd.yaml", GOOD),
        ("crosswalks/acme.yaml", CROSSWALK),
        ("profiles/books.yaml", PROFILE),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def edited(site_folder: Path) -> Callable[..., Path]:
    """The good site with one piece of text replaced by another; returns its ``syncd.yaml``."""

    def edit(old: str, new: str, file: str = "syncd.yaml") -> Path:
        path = site_folder / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new))
        return site_folder / "syncd.yaml"

    return edit
