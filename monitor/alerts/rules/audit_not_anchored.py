"""The alert ``SyncdAuditNotAnchored``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Is, Now
from monitor.alerts.rule import HOUR, MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdAuditNotAnchored",
        "warning",
        15 * MINUTE,
        Is(Age(Now(f.AUDIT_ANCHORED, ())), ">", 3 * HOUR),
        (),
        "The audit's chains have not been anchored for hours.",
        "The audit's chains were last anchored {value} ago; it should be an hour at most.",
        "duration",
    )
