"""The alert ``SyncdWatchdog``."""

from __future__ import annotations

from monitor.alerts.expressions import OnlyPrometheus
from monitor.alerts.rule import Rule
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdWatchdog",
        "none",
        0,
        OnlyPrometheus("vector(1)"),
        (),
        "Always firing: shows that alerts arrive.",
        "Send this one to a dead man's switch: when it stops, alerting itself is broken.",
    )
