"""The alert ``SyncdBridgeDown``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now
from monitor.alerts.rule import MINUTE, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdBridgeDown",
        "critical",
        5 * MINUTE,
        Is(Now(f.BRIDGE_UP, OF_CONNECTION), "==", 0),
        OF_CONNECTION,
        "The bridge beside an on-premises system is not connected.",
        "The bridge of connection {connection} has not been connected for five minutes.",
    )
