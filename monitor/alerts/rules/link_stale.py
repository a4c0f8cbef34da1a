"""The alert ``SyncdLinkStale``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Disconnected, Is, Per, Unless
from monitor.alerts.rule import MINUTE, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    paused = Is(of_link(f.LINK_PAUSED), "==", 1)
    stale = Per(Age(of_link(f.LAST_SUCCESS)), of_link(f.LINK_INTERVAL))
    return Rule(
        "SyncdLinkStale",
        "critical",
        5 * MINUTE,
        Unless(Unless(Is(stale, ">", t.stale_intervals), paused), Disconnected()),
        OF_LINK,
        "A link has not run without an error for several of its intervals.",
        "Link {link} last ran without an error {value} of its intervals ago.",
    )
