"""The alert ``SyncdCredentialExpiringSoon``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now, Until
from monitor.alerts.rule import DAY, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    left = Until(Now(f.CREDENTIAL_EXPIRY, OF_CONNECTION))
    return Rule(
        "SyncdCredentialExpiringSoon",
        "critical",
        0,
        Is(left, "<", DAY),
        OF_CONNECTION,
        "A login runs out within a day.",
        "The login of connection {connection} runs out in {value}; then nothing crosses there.",
        "duration",
    )
