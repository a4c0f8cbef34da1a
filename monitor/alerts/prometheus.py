"""The table of rules as files that Prometheus reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML

from monitor.alerts.expressions import Increase, Per, Quantile, span
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f

DOCUMENTATION: Final = "docs"
"""Where the runbooks stand: a folder, or the address that a site publishes them at."""
_FUNCTIONS: Final[Mapping[str, str]] = {
    "duration": "humanizeDuration",
    "share": "humanizePercentage",
    "number": "humanize",
}


def rule_file(rules: Sequence[Rule], documentation: str = DOCUMENTATION) -> str:
    """Recording rules and alerts, as YAML."""
    groups = [
        {"name": "syncd-records", "rules": recordings()},
        {"name": "syncd", "rules": [_alert(rule, documentation) for rule in rules]},
    ]
    out = StringIO()
    yaml = YAML()
    yaml.width = 1_000  # an expression stays on its line
    yaml.dump({"groups": groups}, out)
    return out.getvalue()


def recordings() -> list[dict[str, Any]]:
    """What dashboards and people ask often, reckoned once."""
    link = ("link",)
    half_an_hour = 30 * MINUTE
    recorded = {
        "link:syncd_propagation_delay_seconds:p95_30m": Quantile(0.95, f.PROPAGATION, link, half_an_hour),
        "link:syncd_record_failures_per_records_written:ratio_increase30m": Per(
            Increase(f.RECORD_FAILURES, link, half_an_hour), Increase(f.RECORDS_WRITTEN, link, half_an_hour)
        ),
        "connection:syncd_api_request_failures_per_requests:ratio_increase10m": Per(
            Increase(f.API_FAILURES, ("connection",), 10 * MINUTE),
            Increase(f.API_REQUESTS, ("connection",), 10 * MINUTE),
        ),
    }
    return [{"record": name, "expr": expression.promql()} for name, expression in recorded.items()]


def _alert(rule: Rule, documentation: str) -> dict[str, Any]:
    made: dict[str, Any] = {"alert": rule.name, "expr": rule.when.promql()}
    if rule.for_s:
        made["for"] = span(rule.for_s)
    made["labels"] = {"severity": rule.severity}
    made["annotations"] = {
        "summary": rule.summary,
        "description": template(rule),
        "runbook_url": f"{documentation}/{rule.runbook}",
    }
    return made


def template(rule: Rule) -> str:
    """The description in Prometheus' own template language."""
    shown = {"value": f"$value | {_FUNCTIONS[rule.unit]}"} | {label: f"$labels.{label}" for label in rule.by}
    return re.sub(r"\{(\w+)\}", lambda found: f"{{{{ {shown[found[1]]} }}}}", rule.description)
