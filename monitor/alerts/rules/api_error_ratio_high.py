"""The alert ``SyncdApiErrorRatioHigh``."""

from __future__ import annotations

from monitor.alerts.expressions import Both, Increase, Is, Per
from monitor.alerts.rule import MINUTE, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    window = 10 * MINUTE
    failed = Increase(f.API_FAILURES, OF_CONNECTION, window)
    asked = Increase(f.API_REQUESTS, OF_CONNECTION, window)
    return Rule(
        "SyncdApiErrorRatioHigh",
        "warning",
        10 * MINUTE,
        Both(Is(Per(failed, asked), ">", t.api_failure_share), Is(asked, ">", 20)),
        OF_CONNECTION,
        "A platform refuses or fails many requests.",
        "{value} of the requests to connection {connection} fail (10 minutes).",
        "share",
    )
