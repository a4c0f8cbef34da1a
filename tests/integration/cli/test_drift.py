"""``syncd drift``: the list, one of them with what to do, and the page that can be mailed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.cli.conftest import Run


def test_the_list_says_where_and_what_and_how_grave(run: Run) -> None:
    shown = run("drift", "list").stdout
    for word in ("breaking", "totalPrice", "field_renamed", "field"):
        assert word in shown
    (listed,) = json.loads(run("drift", "list", "--json").stdout)
    assert listed["mappings"] == ["invoice.total"]


def test_one_is_shown_with_what_it_hits_and_what_to_run(run: Run) -> None:
    ran = run("drift", "show", "12")
    assert ran.returncode == 0
    for word in ("Acme Heating", "acme/invoice", "grandTotal", "syncd drift accept 12", "syncd release 4"):
        assert word in ran.stdout + ran.stderr
    assert run("drift", "show", "13").returncode == 4


def test_accepting_asks_first_and_wants_a_reason(run: Run) -> None:
    assert run("drift", "accept", "12").returncode == 2
    assert run("drift", "accept", "12", "--reason", "release notes").returncode == 5
    assert run("drift", "accept", "12", "--reason", "release notes", "--yes").returncode == 0
    assert run("drift", "ignore", "12", "--reason", "one account's own", "--yes").returncode == 0
    assert run("drift", "ack", "12", "--reason", "asked their support").returncode == 0
    assert run("drift", "revert", "12", "--reason", "rolled back tonight").returncode == 0


def test_the_page_is_written_where_it_is_wanted(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "drift.html"
    assert run("drift", "export", "12", "--into", str(page)).returncode == 0
    assert "totalPrice" in page.read_text()
    assert run("drift", "export", "12", "--into", str(tmp_path / "drift.doc")).returncode == 2


def test_the_watch_alone_can_be_run(run: Run) -> None:
    assert run("monitor", "run").returncode == 0
