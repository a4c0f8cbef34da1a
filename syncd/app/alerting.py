"""Drift, told to people through whatever the daemon tells its alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from monitor import credentials
from monitor.drift_alerts import due
from monitor.metrics.meters import Meters
from monitor.watch import Watch
from syncd.ports import Clock
from syncd.ports.alerting import Notifier


class DriftTeller:
    """Tells drift, once a cause, and when each connection's login ends."""

    def __init__(
        self, watch: Watch, clock: Clock, to: Notifier, meters: Meters, remind: Sequence[float]
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._to = to
        self._meters = meters
        self._remind = [timedelta(seconds=seconds) for seconds in remind]

    async def tell(self) -> None:
        """Look once. What is told is on disk after it was handed over: a crash in between tells it twice,
        never not at all."""
        live = await self._watch.drifts.events()
        told = await self._watch.drifts.notices()
        alerts, notices = due(live, told, self._clock.now(), self._remind)
        await self._to.notify(alerts)
        await self._watch.drifts.keep_notices(notices)
        for at in self._watch.connections():
            ends = credentials.expiries(self._watch.facts(at.connection))
            if ends:
                self._meters.credential_expires(at.connection, min(ends.values()))
