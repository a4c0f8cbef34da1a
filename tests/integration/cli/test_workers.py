"""``syncd workers``: who works on the state."""

from __future__ import annotations

import json

from tests.integration.cli.conftest import Run


def test_they_are_listed_with_what_each_runs(run: Run) -> None:
    ran = run("workers")
    assert ran.returncode == 0
    assert "web1-3f9a" in ran.stdout
    assert "lost" in ran.stdout
    assert "Links that wait for a run: 3" in ran.stderr
    assert json.loads(run("workers", "--json").stdout)["workers"][0]["links"] == ["acme"]


def test_a_worker_runs_at_least_one_link_at_once(run: Run) -> None:
    assert run("worker", "--slots", "0").returncode == 2
    assert run("worker", "--slots", "4").returncode == 0
