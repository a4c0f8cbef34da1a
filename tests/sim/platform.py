"""The memory platform made adversarial: more faults, its people's habits, and a witness of every write."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from syncd.connectors.memory import Behaviour, Call, Command, MemoryPlatform, Shape, trimmed
from syncd.connectors.memory.answers import Answer, Done, Garbled, Listed, Refused
from syncd.core.model import Operation
from syncd.ports import Clock
from tests.sim.faults import Extra, Mischief

Wire = Mapping[str, Any]


class Witness(Protocol):
    """Who is told what reaches a platform. The checker."""

    def arrives(self, platform: AdversarialPlatform, command: Command) -> None:
        """A write came over the wire; nothing is carried out yet."""
        ...

    def carried_out(
        self,
        platform: AdversarialPlatform,
        command: Command,
        key: str,
        before: Wire | None,
        after: Wire | None,
    ) -> None: ...

    def shown(self, platform: AdversarialPlatform, entity: str, key: str) -> None:
        """One record was handed out as it is now."""
        ...


class AdversarialPlatform(MemoryPlatform):
    """``side`` is left or right, as people say it."""

    def __init__(
        self,
        side: str,
        shape: Shape,
        clock: Clock,
        behaviour: Behaviour,
        mischief: Mischief,
        witness: Witness,
    ) -> None:
        super().__init__(shape, clock, behaviour=behaviour, faults=mischief, normalise=trimmed(shape))
        self.side = side
        self.mischief = mischief
        self._witness = witness
        self._backdated_s = 0.0

    # -- what people do

    def edit_stamped(self, entity: str, key: str, patch: Wire, earlier_s: float) -> None:
        """An edit whose modification time lies ``earlier_s`` in the past."""
        self._backdated_s = earlier_s
        try:
            self.edit(entity, key, patch)
        finally:
            self._backdated_s = 0.0

    def living(self, entity: str, key: str) -> Wire | None:
        """The record as it stands, posted or not."""
        return self.records(entity).get(key)

    # -- the wire

    def page(self, session: str, entity: str, *, since: datetime | None, offset: int, limit: int) -> Answer:
        struck = self.mischief.extra(Call.PAGE)
        if struck is Extra.PAGE_FAILED:
            self.mischief.fired["page_failed"] += 1
            return Garbled("503")
        answer = super().page(session, entity, since=since, offset=offset, limit=limit)
        if isinstance(answer, Listed):
            if self.behaviour.lag_s and self._lags(entity):
                self.mischief.fired["lagging_read"] += 1
            if struck is Extra.PAGE_EMPTY and offset == 0 and since is not None:
                self.mischief.fired["page_empty"] += 1
                return Listed((), answer.as_of)
        return answer

    def record(self, session: str, entity: str, key: str) -> Answer:
        answer = super().record(session, entity, key)
        if isinstance(answer, Listed):
            self._witness.shown(self, entity, key)
        elif isinstance(answer, Refused):
            self.mischief.fired["forbidden"] += 1
        return answer

    def find(self, session: str, entity: str, *, number: str = "", reference: str = "") -> Answer:
        if reference and self.behaviour.native_key_life_s:
            self.mischief.fired["key_expired"] += 1  # else it would have been repeated under its key
        return super().find(session, entity, number=number, reference=reference)

    def write(self, session: str, command: Command) -> Answer:
        self._witness.arrives(self, command)
        struck = self.mischief.extra(Call.WRITE)
        if struck is Extra.FAILED_BEFORE:
            self.mischief.fired["failed_before"] += 1
            return Garbled("503")
        answer = super().write(session, command)
        if not isinstance(answer, Done):
            if isinstance(answer, Refused) and "changed meanwhile" in answer.words:
                self.mischief.fired["version_conflict"] += 1
            return answer
        if struck is Extra.FAILED_AFTER:
            self.mischief.fired["failed_after"] += 1
            return Garbled("503")
        # without an idempotency key nothing could keep a create that the network repeats from standing twice
        if struck is Extra.DELIVERED_TWICE and command.operation in (Operation.UPDATE, Operation.DELETE):
            self.mischief.fired["delivered_twice"] += 1
            due = self.clock.now() + timedelta(seconds=self.mischief.random.uniform(0, self.mischief.late_s))
            insort(self._late, (due, next(self._serial), command))
        return answer

    # -- inside

    def _execute(self, command: Command, at: datetime) -> Answer:
        key = command.key or ""
        before = self._now(command.entity, key)
        lines = len(self.log)
        answer = super()._execute(command, at)
        if len(self.log) > lines:
            key = self.log[-1].key
            self._witness.carried_out(self, command, key, before, self._now(command.entity, key))
        elif isinstance(answer, Done):
            self.mischief.fired["key_replayed"] += 1
        return answer

    def _now(self, entity: str, key: str) -> Wire | None:
        states = self._rows[entity].get(key)
        return states[-1].wire if states else None

    def _stamped(self, entity: str, wire: dict[str, Any], at: datetime, by: str = "") -> dict[str, Any]:
        kept = super()._stamped(entity, wire, at, by)
        if any(
            isinstance(value, str) and len(str(kept.get(name, value))) < len(value.strip())
            for name, value in wire.items()
        ):
            self.mischief.fired["cut"] += 1
        if any(
            kept[name] != value for name, value in wire.items() if isinstance(value, str) and name in kept
        ):
            self.mischief.fired["normalised"] += 1
        return kept

    def _lags(self, entity: str) -> bool:
        shown_from = self.clock.now() - timedelta(seconds=self.behaviour.lag_s)
        return any(states[-1].at > shown_from for states in self._rows[entity].values())

    def _clock_shows(self, at: datetime) -> datetime:
        return super()._clock_shows(at) - timedelta(seconds=self._backdated_s)
