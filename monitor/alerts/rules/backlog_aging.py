"""The alert ``SyncdBacklogAging``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Disconnected, Is, Unless
from monitor.alerts.rule import MINUTE, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    paused = Is(of_link(f.LINK_PAUSED), "==", 1)
    aging = Is(Age(of_link(f.BACKLOG_OLDEST, "min")), ">", t.backlog_age)
    return Rule(
        "SyncdBacklogAging",
        "critical",
        10 * MINUTE,
        Unless(Unless(aging, paused), Disconnected()),
        OF_LINK,
        "A change has been waiting to be decided for too long.",
        "On link {link} the oldest undecided change has waited {value}.",
        "duration",
    )
