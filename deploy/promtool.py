"""The stories as unit tests that ``promtool test rules`` plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from deploy.scenarios import Scenario
from monitor.alerts.rule import Rule


def unit_tests(scenarios: Sequence[Scenario], rules: Sequence[Rule], every: str = "1m") -> str:
    """As YAML. What fires is asked of Prometheus' own record of it (``ALERTS``)."""
    by_name = {rule.name: rule for rule in rules}
    tests = [_test(one, by_name[one.alert]) for one in scenarios]
    out = StringIO()
    yaml = YAML()
    yaml.width = 1_000
    yaml.dump({"rule_files": ["rules.yaml"], "evaluation_interval": every, "tests": tests}, out)
    return out.getvalue()


def _test(one: Scenario, rule: Rule) -> dict[str, Any]:
    asked = f'ALERTS{{alertname="{one.alert}", alertstate="firing"}}'
    points = [(minute, labels) for minute, labels in one.fires] + [(minute, None) for minute in one.quiet]
    return {
        "interval": "1m",
        "input_series": [
            {"series": line.selector(), "values": line.notation(one.length())} for line in one.lines
        ],
        "promql_expr_test": [
            {
                "expr": asked,
                "eval_time": f"{minute}m",
                "exp_samples": [] if labels is None else [_sample(rule, labels)],
            }
            for minute, labels in sorted(points, key=lambda point: point[0])
        ],
    }


def _sample(rule: Rule, labels: Mapping[str, str]) -> dict[str, Any]:
    of = {"alertname": rule.name, "alertstate": "firing", "severity": rule.severity, **labels}
    shown = ", ".join(f'{name}="{value}"' for name, value in of.items())
    return {"labels": f"ALERTS{{{shown}}}", "value": 1}
