"""The language of rules. Each part says itself in PromQL, and reckons itself from a ``History``.

A result is a value for each set of labels; what is missing has none, and so no alert. ``by`` names the
labels a rule is about: metrics of several processes of one site come together in it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from monitor.alerts.history import History, Key
from monitor.metrics import families
from monitor.metrics.families import Family

Result = dict[Key, float]

_AGGREGATES: Final[Mapping[str, Callable[[Iterable[float]], float]]] = {"max": max, "min": min, "sum": sum}
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "==": lambda a, b: a == b,
}


class Expression(ABC):
    """One part of a rule."""

    @abstractmethod
    def promql(self) -> str: ...

    @abstractmethod
    def reckon(self, past: History) -> Result: ...

    def looks_back(self) -> Mapping[str, float]:
        """Metric -> seconds of its past that are looked at."""
        return {}


def span(seconds: float) -> str:
    """As Prometheus writes it. Pure."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _selector(name: str, where: Mapping[str, str], window: float = 0) -> str:
    matchers = ", ".join(f'{label}="{value}"' for label, value in where.items())
    braces = f"{{{matchers}}}" if matchers else ""
    return f"{name}{braces}{f'[{span(window)}]' if window else ''}"


def _grouped(values: Iterable[tuple[Key, float]], by: tuple[str, ...], how: str) -> Result:
    groups: dict[Key, list[float]] = {}
    for key, value in values:
        groups.setdefault(tuple(pair for pair in key if pair[0] in by), []).append(value)
    return {key: _AGGREGATES[how](group) for key, group in groups.items()}


def _fits(key: Key, where: Mapping[str, str]) -> bool:
    return all(dict(key).get(label) == value for label, value in where.items())


@dataclass(frozen=True)
class Now(Expression):
    """A gauge as it is."""

    family: Family
    by: tuple[str, ...]
    how: str = "max"
    where: Mapping[str, str] = field(default_factory=dict)

    def promql(self) -> str:
        inner = _selector(self.family.full, self.where)
        return f"{self.how} by ({', '.join(self.by)}) ({inner})" if self.by else f"{self.how} ({inner})"

    def reckon(self, past: History) -> Result:
        now = past.now(self.family.full)
        fitting = ((key, value) for key, value in now.items() if _fits(key, self.where))
        return _grouped(fitting, self.by, self.how)


@dataclass(frozen=True)
class Age(Expression):
    """Seconds since a time that a gauge holds; nothing where it holds none (0)."""

    of: Expression

    def promql(self) -> str:
        return f"time() - ({self.of.promql()} > 0)"

    def reckon(self, past: History) -> Result:
        return {key: past.at - value for key, value in self.of.reckon(past).items() if value > 0}


@dataclass(frozen=True)
class Until(Expression):
    """Seconds left until a time that a gauge holds; nothing where it holds none (0)."""

    of: Expression

    def promql(self) -> str:
        return f"({self.of.promql()} > 0) - time()"

    def reckon(self, past: History) -> Result:
        return {key: value - past.at for key, value in self.of.reckon(past).items() if value > 0}


def _increase(points: list[float]) -> float:
    """Of a counter: what it went up by; one that fell was restarted from zero."""
    return sum(b - a if b >= a else b for a, b in pairwise(points))


@dataclass(frozen=True)
class Increase(Expression):
    """What a counter went up by within a window."""

    family: Family
    by: tuple[str, ...]
    window_s: float

    def promql(self) -> str:
        inner = f"increase({_selector(self.family.full, {}, self.window_s)})"
        return f"sum by ({', '.join(self.by)}) ({inner})" if self.by else f"sum ({inner})"

    def reckon(self, past: History) -> Result:
        grown = ((key, _increase(points)) for key, points in past.over(self.family.full, self.window_s))
        return _grouped(grown, self.by, "sum")

    def looks_back(self) -> Mapping[str, float]:
        return {self.family.full: self.window_s}


@dataclass(frozen=True)
class Change(Expression):
    """What a gauge changed by within a window."""

    family: Family
    by: tuple[str, ...]
    window_s: float

    def promql(self) -> str:
        inner = f"delta({_selector(self.family.full, {}, self.window_s)})"
        return f"sum by ({', '.join(self.by)}) ({inner})"

    def reckon(self, past: History) -> Result:
        moved = (
            (key, points[-1] - points[0])
            for key, points in past.over(self.family.full, self.window_s)
            if points
        )
        return _grouped(moved, self.by, "sum")

    def looks_back(self) -> Mapping[str, float]:
        return {self.family.full: self.window_s}


