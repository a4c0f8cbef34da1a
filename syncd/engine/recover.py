"""Writes whose outcome is not known: looked up after the platform's settle time, never guessed.

Looking up goes through a hold; sending again does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import orjson
from msgspec.structs import replace

from syncd.core.errors import RefuseRecord, SyncdError
from syncd.core.model import IntentState, Operation
from syncd.core.outcome import Confirmed, ErrorClass, Rejected
from syncd.engine.apply import Applier, Tally
from syncd.engine.observe import observe_keys
from syncd.engine.setup import FlowSetup
from syncd.mapping.entity_map import apply as lay_over
from syncd.ports import NOT_POSTED, Connector, IntentRow, OperationSpec, Proof, Seen, Store

_LOOK_AGAIN_S = 30.0
_LOOK_SOON_S = 2.0


class Step(StrEnum):
    """What to do next about an intent in doubt."""

    SEND = "send"
    LOOK_UP = "look_up"
    COMPARE = "compare"
    HOLD = "hold"


def next_step(
    intent: IntentRow, operation: OperationSpec | None, now: datetime, settle_s: float | None = 0.0
) -> Step:
    """The declared way to settle it. Pure."""
    if intent.state is IntentState.PLANNED:
        return Step.SEND
    if operation is None or operation.proof is Proof.NONE:
        return Step.HOLD
    if operation.proof is Proof.NATIVE_KEY and intent.state is IntentState.UNCERTAIN:
        age_s = (now - (intent.sent_at or intent.created_at)).total_seconds()
        # an expired key would be taken for a new request: then only a look-up is safe, also if the key
        # could expire before the repeat is carried out
        alive = settle_s is not None and age_s + settle_s < operation.native_key_life_s
        return Step.SEND if alive else Step.LOOK_UP
    return Step.COMPARE if operation.proof is Proof.CONTENT else Step.LOOK_UP


def look_again_s(intent: IntentRow, now: datetime) -> float:
    """Seconds until what was taken in is looked at again: soon while it is new, then less often. Pure."""
    age_s = (now - (intent.sent_at or intent.created_at)).total_seconds()
    return min(max(age_s / 4, _LOOK_SOON_S), _LOOK_AGAIN_S)


class Recovery:
    """Settles a link's doubtful and postponed writes."""

    def __init__(self, store: Store, flows: Mapping[str, FlowSetup], applier: Applier) -> None:
        self._store = store
        self._flows = flows
        self._applier = applier

    async def settle_due(self, link: str, now: datetime, tally: Tally, limit: int = 500) -> int:
        """Look at every intent whose time has come. Returns how many there were."""
        due = await self._store.due_intents(link, limit)
        ready: list[IntentRow] = []
        for intent in due:
            setup = self._flows.get(intent.request.entity)
            if setup is None or intent.side not in setup.specs:
                await self._store.hold_intent(intent, "its flow is no longer configured")
                continue
            operation = setup.specs[intent.side].operations.get(intent.request.name)
            step = next_step(intent, operation, now, setup.ends[intent.side].connector.capabilities.settle_s)
            if step is Step.HOLD:
                await self._store.hold_intent(
                    intent, f"nothing proves whether {intent.request.name} was carried out; a person decides"
                )
            elif step is Step.SEND:
                if not await self._overtaken(intent, setup):
                    ready.append(intent)
            else:
                await self._look(intent, step, setup, now, tally)
        await self._applier.apply(ready, tally)
        return len(due)

    async def _overtaken(self, intent: IntentRow, setup: FlowSetup) -> bool:
        """Whether a write that is proven not executed would say by now what its source no longer says: then
        it is dropped, and its pair decided anew. Actions are not derived from records: they stay."""
        request, end = intent.request, setup.ends[intent.side.other]
        if intent.state is not IntentState.PLANNED or request.operation is Operation.ACTION:
            return False
        if request.source_key and intent.side.other in setup.specs:
            await observe_keys(self._store, end, request.entity, [request.source_key])
        if not await self._store.outdated([intent]):
            return False
        await self._store.drop(intent, "its record changed before it could be sent again", due_in_s=0.0)
        return True

    async def _look(
        self, intent: IntentRow, step: Step, setup: FlowSetup, now: datetime, tally: Tally
    ) -> None:
        connector = setup.ends[intent.side].connector
        try:
            found = await self._found(intent, step, connector)
        except SyncdError as error:
            if _refused_since(intent, error):
                refused = Rejected(ErrorClass.VALIDATION, error.message)
                following = await self._applier.conclude(intent, refused, tally)
                await self._applier.apply([following] if following else [], tally)
            elif intent.state is IntentState.ACCEPTED:
                # what was taken in stays taken in: a look-up that failed puts nothing in doubt
                await self._store.accepted(intent, "", look_again_s(intent, now))
            else:
                await self._store.uncertain(intent, f"could not be looked up: {error.message}", _LOOK_AGAIN_S)
            return
        if len(found) == 1:
            confirmed = Confirmed(found[0].key, found[0].raw or None)
            following = await self._applier.conclude(intent, confirmed, tally)
            await self._applier.apply([following] if following else [], tally)
        elif found:
            keys = ", ".join(seen.key for seen in found[:5])
            await self._store.hold_intent(intent, f"{len(found)} records carry its reference: {keys}")
        elif intent.state is IntentState.ACCEPTED:
            await self._store.accepted(intent, "", look_again_s(intent, now))
        elif step is Step.COMPARE:
            # an update that did not arrive, or was edited over: decide anew from what is there by now
            await observe_keys(
                self._store, setup.ends[intent.side], intent.request.entity, [intent.request.key or ""]
            )
            await self._store.drop(intent, "looked up: not carried out", due_in_s=0.0)
        elif _named(intent):
            # the platform has said that it made this record: whatever is the matter, not a second one
            words = f"it was confirmed as {intent.remote_key}, which is not to be found"
            await self._store.hold_intent(intent, words)
        else:
            await self._store.resend(intent)
            again = replace(intent, state=IntentState.PLANNED)
            if not await self._overtaken(again, setup):
                await self._applier.apply([again], tally)

    @staticmethod
    async def _found(intent: IntentRow, step: Step, connector: Connector) -> Sequence[Seen]:
        request = intent.request
        if step is Step.LOOK_UP:
            found = await connector.evidence(request)
            if not found and intent.state is IntentState.UNCERTAIN and _named(intent):
                # its search may lag behind; under its own key it is to be seen
                named = await connector.fetch(request.entity, intent.remote_key)
                found = [] if named is None else [named]
            return found
        seen = await connector.fetch(request.entity, request.key or "")
        return [seen] if seen is not None and says(seen, request.body) else []


def _refused_since(intent: IntentRow, error: SyncdError) -> bool:
    """Whether the platform says that it had taken a write in, and refused it afterwards."""
    accepted = intent.state is IntentState.ACCEPTED
    return accepted and isinstance(error, RefuseRecord) and error.code == NOT_POSTED


def _named(intent: IntentRow) -> bool:
    """Whether a create's answer told its record's key before it got lost in reading back."""
    return bool(intent.remote_key) and intent.request.operation is Operation.CREATE


def says(seen: Seen, patch: Mapping[str, object]) -> bool:
    """Whether a record already shows everything a patch would write. Pure."""
    wire = orjson.loads(seen.raw)
    return bool(lay_over(wire, patch) == wire)
