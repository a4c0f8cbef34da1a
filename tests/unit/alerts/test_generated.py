"""What is committed under ``deploy/`` is what the code writes, and Prometheus plays the stories as told."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from deploy.generate import HERE, files
from deploy.panels import ROWS

DASHBOARD: dict[str, Any] = json.loads((HERE / "grafana" / "syncd.json").read_text(encoding="utf-8"))
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (see .ci/run)"
)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_what_is_committed_is_what_the_code_writes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == files()[path], "run: python -m deploy.generate"


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    checked = _promtool("check", "rules", "--lint=all", "rules.yaml")
    assert "SUCCESS" in checked


@needs_promtool
def test_prometheus_sees_in_the_stories_what_the_daemon_sees() -> None:
    _promtool("test", "rules", "rules_test.yaml", "rules_long_test.yaml")


def _promtool(*arguments: str) -> str:
    ran = subprocess.run(
        ["promtool", *arguments], cwd=HERE / "prometheus", capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def panels() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


PANELS = {panel["title"]: panel for panel in panels()}


def test_every_panel_declared_is_there_once() -> None:
    declared = [panel.title for _, row in ROWS for panel in row]
    assert [panel["title"] for panel in panels()] == declared
    assert len(set(declared)) == len(declared)
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_keeps_the_rules_of_good_dashboards(title: str) -> None:
    panel = PANELS[title]
    assert panel["description"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    for target in panel["targets"]:
        expression = target["expr"]
        assert 'job=~"$job"' in expression
        assert 'instance=~"$instance"' in expression
        for window in re.findall(r"\[([^\]]+)\]", expression):
            assert window == "$__rate_interval"
        promql_parser.parse(expression.replace("$__rate_interval", "5m"))


def test_a_stat_without_data_is_not_shown_as_good() -> None:
    stats = [panel for panel in PANELS.values() if panel["type"] == "stat"]
    assert stats
    for panel in stats:
        assert panel["fieldConfig"]["defaults"]["noValue"] == "no data"
        assert "vector(0)" not in panel["targets"][0]["expr"]


def test_variables_follow_the_time_and_take_several() -> None:
    variables = DASHBOARD["templating"]["list"]
    assert [v["name"] for v in variables] == ["datasource", "job", "instance", "link", "flow", "connection"]
    for variable in variables[1:]:
        assert (variable["multi"], variable["includeAll"], variable["refresh"]) == (True, True, 2)
