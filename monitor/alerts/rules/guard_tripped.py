"""The alert ``SyncdGuardTripped``."""

from __future__ import annotations

from monitor.alerts.expressions import Is
from monitor.alerts.rule import OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdGuardTripped",
        "critical",
        0,
        Is(of_link(f.GUARD_TRIPPED, "sum"), ">", 0),
        OF_LINK,
        "A brake stopped a flow before it wrote too much.",
        "On link {link} {value} brakes have tripped; nothing is written there until they are released.",
    )
