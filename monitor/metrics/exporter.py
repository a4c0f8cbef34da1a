"""A scrape: what stands is read from the state, what happened is counted, both are written as text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import generate_latest

from monitor.metrics.families import OF_WORKERS
from monitor.metrics.meters import Meters
from monitor.metrics.series import Sample, Series, text
from monitor.metrics.standing import Gauges, Live
from syncd.ports.metering import Meterable, Standing

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Exporter:
    """``live()``: what this process knows of connections, by name."""

    def __init__(
        self, state: Meterable, meters: Meters, live: Callable[[], Mapping[str, Live]] = dict
    ) -> None:
        self._state = state
        self._meters = meters
        self._live = live
        self._gauges = Gauges()
        self._after: int | None = None
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        """Counting begins with what is written down from now on."""
        self._after = (await self._state.news(None)).last

    async def scrape(self) -> bytes:
        """Prometheus text; see ``CONTENT_TYPE``. Nothing else waits while it is made."""
        async with self._one_at_a_time:
            standing = await self._read()
            return await asyncio.to_thread(self._written, standing)

    async def samples(self) -> Sequence[Sample]:
        """The same values, for rules that are looked at in this process."""
        async with self._one_at_a_time:
            standing = await self._read()
            return await asyncio.to_thread(lambda: list(self._sampled(standing)))

    async def _read(self) -> Standing:
        if self._after is None:
            await self.start()
        news = await self._state.news(self._after)
        self._after = news.last
        self._meters.news(news)
        standing = await self._state.standing()
        self._meters.stored(standing.bytes)
        return standing

    def _many(self, standing: Standing) -> list[Series]:
        return [
            *self._gauges.at(standing, self._meters.facts, self._live()),
            *self._meters.series.values(),
        ]

    def _written(self, standing: Standing) -> bytes:
        return text(self._many(standing)).encode() + generate_latest(self._meters.registry)

    def _sampled(self, standing: Standing) -> Iterator[Sample]:
        for series in self._many(standing):
            yield from series.samples()
        for metric in self._meters.registry.collect():
            for one in metric.samples:
                yield Sample(one.name, tuple(sorted(one.labels.items())), one.value)


class WorkerExporter:
    """The same of one of several processes, which reads nothing: what stands in the state is the daemon's to
    tell. ``live``: as with ``Exporter``."""

    def __init__(self, meters: Meters, live: Callable[[], Mapping[str, Live]]) -> None:
        self._meters = meters
        self._live = live
        self._gauges = Gauges()

    async def scrape(self) -> bytes:
        """Prometheus text; see ``CONTENT_TYPE``."""
        live = self._live()
        return await asyncio.to_thread(self._written, live)

    def _written(self, live: Mapping[str, Live]) -> bytes:
        counted = [one for family, one in self._meters.series.items() if family in OF_WORKERS and len(one)]
        told = [*self._gauges.of_process(live), *counted]
        return text(told).encode() + generate_latest(self._meters.registry)
