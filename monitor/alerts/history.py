"""The recent past of the metrics that rules look back on, kept in this process."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from monitor.metrics.series import Sample

Key = tuple[tuple[str, str], ...]
"""Label pairs, sorted by name."""

EVERY_S: Final = 60.0
"""Between two points that are kept."""
_GONE: Final = float("nan")


class History:
    """The latest samples of everything, and points of the past of ``kept`` (names), ``span_s`` back."""

    def __init__(self, kept: Collection[str], span_s: float) -> None:
        self._kept = frozenset(kept)
        self._times: deque[float] = deque(maxlen=int(span_s / EVERY_S) + 2)
        self._past: dict[tuple[str, Key], array[float]] = {}
        self._now: dict[str, dict[Key, float]] = {}
        self.at = 0.0

    def take(self, at: float, samples: Iterable[Sample]) -> None:
        """All samples as of ``at`` (seconds since 1970)."""
        self.at = at
        self._now = {}
        for sample in samples:
            self._now.setdefault(sample.name, {})[sample.labels] = sample.value
        if self._times and at - self._times[-1] < EVERY_S:
            return
        self._times.append(at)
        self._keep_points()

    def _keep_points(self) -> None:
        length = len(self._times)
        for name in self._kept:
            for key, value in self._now.get(name, {}).items():
                points = self._past.get((name, key))
                if points is None:
                    points = self._past[name, key] = array("d", [_GONE] * (length - 1))
                points.append(value)
        for series, points in list(self._past.items()):
            if series[1] not in self._now.get(series[0], {}):
                del self._past[series]  # no longer exported
            elif len(points) > length:
                del points[: len(points) - length]

    def now(self, name: str) -> dict[Key, float]:
        return self._now.get(name, {})

    def over(self, name: str, seconds: float) -> Iterator[tuple[Key, list[float]]]:
        """For every series of a kept metric: its points within the last ``seconds``, oldest first."""
        first = next((i for i, at in enumerate(self._times) if at >= self.at - seconds - 1), 0)
        latest = self.now(name)
        for (of, key), points in self._past.items():
            if of == name:
                within = [value for value in points[first:] if value == value]
                yield key, [*within, latest[key]] if key in latest else within
