"""The alert ``SyncdConflictsWaiting``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Is
from monitor.alerts.rule import DAY, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdConflictsWaiting",
        "info",
        0,
        Is(Age(of_link(f.CONFLICTS_OLDEST, "min")), ">", DAY),
        OF_LINK,
        "A conflict waits for a person.",
        "On link {link} the oldest conflict has waited {value} for a decision.",
        "duration",
    )
