"""What a planted bug needs to do harm: a seed whose world has none of it plays as if there were no bug."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from syncd.engine.flow_run import BATCH
from tests.sim.settings import Settings, draw


def _lags(settings: Settings) -> bool:
    return any(one.lag_s for one in settings.behaviours.values())


A_STORY = "a story"
"""It does its harm where no seed looks: hunted with the stories alone."""
WORLDS: Mapping[str, Callable[[Settings], bool]] = {
    "": lambda _: True,
    A_STORY: lambda _: False,
    "announced, removals are carried": lambda s: s.hints and s.expected["customer"].deletes == "propagate",
    "budgets": lambda s: s.budget is not None,
    "crashes": lambda s: s.crashes > 0,
    "crashes over lagging listings": lambda s: s.crashes > 0 and _lags(s),
    "drafts": lambda s: s.drafted,
    "drafts, versions are checked": lambda s: s.drafted and s.behaviours["left"].conditional_write,
    "idempotency keys": lambda s: any(one.native_key_life_s for one in s.behaviours.values()),
    "invoices": lambda s: "invoice" in s.entities,
    "lagging listings": _lags,
    "listings that fail": lambda s: s.read_rate > 0,
    "long names": lambda s: s.wordy,
    "merges": lambda s: s.merges,
    "old records": lambda s: s.long_standing,
    "other policies": lambda s: s.amended is not None,
    "people in haste": lambda s: s.hasty,
    "removals are carried": lambda s: s.expected["customer"].deletes == "propagate",
    "removals are held": lambda s: s.expected["customer"].deletes == "hold",
    "storms": lambda s: s.stormy,
    "storms over documents": lambda s: s.stormy and "invoice" in s.entities and not s.matched,
    "tight brakes": lambda s: s.tight,
    "tight brakes, small batches": lambda s: s.tight and s.batch < BATCH,
    "voids of what was posted at once": lambda s: s.voided,
    "writes that no version guards": lambda s: any(
        not one.conditional_write for one in s.behaviours.values()
    ),
}


def of_seed(seed: int) -> Settings:
    """What a seed is about, without playing it."""
    return draw(Random(Random(seed).random()))
