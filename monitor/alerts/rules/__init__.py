"""The table of rules: what is told to people, when, and how urgently. Everything else is made from it.

One file an alert, named as the alert is without its first word (``SyncdLinkStale``: ``link_stale.py``), with
a function ``rule`` that takes the site's thresholds. A new alert is a new file here, its page in
``docs/runbooks`` and its story in ``deploy/scenarios.py``; ``make generate`` writes the rest.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from monitor.alerts.rule import Rule
from syncd.ports.alerting import Thresholds

_DEFAULTS: Final = Thresholds()


def rules(thresholds: Thresholds = _DEFAULTS) -> tuple[Rule, ...]:
    """The whole table, by name."""
    names = sorted(module.name for module in iter_modules(__path__))
    made: list[Rule] = [import_module(f"{__name__}.{name}").rule(thresholds) for name in names]
    return tuple(made)
