"""The alert ``SyncdBacklogGrowing``."""

from __future__ import annotations

from monitor.alerts.expressions import Both, Change, Is
from monitor.alerts.rule import HOUR, MINUTE, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdBacklogGrowing",
        "warning",
        30 * MINUTE,
        Both(
            Is(of_link(f.BACKLOG, "sum"), ">", t.backlog_records),
            Is(Change(f.BACKLOG, OF_LINK, HOUR), ">", 0),
        ),
        OF_LINK,
        "More changes arrive than are carried over.",
        "Link {link} has {value} undecided changes, and more than an hour ago.",
    )
