"""Write the files that are made from code: ``python -m deploy.generate``.

A test holds that what is committed is what this writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy import scenarios
from deploy.dashboard import document
from deploy.metrics_page import page, runbooks
from deploy.promtool import unit_tests
from monitor.alerts.prometheus import rule_file
from monitor.alerts.rules import rules

HERE = Path(__file__).parent


def files() -> Mapping[Path, str]:
    """Every generated file, with what belongs in it."""
    return {
        HERE / "prometheus" / "rules.yaml": rule_file(rules()),
        HERE / "prometheus" / "rules_test.yaml": unit_tests(scenarios.SHORT, rules()),
        HERE / "prometheus" / "rules_long_test.yaml": unit_tests(scenarios.LONG_ONES, rules(), "10m"),
        HERE / "grafana" / "syncd.json": document(),
        HERE.parent / "docs" / "metrics.md": page(),
        HERE.parent / "docs" / "runbooks" / "README.md": runbooks(),
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, encoding="utf-8")
