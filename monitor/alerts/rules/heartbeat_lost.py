"""The alert ``SyncdHeartbeatLost``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Is, Now
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdHeartbeatLost",
        "critical",
        MINUTE,
        Is(Age(Now(f.HEARTBEAT, (), "min")), ">", t.heartbeat_age),
        (),
        "The daemon answers, and its schedules are dead.",
        "The schedules of all links last lived {value} ago; nothing is kept in step.",
        "duration",
    )
