"""What was learned, on disk: as it is now, and as it was before something was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from monitor import gating
from monitor.operation import Operation
from monitor.watched import Known
from syncd.ports import Clock
from syncd.ports.drift import DriftRow, LearnedShape
from syncd.store.drifts import DriftStore

_EVERY: Final = timedelta(seconds=60)
_ENVELOPES: Final = "envelopes"


class Keeping:
    """Of one site."""

    def __init__(self, drifts: DriftStore, clock: Clock) -> None:
        self._drifts = drifts
        self._clock = clock
        self._kept_at: datetime | None = None

    async def keep(self, connections: Mapping[str, Known], *, force: bool = False) -> None:
        """Put on disk what is new, now and then; ``force``: now."""
        now = self._clock.now()
        if not force and self._kept_at is not None and now - self._kept_at < _EVERY:
            return
        self._kept_at = now
        learned: list[LearnedShape] = []
        for connection, known in connections.items():
            for entity, operation in known.operations.items():
                if operation.changed:
                    operation.changed = False
                    learned += self._shapes(connection, entity, operation)
            if known.around.changed:
                known.around.changed = False
                data = known.around.to_bytes()
                learned.append(LearnedShape(connection, gating.AROUND, "", _ENVELOPES, data, 0, now))
        await self._drifts.keep_shapes(learned)

    async def restore(self, connections: Mapping[str, Known]) -> None:
        """What was known when the process before this one ended."""
        for (connection, entity), roles in (await self._learned("")).items():
            known = connections.get(connection)
            if known is None:
                continue
            if entity in known.operations:
                known.operations[entity].restore(roles.get("baseline"), roles.get("habits"))
            elif _ENVELOPES in roles:
                known.around.restore(roles[_ENVELOPES])

    async def as_it_was(self, event: DriftRow, operation: Operation | None) -> None:
        """What was learned before an acceptance, so that it can be taken back."""
        if operation is not None:
            at = (event.seen.connection, event.seen.operation)
            await self._drifts.keep_shapes(self._shapes(*at, operation, version=_before(event.id)))

    async def put_back(self, event: DriftRow, operation: Operation) -> None:
        """The operation knows again what it knew before the event was accepted."""
        roles = (await self._learned(_before(event.id))).get(
            (event.seen.connection, event.seen.operation), {}
        )
        operation.restore(roles.get("baseline"), roles.get("habits"))
        await self.forget(event.id)

    async def forget(self, drift: int) -> None:
        """Nobody will take its acceptance back."""
        await self._drifts.forget_shapes(_before(drift))

    async def _learned(self, version: str) -> Mapping[tuple[str, str], Mapping[str, bytes]]:
        """(connection, operation) -> role -> what was kept."""
        found: dict[tuple[str, str], dict[str, bytes]] = {}
        for shape in await self._drifts.shapes():
            if shape.version == version:
                found.setdefault((shape.connection, shape.operation), {})[shape.role] = shape.data
        return found

    def _shapes(
        self, connection: str, entity: str, operation: Operation, version: str = ""
    ) -> list[LearnedShape]:
        records, now = operation.baseline.records, self._clock.now()
        parts = zip(("baseline", "habits"), operation.to_bytes(), strict=True)
        return [LearnedShape(connection, entity, version, role, data, records, now) for role, data in parts]


def _before(drift: int) -> str:
    """The version under which it is kept what was known before a drift was accepted."""
    return f"before-drift-{drift}"
