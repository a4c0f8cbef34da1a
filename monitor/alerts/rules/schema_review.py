"""The alert ``SyncdSchemaReview``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now
from monitor.alerts.rule import DAY, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdSchemaReview",
        "info",
        DAY,
        Is(Now(f.SCHEMA_OPEN, OF_CONNECTION, where={"impact": "review"}), ">", 0),
        OF_CONNECTION,
        "A platform answers otherwise than its contract says; nothing depends on it.",
        "Connection {connection} shows {value} changes that nobody has looked at for a day.",
    )
