"""Webhooks: who subscribed to what, and the delivery of messages that hold ids and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import uuid4

import aiohttp
from yarl import URL

from syncd.sandbox.servicetrade.options import Options
from syncd.sandbox.servicetrade.shapes import APP, Refusal, encode, uri
from syncd.sandbox.servicetrade.world import Event, Kind, World

_ACTIONS: Final = frozenset({"created", "updated", "deleted"})
_ALSO_SEEN: Final = frozenset({4, 10, 16})
"""User, deficiency, appointment: may be subscribed to, never sent here."""
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Hook:
    id: int
    url: str
    events: tuple[tuple[int, frozenset[str]], ...]
    changesets: bool

    def wire(self) -> dict[str, Any]:
        """``confirmed`` is true without proof that anybody listens, as seen."""
        return {
            "id": self.id,
            "uri": f"{APP}/webhook/{self.id}",
            "hookUrl": self.url,
            "enabled": True,
            "confirmed": True,
            "includeChangesets": self.changesets,
            "entityEvents": [
                {"entityType": number, "actions": sorted(actions)} for number, actions in self.events
            ],
        }


@dataclass(slots=True)
class Delivery:
    """One message to one hook, and what became of it."""

    message: str
    hook: int
    entities: list[str]
    tries: int = 0
    status: int | None = None
    """The last answer; None: no answer."""
    outcome: str = "pending"
    """pending | delivered | dropped"""


class Webhooks:
    """Subscriptions, and one task that sends what happened to every one of them."""

    def __init__(self, world: World, options: Options, numbers: Mapping[Kind, int]) -> None:
        self.hooks: dict[int, Hook] = {}
        self.deliveries: list[Delivery] = []
        self.fail_next = 0
        """So many tries from now on find nobody."""
        self.repeat_next = 0
        """So many messages from now on are sent twice."""
        self._world = world
        self._options = options
        self._numbers = numbers
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None

    # -- subscriptions -----------------------------------------------------------------------

    def subscribe(self, body: Mapping[str, Any]) -> Hook:
        """Raises ``Refusal`` (400)."""
        url = body.get("hookUrl")
        if not isinstance(url, str) or URL(url).scheme not in ("http", "https"):
            raise Refusal(400, "hookUrl is required", field="hookUrl")
        wanted = body.get("entityEvents")
        if not isinstance(wanted, list) or not wanted:
            raise Refusal(400, "entityEvents is required", field="entityEvents")
        changesets = body.get("includeChangesets") is True
        hook = Hook(self._world.new_id(), url, tuple(self._event(entry) for entry in wanted), changesets)
        self.hooks[hook.id] = hook
        return hook

    def _event(self, entry: Any) -> tuple[int, frozenset[str]]:
        known = {*self._numbers.values(), *_ALSO_SEEN}
        number = entry.get("entityType") if isinstance(entry, dict) else None
        actions = entry.get("actions") if isinstance(entry, dict) else None
        if number not in known:
            raise Refusal(400, "entityType is not valid", field="entityEvents")
        if not isinstance(actions, list) or not actions or not _ACTIONS.issuperset(actions):
            raise Refusal(400, "actions is not valid", field="entityEvents")
        return number, frozenset(actions)

    def _subscribed(self, event: Event) -> bool:
        number = self._numbers.get(event.kind)
        return any(
            number == wanted and event.action in actions
            for hook in self.hooks.values()
            for wanted, actions in hook.events
        )

    # -- delivery ----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to deliver, in the running loop."""
        timeout = aiohttp.ClientTimeout(total=self._options.webhook_timeout_s)
        self._session = aiohttp.ClientSession(timeout=timeout)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def forget(self) -> None:
        """Drop subscriptions, undelivered events and the log."""
        self.hooks.clear()
        self.deliveries.clear()
        self.fail_next = self.repeat_next = 0

    def notify(self) -> None:
        """Something happened: look at the world's events."""
        self._wake.set()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as sending:
            while True:
                await self._wake.wait()
                await asyncio.sleep(self._options.webhook_batch_s)
                self._wake.clear()
                for delivery, url, body in self._messages():
                    sending.create_task(self._deliver(delivery, url, body))

    def _messages(self) -> Sequence[tuple[Delivery, str, bytes]]:
        """Every hook of the account gets every message that any of them subscribed to."""
        events = [event for event in self._world.events if self._subscribed(event)]
        self._world.events.clear()
        if not events:
            return []
        messages = []
        for hook in self.hooks.values():
            ident = str(uuid4())
            body = encode(self._message(ident, events, changesets=hook.changesets))
            named = [f"{event.kind}/{event.id}" for event in events]
            for _ in range(2 if self.repeat_next > 0 else 1):
                delivery = Delivery(ident, hook.id, named)
                self.deliveries.append(delivery)
                messages.append((delivery, hook.url, body))
            self.repeat_next = max(0, self.repeat_next - 1)
        return messages

    def _message(self, ident: str, events: Sequence[Event], *, changesets: bool) -> dict[str, Any]:
        data = []
        for event in events:
            entity = {"type": str(event.kind), "id": event.id, "uri": uri(event.kind, event.id)}
            entry = {"action": event.action, "timestamp": event.at, "userId": event.user, "entity": entity}
            if changesets and event.changes:
                entry["changeset"] = [
                    {"field": name, "oldValue": old, "newValue": new} for name, old, new in event.changes
                ]
            data.append(entry)
        return {"messageId": ident, "timestamp": str(self._world.now()), "data": data}

    async def _deliver(self, delivery: Delivery, url: str, body: bytes) -> None:
        """Three tries, then dropped for good. Any status from 200 to 499 counts as delivered."""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(self._options.webhook_retry_s)
            delivery.tries += 1
            delivery.status = await self._post(url, body)
            if delivery.status is not None and 200 <= delivery.status <= 499:
                delivery.outcome = "delivered"
                return
        delivery.outcome = "dropped"

    async def _post(self, url: str, body: bytes) -> int | None:
        if self.fail_next > 0:
            self.fail_next -= 1
            return None
        assert self._session is not None
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return None

    def log(self) -> list[dict[str, Any]]:
        """Every delivery so far, in order."""
        return [asdict(delivery) for delivery in self.deliveries]
