"""The alert ``SyncdQuotaNearlySpent``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now, Per
from monitor.alerts.rule import MINUTE, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdQuotaNearlySpent",
        "warning",
        15 * MINUTE,
        Is(Per(Now(f.QUOTA_LEFT, OF_CONNECTION), Now(f.QUOTA, OF_CONNECTION)), "<", t.quota_left_share),
        OF_CONNECTION,
        "A platform will soon grant no more requests.",
        "Connection {connection} has {value} of its platform's quota left.",
        "share",
    )
