"""What a planted bug needs to do harm: a seed whose world has none of it plays as if there were no bug."""

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
