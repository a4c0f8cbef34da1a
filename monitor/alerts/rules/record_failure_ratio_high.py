"""The alert ``SyncdRecordFailureRatioHigh``."""

from __future__ import annotations

from monitor.alerts.expressions import Both, Increase, Is, Per
from monitor.alerts.rule import MINUTE, OF_LINK, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    window = 30 * MINUTE
    refused = Increase(f.RECORD_FAILURES, OF_LINK, window)
    written = Increase(f.RECORDS_WRITTEN, OF_LINK, window)
    return Rule(
        "SyncdRecordFailureRatioHigh",
        "warning",
        10 * MINUTE,
        Both(Is(Per(refused, written), ">", t.failure_share), Is(refused, ">", t.failures)),
        OF_LINK,
        "Too many records are refused.",
        "On link {link} there are {value} refused records for each one written (30 minutes).",
    )
