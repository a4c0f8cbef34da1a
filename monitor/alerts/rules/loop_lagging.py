"""The alert ``SyncdLoopLagging``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdLoopLagging",
        "warning",
        10 * MINUTE,
        Is(Now(f.LOOP_LAG, (), "max"), ">", t.loop_lag),
        (),
        "Everything in the daemon waits for one piece of work.",
        "For ten minutes something has kept all others waiting for {value} and longer.",
        "duration",
    )
