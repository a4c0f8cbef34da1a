"""The alert ``SyncdRecordsHeld``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Is
from monitor.alerts.rule import MINUTE, OF_LINK, Rule, of_link
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdRecordsHeld",
        "warning",
        15 * MINUTE,
        Is(Age(of_link(f.HELD_OLDEST, "min")), ">", t.held_age),
        OF_LINK,
        "Records are held and wait for a person.",
        "On link {link} the oldest held record has waited {value}; it may be a write in doubt.",
        "duration",
    )
