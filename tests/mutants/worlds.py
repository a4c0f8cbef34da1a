"""What a planted bug needs to do harm. A seed whose world has none of it plays as if the bug were not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from tests.sim.settings import Settings, draw

WORLDS: Mapping[str, Callable[[Settings], bool]] = {
    "": lambda _: True,
}


def of_seed(seed: int) -> Settings:
    """What a seed is about, without playing it."""
    return draw(Random(Random(seed).random()))
