"""From nothing to a site folder, with the platforms as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from shutil import copyfile

import pytest
from ruamel.yaml import YAML

from syncd.bridge import settings as bridge_settings
from syncd.cli import program
from syncd.config.load import load
from syncd.config.scaffold import write_site
from syncd.connectors import registry
from syncd.core.errors import FixInput
from syncd.core.model import Side
from syncd.demo.beginning import beginning
from syncd.demo.pair import linked, names
from syncd.files.layout import load_layout
from syncd.sandbox.sage100_contractor.product import OWN_PROFILE


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ``syncd init acme`` writes."""
    monkeypatch.chdir(tmp_path)
    assert program.run(["init", "acme", "--quiet"]) == 0
    return tmp_path / "acme"


TYPED = {
    "base_url": "https://erp.example.com",
    "realm_id": '"9130"',
    "first_day": "2026-10-01",
    "root": "/v2.0/acme/production",
    "company_id": "5d115c9c-44e3-ea11-bb43-000d3a2feca1",
}
"""Setting -> what stands there, where it is more than a word."""


def as_the_sandbox_has_it(path: Path) -> None:
    """Write the sandbox's value, which stands behind it, in the place of each SET."""
    text = re.sub(r"SET  # the sandbox has (.*?)(; .*)?$", r"\1", path.read_text(), flags=re.MULTILINE)
    text = re.sub(r"(\w+): SET\b", lambda m: f"{m[1]}: {TYPED.get(m[1], 'SET')}", text)
    text = text.replace("{company_key: SET}", "{company_key: Acme}")
    path.write_text(re.sub(r": SET(  #.*)?$", ": Acme", text, flags=re.MULTILINE))


def test_init_writes_a_whole_folder_and_keeps_the_key_to_its_owner(site: Path) -> None:
    written = {str(p.relative_to(site)) for p in site.rglob("*") if p.is_file()}
    assert written == {
        "syncd.yaml",
        ".env.example",
        ".gitignore",
        "contracts/README.md",
        "crosswalks/acme.yaml",
        "bridge.yaml",
        "keys/master.key",
        "profiles/servicetrade.yaml",
        "profiles/sage100-contractor.yaml",
    }
    assert (site / "keys").stat().st_mode & 0o777 == 0o700
    assert (site / "keys/master.key").stat().st_mode & 0o777 == 0o600
    assert "keys" in (site / ".gitignore").read_text()
    assert bridge_settings.load(site / "bridge.yaml", {}).object == "com"
    variables = (site / ".env.example").read_text()
    for name in re.findall(r"^ *[a-z_]+: env:(\w+)", (site / "syncd.yaml").read_text(), re.MULTILINE):
        assert f"\n{name}=\n" in variables


@pytest.mark.parametrize("pair", names())
def test_init_writes_what_its_pair_uses_and_no_more(pair: str, tmp_path: Path) -> None:
    site, told = tmp_path / "acme", linked(pair)
    assert program.run(["init", str(site), "--pair", pair, "--quiet"]) == 0
    profiled = [name for name in (told.left, told.right) if registry.platform(name).profile]
    assert sorted(path.stem for path in site.glob("profiles/*")) == sorted(profiled)
    assert (site / "bridge.yaml").exists() is (told.bridge is not None)
    for path in (site / "syncd.yaml", *site.glob("profiles/*")):
        as_the_sandbox_has_it(path)
    if told.bridge is not None:
        copyfile(OWN_PROFILE.with_name("mbxml.xsd"), site / "profiles" / "mbxml.xsd")
    link = load(site / "syncd.yaml").links["acme"]
    assert (link.left.platform.name, link.right.platform.name) == (told.left, told.right)
    assert {*link.flows} == {*YAML(typ="safe").load(told.flows)}


def test_a_layout_of_the_sandbox_is_not_used_until_somebody_has_reviewed_it(tmp_path: Path) -> None:
    write_site(tmp_path / "acme", beginning("servicetrade-sage300-cre"))
    with pytest.raises(FixInput, match="reviewed"):
        load_layout(tmp_path / "acme" / "layouts" / "invoice.yaml")


def test_init_names_the_pairs_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["init", str(tmp_path / "acme"), "--pair", "servicetrade-sage300"]) == 2
    assert "servicetrade-sage300-cre" in capsys.readouterr().err
    assert not (tmp_path / "acme").exists()


def test_init_overwrites_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p: p.read_bytes() for p in site.rglob("*") if p.is_file()}
    (site / "crosswalks/acme.yaml").unlink()
    assert program.run(["init", "acme"]) == 2
    assert "syncd.yaml" in capsys.readouterr().err
    assert not (site / "crosswalks/acme.yaml").exists(), "all or nothing"
    assert all(p.read_bytes() == data for p, data in before.items() if p.exists())


def test_a_fresh_site_is_refused_until_its_unknowns_are_set(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.run(["check", "--config", str(site / "syncd.yaml")]) == 2
    said = capsys.readouterr().err
    for place in ("syncd.yaml", "profiles/servicetrade.yaml", "profiles/sage100-contractor.yaml"):
        assert re.search(rf"{re.escape(place)}:\d+ \(\S+\): still to be set", said), place
    assert "Traceback" not in said


def test_once_set_the_worked_example_is_a_whole_site(site: Path) -> None:
    for path in (site / "syncd.yaml", *(site / "profiles").iterdir()):
        as_the_sandbox_has_it(path)
    copyfile(OWN_PROFILE.with_name("mbxml.xsd"), site / "profiles" / "mbxml.xsd")
    loaded = load(site / "syncd.yaml")
    link = loaded.links["acme"]
    assert (link.left.platform.name, link.right.platform.name) == ("servicetrade", "sage100-contractor")
    assert link.flows == ("customer", "location", "job", "invoice", "payment")
    assert set(link.tables) == {"tax", "gl_account"}
    assert link.tables["tax"].to[Side.RIGHT] == {}


@pytest.mark.parametrize("file", ["site", "crosswalks", "profile:servicetrade", "profile:sage100-contractor"])
def test_the_schemas_of_every_file_can_be_printed(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["config", "schema", file]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")


def test_the_platforms_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["platforms", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["servicetrade"]["title"] == "ServiceTrade"
    assert rows["sage100-contractor"]["bridge"] is True


@pytest.mark.parametrize("command", [["plan"], ["sync"], ["status"], ["run"], ["db", "current"], ["check"]])
def test_without_a_site_every_command_says_how_to_start(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert program.run(command) == 2
    said = capsys.readouterr().err
    assert "syncd.yaml: cannot be read: No such file or directory" in said
    assert "syncd init DIR" in said
