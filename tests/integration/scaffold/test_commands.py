"""The two commands about platforms, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syncd.cli import program


def test_a_connector_is_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "syncd" / "connectors").mkdir(parents=True)
    assert program.run(["connector", "new", "field-pro", "--into", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "tests/conformance/test_field_pro.py" in said.out + said.err
    assert (tmp_path / "syncd/sandbox/field_pro/server.py").is_file()
    assert program.run(["connector", "new", "Field Pro", "--into", str(tmp_path)]) == 2


def test_platforms_say_what_they_do_and_how_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["platforms", "--json"]) == 0
    told = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {"name", "entities", "modes", "verified_by", "limits"} <= told["acumatica"].keys()
    assert told["acumatica"]["entities"]["invoice"] == ["read", "create"]
    assert told["buildops"]["verified_by"].startswith("experimental")
    assert told["buildops"]["limits"]


def test_a_demo_that_is_not_there_names_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["demo", "buildops-acumatika"]) == 2
    assert "buildops-acumatica" in capsys.readouterr().err
