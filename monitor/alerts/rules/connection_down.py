"""The alert ``SyncdConnectionDown``."""

from __future__ import annotations

from monitor.alerts.expressions import Either, Is, Now
from monitor.alerts.rule import MINUTE, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdConnectionDown",
        "critical",
        10 * MINUTE,
        Either(
            Is(Now(f.CONNECTION_UP, OF_CONNECTION), "==", 0), Is(Now(f.CIRCUIT_OPEN, OF_CONNECTION), "==", 1)
        ),
        OF_CONNECTION,
        "A platform cannot be reached.",
        "Connection {connection} has been down, or not read without an error, for ten minutes.",
    )
