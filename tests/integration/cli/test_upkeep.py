"""``backup``, ``restore`` and ``audit`` as a person types them."""

from __future__ import annotations

import json

from tests.integration.cli.conftest import Run


def test_a_backup_says_where_it_is_and_what_it_knows(run: Run) -> None:
    ran = run("backup", "copy.db", "--json")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["path"] == "copy.db"


def test_putting_back_asks_first_and_says_what_comes_next(run: Run) -> None:
    assert run("restore", "copy.db").returncode == 5
    ran = run("restore", "copy.db", "--yes")
    assert ran.returncode == 0
    assert "state.db.before" in ran.stdout
    assert "looked up" in ran.stderr


def test_erasing_shows_what_goes_and_asks_first(run: Run) -> None:
    looked = run("erase", "acme", "--dry-run")
    assert looked.returncode == 0
    assert "would be erased" in looked.stdout
    assert "stays: meadow uses it" in looked.stdout
    assert run("erase", "acme").returncode == 5
    done = run("erase", "acme", "--yes", "--json")
    assert json.loads(done.stdout)["done"] is True
    assert "300 lines of the audit lost their text" in done.stderr
    assert "Backups" in done.stderr


def test_a_login_is_given_back_once_somebody_agrees(run: Run) -> None:
    assert run("connection", "test", "books").returncode == 0
    assert run("connection", "revoke", "books").returncode == 5
    done = run("connection", "revoke", "books", "--yes")
    assert done.returncode == 0
    assert "ended and forgotten" in done.stdout
    assert "on the platform itself" in done.stderr


def test_a_channel_is_tried_and_rules_are_printed(run: Run) -> None:
    assert run("alert", "test", "on-call").returncode == 0
    refused = run("alert", "test", "mail")
    assert refused.returncode == 1
    assert "mail did not take it" in refused.stderr
    assert run("alert", "rules", "--documentation", "https://wiki/").stdout == "groups: []  # https://wiki/\n"


def test_a_broken_chain_is_exit_code_1(run: Run) -> None:
    assert run("audit", "verify").returncode == 0
    ran = run("audit", "verify", "--kept", "4:ab")
    assert ran.returncode == 1
    assert "1 lines are missing" in ran.stdout


def test_an_exported_line_is_json_and_harmless(run: Run) -> None:
    ran = run("audit", "export")
    assert "\x1b" not in ran.stdout
    assert json.loads(ran.stdout)["kind"] == "posted"
