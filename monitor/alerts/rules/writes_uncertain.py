"""The alert ``SyncdWritesUncertain``."""

from __future__ import annotations

from monitor.alerts.expressions import Is
from monitor.alerts.rule import MINUTE, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdWritesUncertain",
        "warning",
        30 * MINUTE,
        Is(of_link(f.UNCERTAIN, "sum"), ">", 0),
        OF_LINK,
        "The end of some writes has been unknown for long.",
        "On link {link} {value} writes were sent whose end is still not known.",
    )
