"""How sure a count makes us: would the old behaviour produce what is seen now?

Pure arithmetic over counts of distinct records. All functions return a probability; small means
drift. Nothing here knows a field's name.
"""

from __future__ import annotations

from math import comb, exp, lgamma, log


def split(first: int, of_first: int, second: int, of_second: int) -> float:
    """Chance that both samples come from one behaviour: Fisher's exact test, one-sided towards the
    observed direction. ``first`` of ``of_first`` records show it, later ``second`` of ``of_second``."""
    if of_first <= 0 or of_second <= 0:
        return 1.0
    if second * of_first < first * of_second:
        first, second = of_first - first, of_second - second
    shown, everything = first + second, of_first + of_second
    top = min(shown, of_second)
    whole = _log_choose(everything, shown)
    return min(
        1.0,
        sum(
            exp(_log_choose(of_second, k) + _log_choose(of_first, shown - k) - whole)
            for k in range(second, top + 1)
            if shown - k <= of_first
        ),
    )


def at_least(hits: int, trials: int, share: float) -> float:
    """Chance of ``hits`` or more among ``trials`` records when each shows it with ``share``."""
    if hits <= 0:
        return 1.0
    if share <= 0.0:
        return 0.0
    if share >= 1.0:
        return 1.0
    if hits == 1:
        return 1.0 - (1.0 - share) ** trials
    below = sum(comb(trials, k) * share**k * (1.0 - share) ** (trials - k) for k in range(hits))
    return max(0.0, 1.0 - below)


def _log_choose(of: int, chosen: int) -> float:
    if chosen < 0 or chosen > of:
        return float("-inf")
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)


def distance(first: dict[str, int], second: dict[str, int]) -> float:
    """Total variation between two distributions: the share of records that would have to move, 0 to 1."""
    all_first, all_second = sum(first.values()), sum(second.values())
    if not all_first or not all_second:
        return 0.0
    names = first.keys() | second.keys()
    return 0.5 * sum(abs(first.get(n, 0) / all_first - second.get(n, 0) / all_second) for n in names)


def homogeneity(first: dict[str, int], second: dict[str, int]) -> float:
    """Chance that two counts over the same categories come from one behaviour (G test, upper bound)."""
    all_first, all_second = sum(first.values()), sum(second.values())
    if not all_first or not all_second:
        return 1.0
    statistic = 0.0
    names = first.keys() | second.keys()
    for name in names:
        both = first.get(name, 0) + second.get(name, 0)
        for count, total in ((first.get(name, 0), all_first), (second.get(name, 0), all_second)):
            if count:
                statistic += 2 * count * log(count * (all_first + all_second) / (both * total))
    return chi_square_tail(statistic, len(names) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Chernoff's bound of the upper tail: never too small."""
    if freedom < 1 or statistic <= freedom:
        return 1.0
    ratio = statistic / freedom
    return exp(freedom / 2 * (1 - ratio + log(ratio)))


def gap(first: dict[int, int], second: dict[int, int]) -> float:
    """Largest gap between two cumulated distributions over ordered categories, 0 to 1."""
    of_first, of_second = sum(first.values()), sum(second.values())
    if not of_first or not of_second:
        return 0.0
    widest = passed_first = passed_second = 0.0
    for step in sorted(first.keys() | second.keys()):
        passed_first += first.get(step, 0) / of_first
        passed_second += second.get(step, 0) / of_second
        widest = max(widest, abs(passed_first - passed_second))
    return widest


def gap_tail(widest: float, first: int, second: int) -> float:
    """Chance of so large a gap between two cumulated distributions of one behaviour (Smirnov's bound)."""
    return min(1.0, 2 * exp(-2 * widest * widest * first * second / (first + second)))
