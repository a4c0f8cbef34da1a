"""Units, as contracts name them (``x-unit``): what a lens takes a place to hold, and what a unit becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from syncd.mapping.atoms import Atom, Money, UnixDay, UnixTime
from syncd.mapping.correcting import Scaled

_BECOMES: Final[Mapping[tuple[str, float], str]] = {
    ("currency", 100.0): "cents",
    ("cents", 0.01): "currency",
    ("seconds", 1000.0): "milliseconds",
    ("milliseconds", 0.001): "seconds",
    ("hours", 60.0): "minutes",
    ("minutes", 60.0): "seconds",
    ("percent", 0.01): "fraction",
    ("fraction", 100.0): "percent",
}
"""(unit, factor) -> the unit in which the same is so many times as large a number."""
_TICKS: Final[Mapping[int, str]] = {1: "seconds", 1_000: "milliseconds", 1_000_000: "microseconds"}


def times(unit: str, factor: float) -> str:
    """The unit in which numbers are ``factor`` times as large; ``unit``: empty where nobody said."""
    return _BECOMES.get((unit, float(factor)), f"{unit or 'unit'} x {factor:g}")


def of(atom: Atom) -> str:
    """What a lens takes a place to hold; empty: a number of anything."""
    match atom:
        case Money():
            return "currency"
        case UnixTime(per_s=ticks):
            return _TICKS.get(ticks, "")
        case UnixDay():
            return "seconds"
        case Scaled(atom=inner, times=factor) if of(inner):
            return times(of(inner), factor)
    return ""


def fits(unit: str, atom: Atom) -> bool:
    """Whether a lens may read a place of which a contract says ``unit``. Where one of them says nothing,
    there is nothing to compare."""
    meant = of(atom)
    if not unit or not meant:
        return True
    return unit == meant or (isinstance(atom, Scaled) and unit == times("", atom.times))
