"""The alert ``SyncdSweepRepaired``."""

from __future__ import annotations

from monitor.alerts.expressions import Increase, Is
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdSweepRepaired",
        "info",
        0.0,
        Is(Increase(f.SWEEP_REPAIRED, (), 15 * MINUTE), ">", 0),
        (),
        "The sweep found wanted links that the queue had forgotten.",
        "{value} wanted links were found again within a quarter of an hour; each waited some seconds for it.",
    )
