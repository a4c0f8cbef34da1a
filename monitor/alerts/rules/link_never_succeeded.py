"""The alert ``SyncdLinkNeverSucceeded``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Unless
from monitor.alerts.rule import HOUR, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    paused = Is(of_link(f.LINK_PAUSED), "==", 1)
    return Rule(
        "SyncdLinkNeverSucceeded",
        "warning",
        HOUR,
        Unless(Is(of_link(f.LAST_SUCCESS), "==", 0), paused),
        OF_LINK,
        "A configured link has never run without an error.",
        "Link {link} is configured and has never run without an error.",
    )
