"""The alert ``SyncdConfigReloadFailed``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Now
from monitor.alerts.rule import MINUTE, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(_t: Thresholds) -> Rule:
    return Rule(
        "SyncdConfigReloadFailed",
        "warning",
        15 * MINUTE,
        Is(Now(f.CONFIG_OK, (), "min"), "==", 0),
        (),
        "What is on disk is not what runs.",
        "The configuration on disk was refused; the daemon goes on with the one before.",
    )
