"""The alert ``SyncdNotificationsFailing``."""

from __future__ import annotations

from monitor.alerts.expressions import Increase, Is
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdNotificationsFailing",
        "critical",
        5 * MINUTE,
        Is(Increase(f.NOTIFICATION_FAILURES, ("channel",), 15 * MINUTE), ">", 0),
        ("channel",),
        "Alerts do not reach people.",
        "Channel {channel} did not take {value} alerts within a quarter of an hour.",
    )
