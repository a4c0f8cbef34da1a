"""The alert ``SyncdCredentialExpiring``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now, Until
from monitor.alerts.rule import OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    left = Until(Now(f.CREDENTIAL_EXPIRY, OF_CONNECTION))
    return Rule(
        "SyncdCredentialExpiring",
        "warning",
        0,
        Is(left, "<", t.credential),
        OF_CONNECTION,
        "A login runs out soon.",
        "The login of connection {connection} runs out in {value}.",
        "duration",
    )
