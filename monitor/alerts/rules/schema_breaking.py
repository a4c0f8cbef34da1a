"""The alert ``SyncdSchemaBreaking``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now
from monitor.alerts.rule import OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdSchemaBreaking",
        "critical",
        0,
        Is(Now(f.SCHEMA_OPEN, OF_CONNECTION, where={"impact": "breaking"}), ">", 0),
        OF_CONNECTION,
        "A platform answers otherwise than its contract says, and a mapping depends on it.",
        "Connection {connection} shows {value} breaking changes; what they touch is held.",
    )
