"""``conflicts`` and ``reconcile`` from outside: what is shown, what is sent, and what the exit code says."""

from __future__ import annotations

import json

import pytest

from tests.integration.cli.conftest import Run


def test_a_list_shows_both_versions_and_what_both_agreed_on(run: Run) -> None:
    ran = run("conflicts", "list", "acme")
    assert ran.returncode == 0
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith("17")]
    assert line.split()[-7:-5] != [], line
    for word in ("phone", "1", "2", "3"):
        assert word in line.split()
    assert run("conflicts", "list", "--field", "email", "--fail-if-empty").returncode == 4


def test_one_shows_who_and_when_and_what_may_be_said(run: Run) -> None:
    ran = run("conflicts", "show", "17")
    assert "left: changed 2026-11-21 12:00:00Z by ann" in ran.stderr
    assert "right: changed at an unknown time" in ran.stderr
    assert "--take left|right|base|value" in ran.stderr
    assert json.loads(run("conflicts", "show", "17", "-o", "json").stdout)["version"] == "v1"
    assert run("conflicts", "show", "99").returncode == 4


def test_a_decision_goes_out_for_the_values_that_were_read(run: Run) -> None:
    ran = run("conflicts", "resolve", "17", "--take", "value", "--value", "phone=515 555 0100")
    assert ran.returncode == 0
    assert "17 value v1 {'phone': '515 555 0100'} by cli:" in ran.stderr


def test_what_has_changed_is_not_decided(run: Run) -> None:
    ran = run("conflicts", "resolve", "17", "18", "--take", "left")
    assert ran.returncode == 3
    assert "the values have changed" in ran.stdout


@pytest.mark.parametrize(
    "wrong",
    [
        ["--take", "left"],
        ["17", "--all-matching", "--take", "left"],
        ["--all-matching", "--take", "value"],
        ["17", "--take", "value", "--value", "phone"],
    ],
)
def test_what_makes_no_sense_is_told(run: Run, wrong: list[str]) -> None:
    assert run("conflicts", "resolve", *wrong).returncode == 2


def test_all_that_a_filter_shows_needs_a_yes_and_names_their_number(run: Run) -> None:
    asked = ["conflicts", "resolve", "--all-matching", "--link", "acme", "--take", "right"]
    assert "expected None, dry True" in run(*asked, "--dry-run").stderr
    assert run(*asked).returncode == 5
    ran = run(*asked, "--yes")
    assert (ran.returncode, "take right, expected 1, dry False" in ran.stderr) == (0, True)


@pytest.mark.parametrize(("flow", "code"), [("equal", 0), ("explained", 3), ("wrong", 1)])
def test_reconcile_says_by_its_code_how_equal_both_sides_are(run: Run, flow: str, code: int) -> None:
    ran = run("reconcile", "acme", "--flow", flow)
    assert ran.returncode == code
    assert "total: left 36.00, right 35.75, unexplained 0.00" in ran.stderr
    assert "2 only on the left (its status does not send it on yet)" in ran.stderr


def test_what_is_explained_is_counted_and_shown_one_by_one_where_asked(run: Run) -> None:
    assert "S-1" in run("reconcile", "--flow", "wrong").stdout
    told = run("reconcile", "--flow", "explained").stdout
    assert ("1 record" in told, "in conflict" in told, "S-1" in told) == (True, True, False)
    assert "S-1" in run("reconcile", "--flow", "explained", "-o", "wide").stdout


def test_reconcile_as_json_is_the_whole_report(run: Run) -> None:
    (report,) = json.loads(run("reconcile", "--flow", "wrong", "-o", "json").stdout)
    assert report["flows"][0]["items"][0]["left"] == "12.00"
