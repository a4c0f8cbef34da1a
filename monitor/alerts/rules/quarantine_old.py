"""The alert ``SyncdQuarantineOld``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Is
from monitor.alerts.rule import MINUTE, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdQuarantineOld",
        "warning",
        15 * MINUTE,
        Is(Age(of_link(f.QUARANTINE_OLDEST, "min")), ">", t.quarantine_age),
        OF_LINK,
        "A refused record lies in quarantine, and nobody has looked after it.",
        "On link {link} the oldest refused record has been in quarantine for {value}.",
        "duration",
    )
