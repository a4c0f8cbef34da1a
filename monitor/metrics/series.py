"""The many: one value a link or flow, kept and written as lines without an object for each.

prometheus-client makes about ten microseconds of every sample, two seconds of the 200,000 that 10,000
links have. Here a label set is escaped once, when it is first seen, and a scrape joins strings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from monitor.metrics.families import Family, Kind

Labels = tuple[str, ...]


class Sample(NamedTuple):
    """One value, as rules look at it."""

    name: str
    labels: tuple[tuple[str, str], ...]
    """(name, value) pairs, sorted by name."""
    value: float


class Series:
    """All series of one family, by the values of its labels."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self._values: dict[Labels, float] = {}
        self._heads: dict[Labels, str] = {}

    def __len__(self) -> int:
        return len(self._values)

    def set(self, labels: Labels, value: float) -> None:
        if labels not in self._heads:
            self._heads[labels] = _head(self.family, labels)
        self._values[labels] = value

    def add(self, labels: Labels, value: float = 1.0) -> None:
        self.set(labels, self._values.get(labels, 0.0) + value)

    def clear(self) -> None:
        self._values.clear()
        self._heads.clear()

    def touch(self, labels: Labels) -> None:
        """Be there, from zero on: what appears with its first event hides that event from ``increase``."""
        if labels not in self._values:
            self.set(labels, 0.0)

    def keep(self, names: Collection[str]) -> None:
        """Forget the series of links (or connections) that are no longer configured."""
        for labels in [labels for labels in self._values if labels[0] not in names]:
            del self._values[labels], self._heads[labels]

    def lines(self) -> Iterator[str]:
        """Prometheus text format."""
        family = self.family
        kind = Kind.GAUGE if family.kind is Kind.GAUGE else Kind.COUNTER
        yield f"# HELP {family.full} {family.text}\n# TYPE {family.full} {kind.value}\n"
        heads = self._heads
        for labels, value in list(self._values.items()):  # others go on counting meanwhile
            yield f"{heads.get(labels) or _head(family, labels)} {value!r}\n"

    def samples(self) -> Iterator[Sample]:
        order = sorted(range(len(self.family.labels)), key=lambda i: self.family.labels[i])
        names = self.family.labels
        for labels, value in list(self._values.items()):
            yield Sample(self.family.full, tuple((names[i], labels[i]) for i in order), value)


def _head(family: Family, labels: Labels) -> str:
    if not labels:
        return family.full
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(family.labels, labels, strict=True))
    return f"{family.full}{{{shown}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def text(series: Iterable[Series]) -> str:
    return "".join(line for one in series for line in one.lines())
