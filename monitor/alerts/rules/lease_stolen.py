"""The alert ``SyncdLeaseStolen``."""

from __future__ import annotations

from monitor.alerts.expressions import Increase, Is
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdLeaseStolen",
        "warning",
        0.0,
        Is(Increase(f.LEASES_TAKEN_OVER, (), 15 * MINUTE), ">", 0),
        (),
        "A link changed hands because its lease ran out.",
        "{value} links were taken over within a quarter of an hour: their leases were not renewed.",
    )
