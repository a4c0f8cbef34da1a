"""Every row of the security checklist has its control, and the tests it names exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = {
    int(number): (control, shown)
    for number, control, shown in re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
}
CHECKLIST = range(1, 26)


def test_every_row_of_the_checklist_is_there_once() -> None:
    assert list(ROWS) == list(CHECKLIST)


@pytest.mark.parametrize("number", CHECKLIST)
def test_a_row_names_tests_and_they_exist(number: int) -> None:
    named = re.findall(r"`([\w/.]+)::(\w+)`", ROWS[number][1])
    assert named, "nothing shows this control"
    for path, name in named:
        assert name in functions(ROOT / path), f"{path} has no {name}"


@cache
def functions(path: Path) -> frozenset[str]:
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(n.name for n in found if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_nothing_is_open() -> None:
    assert "**Open**" not in PAGE


def test_the_way_to_report_a_hole_is_named() -> None:
    assert "Report a hole privately" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
