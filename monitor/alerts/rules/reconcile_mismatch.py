"""The alert ``SyncdReconcileMismatch``."""

from __future__ import annotations

from monitor.alerts.expressions import Is
from monitor.alerts.rule import MINUTE, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdReconcileMismatch",
        "warning",
        5 * MINUTE,
        Is(of_link(f.MISMATCHES), ">", 0),
        OF_LINK,
        "A full comparison found differences that nothing explains.",
        "On link {link} the last full comparison found {value} differences that nothing explains.",
    )
