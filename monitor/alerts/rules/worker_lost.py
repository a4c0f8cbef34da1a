"""The alert ``SyncdWorkerLost``."""

from __future__ import annotations

from monitor.alerts.expressions import Increase, Is
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdWorkerLost",
        "warning",
        0.0,
        Is(Increase(f.WORKERS_LOST, (), 15 * MINUTE), ">", 0),
        (),
        "A worker died without a word.",
        "{value} workers fell silent within a quarter of an hour; their links went to others.",
    )
