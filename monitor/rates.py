"""Rates learned from all places together, so that each place is judged by how its neighbours behave.

A field missing in 5 of 300 records where it was never missing before is news on a platform whose
fields are either always there or missing in a tenth of the records; where many fields are missing
in one record of a hundred it is not. The distribution of rates over the places of one contract is
estimated from the counts themselves (an empirical Bayes mixture on a fixed grid), and a place is
compared with what that distribution predicts for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import exp, lgamma, log
from operator import mul
from typing import Final

GRID: Final[tuple[float, ...]] = (
    0.0,
    *(1 / (1 + exp(-x / 3)) for x in range(-21, 22)),
    1.0,
)
"""Rates that are told apart: dense near 0 and 1, where certainty begins and ends."""

PRIOR_PLACES: Final = 3.0
"""How many imaginary places are spread evenly over the grid: no rate is impossible anywhere."""
ROUNDS: Final = 12


class Rates:
    """The distribution of one rate (of being there, of being null ...) over the places of a contract."""

    def __init__(self, counts: Iterable[tuple[int, int]]) -> None:
        """``counts``: (records that show it, records that could) of every place."""
        seen: dict[tuple[int, int], int] = {}
        for hits, trials in counts:
            if trials > 0:
                seen[hits, trials] = seen.get((hits, trials), 0) + 1
        floor = PRIOR_PLACES / len(GRID)
        places = sum(seen.values())
        self._weights = [1 / len(GRID)] * len(GRID)
        for _ in range(ROUNDS if seen else 0):
            totals = [floor] * len(GRID)
            for (hits, trials), times in seen.items():
                likely = _likelihood(hits, trials)
                parts = list(map(mul, self._weights, likely))
                whole = sum(parts)
                for at, part in enumerate(parts):
                    totals[at] += times * part / whole
            self._weights = [total / (places + PRIOR_PLACES) for total in totals]

    def fewer(self, before: tuple[int, int], after: tuple[int, int]) -> float:
        """Chance of as few hits as ``after`` shows, or fewer, if it behaves as ``before`` did."""
        return self._chance(before, after[1], range(after[0] + 1))

    def more(self, before: tuple[int, int], after: tuple[int, int]) -> float:
        """Chance of as many hits as ``after`` shows, or more, if it behaves as ``before`` did."""
        hits, trials = after
        if hits > trials // 2:
            return self._chance(before, trials, range(hits, trials + 1))
        return max(0.0, 1.0 - self._chance(before, trials, range(hits)))

    def first(self, before: int, after: tuple[int, int]) -> float:
        """Chance that a place is shown by none of ``before`` records and then by as many as ``after``
        says: the expected number of such coincidences per place there is."""
        likely = _likelihood(0, before)
        hits, trials = after
        return sum(
            weight * none * _tail(rate, hits, trials)
            for rate, weight, none in zip(GRID, self._weights, likely, strict=True)
            if weight * none > 0
        )

    def _chance(self, before: tuple[int, int], trials: int, outcomes: range) -> float:
        likely = _likelihood(*before)
        posterior: list[float] = list(map(mul, self._weights, likely))
        whole = sum(posterior)
        return sum(
            part / whole * sum(_binomial(rate, hits, trials) for hits in outcomes)
            for rate, part in zip(GRID, posterior, strict=True)
            if part > 1e-15 * whole
        )


@lru_cache(maxsize=8192)
def _likelihood(hits: int, trials: int) -> tuple[float, ...]:
    return tuple(_binomial(rate, hits, trials) for rate in GRID)


def _tail(rate: float, hits: int, trials: int) -> float:
    if hits > trials // 2:
        return sum(_binomial(rate, k, trials) for k in range(hits, trials + 1))
    return max(0.0, 1.0 - sum(_binomial(rate, k, trials) for k in range(hits)))


@lru_cache(maxsize=65536)
def _binomial(rate: float, hits: int, trials: int) -> float:
    if rate <= 0.0:
        return 1.0 if hits == 0 else 0.0
    if rate >= 1.0:
        return 1.0 if hits == trials else 0.0
    return exp(_log_choose(trials, hits) + hits * log(rate) + (trials - hits) * log(1.0 - rate))


@lru_cache(maxsize=65536)
def _log_choose(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
