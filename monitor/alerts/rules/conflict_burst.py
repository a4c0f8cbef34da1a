"""The alert ``SyncdConflictBurst``."""

from __future__ import annotations

from monitor.alerts.expressions import Increase, Is
from monitor.alerts.rule import HOUR, OF_LINK, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdConflictBurst",
        "warning",
        0,
        Is(Increase(f.CONFLICTS_FOUND, OF_LINK, HOUR), ">", t.conflicts_an_hour),
        OF_LINK,
        "Suddenly many records differ on both sides.",
        "Link {link} found {value} conflicts within an hour.",
    )
