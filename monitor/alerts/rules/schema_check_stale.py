"""The alert ``SyncdSchemaCheckStale``."""

from __future__ import annotations

from monitor.alerts.expressions import Age, Is, Now
from monitor.alerts.rule import HOUR, OF_CONNECTION, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdSchemaCheckStale",
        "warning",
        HOUR,
        Is(Age(Now(f.SCHEMA_CHECKED, OF_CONNECTION)), ">", t.schema_check_age),
        OF_CONNECTION,
        "A platform's answers have not been held against its contract for days.",
        "An answer of connection {connection} was last weighed {value} ago: drift would not be seen.",
        "duration",
    )
