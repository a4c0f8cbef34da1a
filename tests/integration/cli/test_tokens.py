"""``syncd token``: the value on stdout once, the rest of the talk on stderr."""

from __future__ import annotations

import json

from tests.integration.cli.conftest import Run


def test_a_new_token_is_on_stdout_and_can_be_piped(run: Run) -> None:
    ran = run("token", "create", "grafana", "--scope", "read", "-o", "csv")
    assert ran.returncode == 0
    assert "syncd-api-made-up" in ran.stdout
    assert "not shown again" in ran.stderr
    made = json.loads(run("token", "create", "dana", "--scope", "operate", "resolve", "--json").stdout)
    assert made["key"]["scopes"] == ["operate", "resolve"]


def test_a_list_names_holders_and_scopes(run: Run) -> None:
    assert "dana  operate" in run("token", "list").stdout
    (listed,) = json.loads(run("token", "list", "--json").stdout)
    assert listed["created_by"] == "cli:ann"


def test_closing_one_asks_first(run: Run) -> None:
    assert run("token", "revoke", "dana").returncode == 5
    assert run("token", "revoke", "dana", "--yes").returncode == 0
    assert run("token", "revoke", "nobody", "--yes").returncode == 4
    assert run("token", "create", "dana", "--scope", "everything").returncode == 2
