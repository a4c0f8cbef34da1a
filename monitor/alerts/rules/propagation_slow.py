"""The alert ``SyncdPropagationSlow``."""

from __future__ import annotations

from monitor.alerts.expressions import Is, Quantile
from monitor.alerts.rule import MINUTE, OF_LINK, Rule
from monitor.metrics import families as f
from syncd.ports.alerting import Thresholds


def rule(t: Thresholds) -> Rule:
    return Rule(
        "SyncdPropagationSlow",
        "warning",
        15 * MINUTE,
        Is(Quantile(0.95, f.PROPAGATION, OF_LINK, 30 * MINUTE), ">", t.propagation),
        OF_LINK,
        "Changes take too long to reach the other side.",
        "On link {link} one change in twenty takes {value} or longer to be confirmed.",
        "duration",
    )
