"""The alert ``SyncdEngineDown``."""

from __future__ import annotations

from monitor.alerts.expressions import OnlyPrometheus
from monitor.alerts.rule import JOB, MINUTE, Rule
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdEngineDown",
        "critical",
        5 * MINUTE,
        OnlyPrometheus(f'up{{job="{JOB}"}} == 0 or absent(up{{job="{JOB}"}})'),
        (),
        "The daemon does not answer.",
        "Prometheus cannot scrape the daemon: nothing is kept in step.",
    )
