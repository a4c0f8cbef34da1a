"""Worlds that a planted bug needs to do harm: where a seed has none of it, it plays as if the bug were not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from syncd.core.model import Side
from syncd.core.policy import Deletes
from tests.sim.settings import Settings, draw

WORLDS: Mapping[str, Callable[[Settings], bool]] = {
    "": lambda _: True,
}


def of_seed(seed: int) -> Settings:
    """What a seed is about, without playing it."""
    return draw(Random(Random(seed).random()))