@dataclass(frozen=True)
class Quantile(Expression):
    """A quantile of a histogram within a window; nothing where nothing was observed in it."""

    share: float
    family: Family
    by: tuple[str, ...]
    window_s: float

    def promql(self) -> str:
        inner = f"rate({_selector(self.family.full + '_bucket', {}, self.window_s)})"
        return f"histogram_quantile({self.share:g}, sum by ({', '.join((*self.by, 'le'))}) ({inner}))"

    def reckon(self, past: History) -> Result:
        name = f"{self.family.full}_bucket"
        grown = ((key, _increase(points)) for key, points in past.over(name, self.window_s))
        buckets: dict[Key, list[tuple[float, float]]] = {}
        for key, count in _grouped(grown, (*self.by, "le"), "sum").items():
            rest = tuple(pair for pair in key if pair[0] != "le")
            buckets.setdefault(rest, []).append((float(dict(key)["le"].replace("+Inf", "inf")), count))
        found = {key: _quantile(self.share, sorted(counts)) for key, counts in buckets.items()}
        return {key: value for key, value in found.items() if not math.isnan(value)}

    def looks_back(self) -> Mapping[str, float]:
        return {f"{self.family.full}_bucket": self.window_s}


def _quantile(share: float, buckets: list[tuple[float, float]]) -> float:
    """By straight lines within buckets, as Prometheus does. ``buckets``: (upper bound, cumulative count)."""
    total = buckets[-1][1]
    if not total:
        return math.nan
    rank, below, under = share * total, 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if math.isinf(bound):
                return under
            return under + (bound - under) * (rank - below) / (count - below) if count > below else bound
        below, under = count, bound
    return under


@dataclass(frozen=True)
class Per(Expression):
    """One divided by another, where both are."""

    top: Expression
    bottom: Expression

    def promql(self) -> str:
        return f"({self.top.promql()}) / ({self.bottom.promql()})"

    def reckon(self, past: History) -> Result:
        bottom = self.bottom.reckon(past)
        found = {k: _divided(v, bottom[k]) for k, v in self.top.reckon(past).items() if k in bottom}
        return {key: value for key, value in found.items() if not math.isnan(value)}


def _divided(top: float, bottom: float) -> float:
    if bottom:
        return top / bottom
    return math.inf if top else math.nan


@dataclass(frozen=True)
class Is(Expression):
    """Those that compare so with a number."""

    of: Expression
    how: str
    number: float

    def promql(self) -> str:
        return f"{_wrapped(self.of)} {self.how} {self.number:g}"

    def reckon(self, past: History) -> Result:
        compare = _COMPARISONS[self.how]
        return {key: value for key, value in self.of.reckon(past).items() if compare(value, self.number)}


@dataclass(frozen=True)
class Both(Expression):
    """Those of the first that are also in the second."""

    first: Expression
    second: Expression

    def promql(self) -> str:
        return f"({self.first.promql()}) and ({self.second.promql()})"

    def reckon(self, past: History) -> Result:
        second = self.second.reckon(past)
        return {key: value for key, value in self.first.reckon(past).items() if key in second}


@dataclass(frozen=True)
class Either(Expression):
    """Those of the first, and those of the second that are not among them."""

    first: Expression
    second: Expression

    def promql(self) -> str:
        return f"({self.first.promql()}) or ({self.second.promql()})"

    def reckon(self, past: History) -> Result:
        return self.second.reckon(past) | self.first.reckon(past)


@dataclass(frozen=True)
class Unless(Expression):
    """Those of the first that are not in the second."""

    first: Expression
    second: Expression

    def promql(self) -> str:
        return f"({self.first.promql()}) unless ({self.second.promql()})"

    def reckon(self, past: History) -> Result:
        second = self.second.reckon(past)
        return {key: value for key, value in self.first.reckon(past).items() if key not in second}


@dataclass(frozen=True)
class Disconnected(Expression):
    """Links one of whose connections is down: what they suffer from is told once, as that connection's."""

    def promql(self) -> str:
        down = f"(max by (connection) ({families.CONNECTION_UP.full}) == 0)"
        sides = (
            f"max by (link, connection) (label_replace({families.LINK_INFO.full}, "
            f'"connection", "$1", "{side}", "(.*)")) and on (connection) {down}'
            for side in ("left", "right")
        )
        return "max by (link) (" + " or ".join(f"({side})" for side in sides) + ")"

    def reckon(self, past: History) -> Result:
        up = Now(families.CONNECTION_UP, ("connection",)).reckon(past)
        down = {dict(key)["connection"] for key, value in up.items() if value == 0}
        found: Result = {}
        for key in past.now(families.LINK_INFO.full):
            labels = dict(key)
            if {labels["left"], labels["right"]} & down:
                found[("link", labels["link"]),] = 1.0
        return found


@dataclass(frozen=True)
class OnlyPrometheus(Expression):
    """What only somebody outside of the process can see."""

    text: str

    def promql(self) -> str:
        return self.text

    def reckon(self, past: History) -> Result:  # noqa: ARG002
        return {}


def _wrapped(one: Expression) -> str:
    simple = isinstance(one, Now | Increase | Change | Quantile)
    return one.promql() if simple else f"({one.promql()})"


def parts(one: Expression) -> Iterable[Expression]:
    """An expression and all within it."""
    yield one
    for value in vars(one).values():
        if isinstance(value, Expression):
            yield from parts(value)
