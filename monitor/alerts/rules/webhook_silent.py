"""The alert ``SyncdWebhookSilent``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Is, Now
from monitor.alerts.rule import HOUR, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdWebhookSilent",
        "info",
        HOUR,
        Is(Age(Now(f.WEBHOOK_LAST, OF_CONNECTION)), ">", t.webhook_silence),
        OF_CONNECTION,
        "A platform that announces changes has announced none.",
        "Connection {connection} has announced nothing for {value}; its schedule still finds changes.",
        "duration",
    )
